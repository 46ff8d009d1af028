//! Makes, changes and removes the application that takes jobs of Spark.
//!
//! CloudFormation has a resource for it, and can neither change nor delete one that is started, as it is for a
//! minute after every job. Here it is stopped first.

use std::time::Duration;

use crate::ports::{ApplicationState, Clock, SparkApplication, SparkApplications};
use crate::{Error, Kind, Result};

/// EMR lets an account list once a second.
const PAUSE: Duration = Duration::from_secs(2);

/// Left of the invocation when the job gives up, so that it can say so.
const RESERVE_MILLIS: i64 = 30_000;

/// The job.
#[derive(Clone, Copy)]
pub struct KeepApplication<'a> {
    /// The applications of the account.
    pub applications: &'a dyn SparkApplications,
    /// Waits.
    pub clock: &'a dyn Clock,
    /// When the invocation ends, in milliseconds since 1970.
    pub deadline_millis: i64,
}

impl KeepApplication<'_> {
    /// Has one application of that name, as it is to be. A job that runs is waited for.
    pub async fn ensure(&self, wanted: &SparkApplication) -> Result<()> {
        let mut is_changed = false;
        loop {
            let found = self.applications.named(&wanted.name).await?;
            match found.first() {
                None => self.applications.create(wanted).await?,
                Some(found) if found.state == ApplicationState::Moving => {}
                Some(_) if is_changed => return Ok(()),
                Some(found) if found.state == ApplicationState::Idle => {
                    self.applications.change(&found.id, wanted).await?;
                    is_changed = true;
                }
                Some(found) => not_now(self.applications.stop(&found.id).await)?,
            }
            // One that was just made is as it is to be.
            is_changed |= found.is_empty();
            self.pause(&wanted.name).await?;
        }
    }

    /// Removes every application of that name, and ends its jobs.
    pub async fn remove(&self, name: &str) -> Result<()> {
        loop {
            let found = self.applications.named(name).await?;
            if found.is_empty() {
                return Ok(());
            }
            for found in &found {
                match found.state {
                    ApplicationState::Moving => {}
                    // A job may begin meanwhile, and the application with it.
                    ApplicationState::Idle => not_now(self.applications.delete(&found.id).await)?,
                    ApplicationState::Started => {
                        self.applications.end_jobs(&found.id).await?;
                        not_now(self.applications.stop(&found.id).await)?;
                    }
                }
            }
            self.pause(name).await?;
        }
    }

    async fn pause(&self, name: &str) -> Result<()> {
        if self.clock.now_millis() + PAUSE.as_millis() as i64 > self.deadline_millis - RESERVE_MILLIS {
            let what =
                format!("the Spark application {name} is not done changing: a job may run, or EMR be slow");
            return Err(Error::new(Kind::OutOfTime, what));
        }
        self.clock.sleep(PAUSE).await;
        Ok(())
    }
}

/// As long as a job runs the answer is no, and it is asked again.
fn not_now(answer: Result<()>) -> Result<()> {
    match answer {
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => Ok(()),
        other => other,
    }
}

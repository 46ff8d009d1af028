//! Runs a Glue crawler and waits for the end of a crawl that began after our data landed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ports::{Clock, CrawlerState, Crawlers};
use crate::{CrawlerItem, Error, Kind, Result};

const POLL: Duration = Duration::from_secs(2);

/// Left of the invocation when the job gives up, so that it can say so.
const RESERVE_MILLIS: i64 = 10_000;

/// The job.
#[derive(Clone, Copy)]
pub struct RunCrawler<'a> {
    /// Starts crawlers and looks after them.
    pub crawlers: &'a dyn Crawlers,
    /// Waits between looks.
    pub clock: &'a dyn Clock,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crawled {
    /// How often the job looked.
    pub looks: u32,
}

impl RunCrawler<'_> {
    /// Waits until the crawler is ready, starts it and waits for its end. A crawl of somebody
    /// else that is under way does not count: it may have passed our files already.
    pub async fn run(&self, item: &CrawlerItem, deadline_millis: i64) -> Result<Crawled> {
        let mut looks = 0;
        let before = loop {
            let (state, _) = self.wait_until_ready(item, deadline_millis, &mut looks).await?;
            match self.crawlers.start(&item.crawler).await {
                Ok(()) => break state,
                Err(error) if error.kind() == Kind::Conflict => self.pause(item, deadline_millis).await?,
                Err(error) => return Err(error),
            }
        };
        loop {
            let (state, was_busy) = self.wait_until_ready(item, deadline_millis, &mut looks).await?;
            // The crawler may have been ready still, a moment after the start. A crawl that began
            // later tells ours from the one before, and so does having seen it at work, for two
            // crawls may have begun in one second, or without a time.
            let has_run = was_busy || state.last_started_millis > before.last_started_millis;
            match state.last_failure {
                _ if !has_run => self.pause(item, deadline_millis).await?,
                None => return Ok(Crawled { looks }),
                Some(message) => {
                    let what = format!("crawler {} failed: {message}", item.crawler);
                    return Err(Error::new(Kind::Invalid, what));
                }
            }
        }
    }

    /// The state of the ready crawler, and whether it was seen at work before.
    async fn wait_until_ready(
        &self,
        item: &CrawlerItem,
        deadline_millis: i64,
        looks: &mut u32,
    ) -> Result<(CrawlerState, bool)> {
        let mut was_busy = false;
        loop {
            *looks += 1;
            let state = self.crawlers.state(&item.crawler).await?;
            if state.ready {
                return Ok((state, was_busy));
            }
            was_busy = true;
            self.pause(item, deadline_millis).await?;
        }
    }

    /// Waits for the next look, as long as there is time for one.
    async fn pause(&self, item: &CrawlerItem, deadline_millis: i64) -> Result<()> {
        if self.clock.now_millis() + RESERVE_MILLIS > deadline_millis {
            let what = format!("crawler {} is still busy; the state machine tries again", item.crawler);
            return Err(Error::new(Kind::OutOfTime, what));
        }
        self.clock.sleep(POLL).await;
        Ok(())
    }
}

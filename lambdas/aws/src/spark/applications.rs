//! Applications of EMR Serverless.

use async_trait::async_trait;
use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::types::{
    ApplicationState as State, Architecture, AutoStopConfig, JobRunState,
    ManagedPersistenceMonitoringConfiguration, MaximumAllowedResources, MonitoringConfiguration,
};
use tarn_core::ports::{ApplicationState, FoundApplication, SparkApplication, SparkApplications};
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

/// Minutes that an application stays started behind a job. Its workers go as soon as they have nothing to do.
const IDLE_MINUTES: i32 = 1;

/// Jobs that keep an application from stopping.
const ALIVE: [JobRunState; 5] = [
    JobRunState::Submitted,
    JobRunState::Queued,
    JobRunState::Pending,
    JobRunState::Scheduled,
    JobRunState::Running,
];

/// The account's applications.
#[derive(Debug, Clone)]
pub struct EmrServerless {
    client: Client,
}

impl EmrServerless {
    /// Applications of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl SparkApplications for EmrServerless {
    async fn named(&self, name: &str) -> Result<Vec<FoundApplication>> {
        let mut pages = self.client.list_applications().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(one) = pages.next().await {
            let one = one.map_err(failed("listing applications of EMR Serverless"))?;
            if one.name() == Some(name)
                && let Some(state) = state(one.state())
            {
                found.push(FoundApplication { id: one.id, state, release: one.release_label });
            }
        }
        Ok(found)
    }

    async fn create(&self, application: &SparkApplication) -> Result<()> {
        let call = self.client.create_application().name(&application.name).r#type("SPARK");
        let call = call.release_label(&application.release).architecture(Architecture::Arm64);
        let call = call.set_tags(Some(application.tags.clone().into_iter().collect()));
        let call = call.auto_stop_configuration(
            AutoStopConfig::builder().enabled(true).idle_timeout_minutes(IDLE_MINUTES).build(),
        );
        let call = call.maximum_capacity(limits(application)?).monitoring_configuration(own_logs_only());
        let sent = call.send().await;
        let doing = format!("making the application {} of EMR Serverless", application.name);
        sent.map(|_| ()).map_err(failed(doing))
    }

    async fn change(&self, id: &str, application: &SparkApplication) -> Result<()> {
        let call = self.client.update_application().application_id(id).release_label(&application.release);
        let sent = call.maximum_capacity(limits(application)?).send().await;
        sent.map(|_| ()).map_err(failed(format!("changing the application {id} of EMR Serverless")))
    }

    async fn end_jobs(&self, id: &str) -> Result<()> {
        let call = ALIVE.into_iter().fold(self.client.list_job_runs(), |call, state| call.states(state));
        let call = call.application_id(id);
        let mut pages = call.into_paginator().items().send();
        while let Some(job) = pages.next().await {
            let job = match job.map_err(failed(format!("listing jobs of the application {id}"))) {
                // It went meanwhile; moto says so of one that never had a job.
                Err(error) if error.kind() == Kind::NotFound => return Ok(()),
                other => other?,
            };
            let sent = self.client.cancel_job_run().application_id(id).job_run_id(&job.id).send().await;
            match sent.map_err(failed(format!("ending the job {} of the application {id}", job.id))) {
                // It ended by itself meanwhile.
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Invalid) => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    async fn stop(&self, id: &str) -> Result<()> {
        let sent = self.client.stop_application().application_id(id).send().await;
        sent.map(|_| ()).map_err(failed(format!("stopping the application {id} of EMR Serverless")))
    }

    async fn delete(&self, id: &str) -> Result<()> {
        let sent = self.client.delete_application().application_id(id).send().await;
        sent.map(|_| ()).map_err(failed(format!("deleting the application {id} of EMR Serverless")))
    }
}

/// What a state allows; `None` for what is gone.
fn state(state: &State) -> Option<ApplicationState> {
    match state {
        State::Created | State::Stopped => Some(ApplicationState::Idle),
        State::Started => Some(ApplicationState::Started),
        State::Terminated => None,
        // Creating, starting, stopping, and what EMR may call one some day.
        _ => Some(ApplicationState::Moving),
    }
}

fn limits(application: &SparkApplication) -> Result<MaximumAllowedResources> {
    let limits = MaximumAllowedResources::builder()
        .cpu(format!("{} vCPU", application.most_cpus))
        .memory(format!("{} GB", application.most_memory_gb));
    limits.build().map_err(|error| Error::caused(Kind::Internal, "limits of an application", error))
}

/// EMR keeps logs of jobs for a month, in which there may be values of rows; a job keeps its own in the lake.
fn own_logs_only() -> MonitoringConfiguration {
    let none = ManagedPersistenceMonitoringConfiguration::builder().enabled(false).build();
    MonitoringConfiguration::builder().managed_persistence_monitoring_configuration(none).build()
}

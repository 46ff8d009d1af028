//! The pipeline's state machine in Step Functions.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use tarn_core::ports::{Executions, Started};
use tarn_core::{Kind, Result, RunId};

use crate::SdkConfig;
use crate::failure::failed;

/// One state machine.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
    arn: String,
}

impl StepFunctions {
    /// The state machine of that ARN.
    pub fn new(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), arn: arn.into() }
    }
}

#[async_trait]
impl Executions for StepFunctions {
    async fn start(&self, run: &RunId) -> Result<Started> {
        let sent = self.client.start_execution().state_machine_arn(&self.arn).name(run.as_str()).input("{}");
        match sent.send().await.map_err(failed(format!("starting run {run}"))) {
            Ok(_) => Ok(Started::New),
            Err(error) if error.kind() == Kind::Conflict => Ok(Started::Again),
            Err(error) => Err(error),
        }
    }
}

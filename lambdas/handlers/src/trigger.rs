//! Wakes the pipeline when files arrived.

use tarn_aws::StepFunctions;
use tarn_core::S3Arrivals;
use tarn_core::jobs::Trigger;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let executions = StepFunctions::new(&tarn_aws::connect().await, names.state_machine_arn());
    let job = Trigger { executions: &executions };
    tarn_runtime::serve(|arrivals: S3Arrivals, _| async move { job.run(&arrivals).await }).await
}

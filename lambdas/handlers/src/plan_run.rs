//! Plans a run.

use tarn_aws::{DynamoLedger, S3, SystemClock};
use tarn_core::Portions;
use tarn_core::jobs::{PlanRequest, PlanRun};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let (clock, portions) = (&SystemClock, Portions::default());
    let job = PlanRun { names: &names, store: &store, ledger: &ledger, clock, portions };
    tarn_runtime::serve(|request: PlanRequest, _| async move { job.run(&request).await }).await
}

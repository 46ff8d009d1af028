//! Balances the account of a run.

use tarn_aws::{DynamoLedger, S3};
use tarn_core::jobs::{Account, RunRequest};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let job = Account { names: &names, store: &store, ledger: &ledger };
    tarn_runtime::serve(|request: RunRequest, _| async move { job.run(&request).await }).await
}

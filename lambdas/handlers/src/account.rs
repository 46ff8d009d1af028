//! Balances the account of a run, and notes what failed on the way to it.

use tarn_aws::{DynamoLedger, S3, SystemClock};
use tarn_core::jobs::{Account, AccountRequest};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let job = Account { names: &names, store: &store, ledger: &ledger, clock: &SystemClock };
    tarn_runtime::serve(|request: AccountRequest, _| async move { job.answer(&request).await }).await
}

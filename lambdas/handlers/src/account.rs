//! Balances the account of a run, and notes what failed on the way to it.

use tarn_aws::{DynamoLedger, S3, SystemClock};
use tarn_core::jobs::{Account, AccountRequest, Accounted, Ends};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let ends = Ends::in_an_account();
    let job = Account { names: &names, store: &store, ledger: &ledger, clock: &SystemClock, ends: &ends };
    let answer = async move |request: AccountRequest| {
        let answer = job.answer(&request).await?;
        if let Accounted::Report(told) = &answer {
            tarn_runtime::put_metrics(&told.report.metrics(job.names));
        }
        Ok(answer)
    };
    tarn_runtime::serve(|request: AccountRequest, _| answer(request)).await
}

//! Removes what no source has, once a week.

use tarn_aws::{DynamoLedger, S3, SystemClock};
use tarn_core::jobs::{Janitor, JanitorRequest};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let (store, ledger) = (S3::new(&aws), DynamoLedger::new(&aws, names.ledger()));
    // Partitions without objects do no harm, and taking them out needs rights on every table of silver.
    let job = Janitor { names: &names, store: &store, ledger: &ledger, catalog: None, clock: &SystemClock };
    let sweep = async move |request: JanitorRequest, deadline| {
        let swept = job.scheduled(&request, deadline).await?;
        tarn_runtime::tell("swept", &swept);
        Ok(swept)
    };
    tarn_runtime::serve(|request: JanitorRequest, deadline| sweep(request, deadline)).await
}

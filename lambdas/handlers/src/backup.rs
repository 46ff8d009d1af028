//! Writes a backup, once a week.

use tarn_aws::{DynamoLedger, GlueCatalog, LakeFormation, S3, SystemClock};
use tarn_core::jobs::{Backup, BackupRequest, Governance};
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let (store, ledger, registry) =
        (S3::new(&aws), DynamoLedger::new(&aws, names.ledger()), GlueCatalog::new(&aws));
    let account = &LakeFormation::new(&aws, names.account());
    let governance = Some(Governance {
        administration: account,
        locations: account,
        rights: account,
        filters: account,
        tags: account,
    });
    let (store, ledger, registry) = (&store, &ledger, &registry);
    let job = Backup { names: &names, store, ledger, registry, governance, clock: &SystemClock };
    let back_up = async move |request: BackupRequest, deadline| {
        let done = job.run(&request, deadline).await?;
        tarn_runtime::tell("backed up", &done);
        Ok(done)
    };
    tarn_runtime::serve(|request: BackupRequest, deadline| back_up(request, deadline)).await
}

//! Brings one zone's copy up to date.

use tarn_aws::{GlueCatalog, S3, SystemClock, TemporaryFiles};
use tarn_core::ZoneItem;
use tarn_core::jobs::SyncZone;
use tarn_lake::variable;
use tarn_project::Rewriter;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let settings = tarn_runtime::settings()?;
    let zone = settings.zone.ok_or_else(|| format!("the sync function needs {}", variable::ZONE))?;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let catalog = GlueCatalog::new(&aws);
    let job = SyncZone {
        names: &settings.names,
        zone: &zone,
        store: &store,
        catalog: &catalog,
        clock: &SystemClock,
        scratch: &TemporaryFiles,
        projector: &Rewriter,
    };
    tarn_runtime::serve(|item: ZoneItem, deadline| async move { job.run(&item, deadline).await }).await
}

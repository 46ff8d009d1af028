//! Registers a table in the Glue catalog.

use tarn_aws::{GlueCatalog, S3};
use tarn_core::TableItem;
use tarn_core::jobs::Commit;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let catalog = GlueCatalog::new(&aws);
    let job = Commit { names: &names, store: &store, catalog: &catalog };
    tarn_runtime::serve(|item: TableItem, _| async move { job.run(&item).await }).await
}

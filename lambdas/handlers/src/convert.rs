//! Converts one landing object.

use tarn_aws::{DynamoLedger, S3, SystemClock, TemporaryFiles};
use tarn_convert::Engine;
use tarn_core::WorkItem;
use tarn_core::jobs::Convert;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let job = Convert {
        names: &names,
        store: &store,
        ledger: &ledger,
        clock: &SystemClock,
        scratch: &TemporaryFiles,
        converter: &Engine::default(),
    };
    tarn_runtime::serve(|item: WorkItem, deadline| async move { job.run(&item, deadline).await }).await
}

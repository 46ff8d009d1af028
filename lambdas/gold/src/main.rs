//! Makes models. A binary of its own, since an engine for SQL would make the start of every other
//! handler slower.

use std::sync::Arc;

use tarn_aws::{GluePointers, S3, SystemClock, TemporaryFiles};
use tarn_core::ModelItem;
use tarn_core::jobs::BuildModel;
use tarn_lake::{Bucket, Database, Handler, Names};
use tarn_runtime::RuntimeError;
use tarn_sql::{Engine, Place, Places, Ports, Settings};

/// Memory for joins, groups and sorts, of the 3,008 MB that the function has, which is the most that a new account allows; beyond it they spill into the
/// function's own storage. The rest is for what is read and written meanwhile.
const MEMORY_BYTES: usize = 1_792 << 20;

/// As many threads as the function has processors.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), RuntimeError> {
    tarn_runtime::log_as_json();
    let name = tarn_runtime::handler_name().unwrap_or_default();
    if Handler::named(&name) != Some(Handler::Model) {
        return Err(format!("`{name}` is no handler of this archive, which makes models").into());
    }
    let names = tarn_runtime::settings()?.names;
    let aws = tarn_aws::connect().await;
    let store = S3::new(&aws);
    let ports = Ports {
        store: Arc::new(S3::new(&aws)),
        pointers: Arc::new(GluePointers::new(&aws)),
        clock: Arc::new(SystemClock),
        scratch: Arc::new(TemporaryFiles),
        random: Arc::new(random),
    };
    let settings = Settings::new(MEMORY_BYTES, std::env::temp_dir());
    let builder = Engine { ports, places: places(&names), settings };
    let job = BuildModel { names: &names, store: &store, builder: &builder };
    tarn_runtime::serve(|item: ModelItem, deadline| async move { job.run(&item, deadline).await }).await
}

fn places(names: &Names) -> Places {
    let bucket = names.bucket(&Bucket::Gold);
    let root = format!("s3://{bucket}");
    let gold = Place { bucket, root, database: names.database(&Database::Gold) };
    Places { silver: names.bucket(&Bucket::Silver), gold }
}

/// The system's own randomness. Without it two attempts could give one name to two files.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    #[allow(clippy::expect_used, reason = "a Linux without randomness starts no process")]
    getrandom::fill(&mut bytes).expect("the system's randomness");
    bytes
}

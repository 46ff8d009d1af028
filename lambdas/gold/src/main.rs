//! Makes models and keeps their tables. A binary of its own, since an engine for SQL would make the start
//! of every other handler slower.

use std::sync::Arc;

use tarn_aws::{GluePointers, S3, SystemClock, TemporaryFiles};
use tarn_core::ModelItem;
use tarn_core::jobs::{BuildModel, KeepModels, UpkeepRequest};
use tarn_lake::{Bucket, Database, Handler, Names};
use tarn_runtime::RuntimeError;
use tarn_sql::{Athena, Engine, Place, Places, Ports, Settings, Spark};

/// Memory for joins, groups and sorts, of the 3,008 MB that the function has, which is the most that a new
/// account allows. Beyond it sorts and groups spill into the function's own storage, and a join fails. The
/// rest is for what is read and written meanwhile.
const MEMORY_BYTES: usize = 1_792 << 20;

/// As many threads as the function has processors.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), RuntimeError> {
    tarn_runtime::log_as_json();
    let name = tarn_runtime::handler_name().unwrap_or_default();
    match Handler::named(&name) {
        Some(Handler::Model) => make().await,
        Some(Handler::Upkeep) => keep().await,
        _ => Err(format!("`{name}` is no handler of this archive, which makes and keeps models").into()),
    }
}

async fn make() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let (store, builder) = connected(&names).await;
    let job = BuildModel { names: &names, store: &store, builder: &builder };
    tarn_runtime::serve(|item: ModelItem, deadline| async move { job.run(&item, deadline).await }).await
}

async fn keep() -> Result<(), RuntimeError> {
    let names = tarn_runtime::settings()?.names;
    let (store, keeper) = connected(&names).await;
    let job = KeepModels { names: &names, store: &store, keeper: &keeper, clock: &SystemClock };
    let keep = async move |request: UpkeepRequest, deadline| {
        let kept = job.run(&request, deadline).await?;
        tarn_runtime::tell("kept", &kept);
        Ok(kept)
    };
    tarn_runtime::serve(|request: UpkeepRequest, deadline| keep(request, deadline)).await
}

/// The lake's buckets, and what runs SQL over them.
async fn connected(names: &Names) -> (S3, Engine) {
    let aws = tarn_aws::connect().await;
    let ports = Ports {
        store: Arc::new(S3::new(&aws)),
        pointers: Arc::new(GluePointers::new(&aws)),
        clock: Arc::new(SystemClock),
        scratch: Arc::new(TemporaryFiles),
        random: tarn_sql::system_random(),
    };
    let settings = Settings::new(MEMORY_BYTES, std::env::temp_dir());
    let athena = Athena {
        statements: Arc::new(tarn_aws::Athena::new(&aws, names.workgroup(None))),
        bucket: names.bucket(&Bucket::Ops),
        silver: names.database(&Database::Silver),
    };
    let jobs = tarn_aws::Spark::new(&aws, names.spark_application(), names.spark_role_arn());
    let spark = Spark { jobs: Arc::new(jobs), bucket: names.bucket(&Bucket::Ops) };
    let places = places(names);
    (S3::new(&aws), Engine { ports, places, settings, athena: Some(athena), spark: Some(spark) })
}

fn places(names: &Names) -> Places {
    let bucket = names.bucket(&Bucket::Gold);
    let root = format!("s3://{bucket}");
    let gold = Place { bucket, root, database: names.database(&Database::Gold) };
    Places { silver: names.bucket(&Bucket::Silver), gold }
}

#[cfg(test)]
mod tests {
    /// The system's own would be as right; that ours is linked, the archive's check for glibc shows.
    #[test]
    fn what_stands_in_the_place_of_libm_gives_the_same() {
        let near = |found: f64, wanted: f64| (found - wanted).abs() <= wanted.abs() * 4.0 * f64::EPSILON;
        for (x, y, wanted) in [(3.0, 4.0, 5.0), (-1.0, 2.0, 5f64.sqrt()), (0.0, 0.0, 0.0), (0.0, -7.5, 7.5)] {
            assert!(near(f64::hypot(x, y), wanted), "{x} {y}");
            assert!((f32::hypot(x as f32, y as f32) - wanted as f32).abs() <= wanted as f32 * f32::EPSILON);
        }
        // Squares of these are no doubles any more.
        assert!(near(f64::hypot(3e300, 4e300), 5e300) && near(f64::hypot(3e-300, 4e-300), 5e-300));
        assert_eq!(f64::hypot(f64::INFINITY, f64::NAN), f64::INFINITY);
        assert!(f64::hypot(1.0, f64::NAN).is_nan() && f32::hypot(f32::NAN, 1.0).is_nan());
        assert!(near(1f64.asinh(), 0.881_373_587_019_543));
    }
}

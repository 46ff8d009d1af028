//! What makes and keeps models, and answers SQL over a folder.

use std::sync::Arc;

use tarn_aws::{GluePointers, S3, SdkConfig, TemporaryFiles};
use tarn_core::{Error, Kind};
use tarn_lake::{Bucket, Database, Lake, Names};
use tarn_local::{GoldPorts, Home, SystemClock};
use tarn_sql::{Answer, Engine, Fault, Place, Places, Ports, Session, Settings};
use tempfile::TempDir;

use crate::failure::Failure;

/// Memory for joins, groups and sorts; beyond it they spill into the system's temporary folder.
const MEMORY_BYTES: usize = 2 << 30;

/// An engine for SQL over a lake, and the room that it spills into, which goes with it.
pub struct SqlEngine {
    engine: Engine,
    _spill: TempDir,
}

impl SqlEngine {
    /// Over what lies in a lake's folder.
    pub fn over(home: &Home) -> Result<Self, Failure> {
        let GoldPorts { store, pointers, scratch, address } = home.gold().map_err(folder_failure)?;
        let ports = Ports {
            store: Arc::new(store),
            pointers: Arc::new(pointers),
            clock: Arc::new(SystemClock),
            scratch: Arc::new(scratch),
            random: tarn_sql::system_random(),
        };
        Self::new(home.names(), ports, address)
    }

    /// Over the buckets of a lake in an account, with the rights of whoever calls.
    pub fn in_account(config: &SdkConfig, names: &Names) -> Result<Self, Failure> {
        let ports = Ports {
            store: Arc::new(S3::new(config)),
            pointers: Arc::new(GluePointers::new(config)),
            clock: Arc::new(SystemClock),
            scratch: Arc::new(TemporaryFiles),
            random: tarn_sql::system_random(),
        };
        Self::new(names, ports, format!("s3://{}", names.bucket(&Bucket::Gold)))
    }

    fn new(names: &Names, ports: Ports, root: String) -> Result<Self, Failure> {
        let spill = tempfile::tempdir()
            .map_err(|error| Failure::failed(format!("there is no room to spill into: {error}")))?;
        let gold =
            Place { bucket: names.bucket(&Bucket::Gold), root, database: names.database(&Database::Gold) };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Settings { threads, ..Settings::new(MEMORY_BYTES, spill.path()) };
        let places = Places { silver: names.bucket(&Bucket::Silver), gold };
        Ok(Self { engine: Engine { ports, places, settings, athena: None, spark: None }, _spill: spill })
    }

    /// What makes models and keeps them.
    pub fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// Asks a question of silver and gold, as they stand.
    pub async fn ask(&self, lake: &Lake, sql: &str) -> Result<Answer, Failure> {
        let rows = self.session(lake, sql).await?.query(sql).await.map_err(failure)?;
        rows.answer().await.map_err(failure)
    }

    /// How a question would be answered.
    pub async fn explain(&self, lake: &Lake, sql: &str) -> Result<String, Failure> {
        self.session(lake, sql).await?.explain(sql).await.map_err(failure)
    }

    async fn session(&self, lake: &Lake, sql: &str) -> Result<Session, Failure> {
        let Engine { ports, places, settings, .. } = &self.engine;
        let session = tarn_sql::session(ports, places, &lake.tables, &lake.models, sql, settings);
        session.await.map_err(failure)
    }
}

/// An error of SQL in words for whoever wrote it.
pub fn failure(error: tarn_sql::Error) -> Failure {
    match error {
        tarn_sql::Error::Fault(Fault { message, help, .. }) if help.is_empty() => Failure::bad_input(message),
        tarn_sql::Error::Fault(Fault { message, help, .. }) => Failure::bad_input(message).hint(help),
        tarn_sql::Error::Failed(error) => folder_failure(error),
    }
}

fn folder_failure(error: Error) -> Failure {
    match error.kind() {
        Kind::NotFound => Failure::bad_input(error.chain()),
        _ => Failure::failed(error.chain()),
    }
}

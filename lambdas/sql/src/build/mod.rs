//! One model is run: what is due is made, tested, written and published.

mod inputs;
mod merge;
mod output;
mod outside;
mod rounds;
mod tests_of_model;

use std::collections::BTreeMap;
use std::sync::Arc;

use tarn_core::ports::{Clock, ObjectStore, Pointers, Scratch};
use tarn_lake::{ColumnName, Model, Table};

pub(crate) use inputs::Input;
pub use inputs::session;
pub(crate) use output::hex;
pub use outside::{Athena, By, Outside, Spark};
pub use rounds::build;
pub(crate) use tests_of_model::{name_of_test, sql_of_test};

use crate::iceberg::Place;
use crate::session::Settings;

/// What gold needs from the world.
#[derive(Clone)]
pub struct Ports {
    /// Silver and gold.
    pub store: Arc<dyn ObjectStore>,
    /// Where each gold table stands.
    pub pointers: Arc<dyn Pointers>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Room to write files before they are whole.
    pub scratch: Arc<dyn Scratch>,
    /// Bytes that nobody else has.
    pub random: Random,
}

/// Gives bytes that nobody else has; what names of attempts are made of.
pub type Random = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// The system's own randomness. Without it two attempts could give one name to two files.
pub fn system_random() -> Random {
    Arc::new(|| {
        let mut bytes = [0; 16];
        #[allow(clippy::expect_used, reason = "a Linux without randomness starts no process")]
        getrandom::fill(&mut bytes).expect("the system's randomness");
        bytes
    })
}

/// Where the data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The bucket of silver.
    pub silver: String,
    /// Gold.
    pub gold: Place,
}

/// A model to run, and what it may take.
pub struct Job<'a> {
    /// The tables of the lake.
    pub tables: &'a [Table],
    /// The model.
    pub model: &'a Model,
    /// Its columns that have another name now: the new one, and the old one.
    pub renamed: BTreeMap<ColumnName, ColumnName>,
    /// Whether it begins anew, with no regard to what is there.
    pub rebuild: bool,
    /// What runs its SQL, where that is not DataFusion.
    pub outside: Option<Outside<'a>>,
    /// Memory, threads, and where to spill.
    pub settings: Settings,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Built {
    /// Nothing that it reads has changed since it was made.
    Unchanged {
        /// What stands: a snapshot, or the name of a folder of Parquet.
        version: String,
    },
    /// It was made and published.
    Published(Published),
    /// It was made, and is not published: these tests failed.
    Failed(Vec<FailedTest>),
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The snapshot, or the name of a folder of Parquet.
    pub version: String,
    /// Rows that the SQL gave.
    pub rows: u64,
    /// Files that were written, for those rows and for others that moved.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that were read.
    pub scanned_bytes: u64,
    /// Files of `new_files_of` that were taken earlier and are others now; they are not taken again.
    pub changed_inputs: usize,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTest {
    /// Which, in the words of the header.
    pub test: String,
    /// In how many rows, or for how many keys.
    pub rows: u64,
}

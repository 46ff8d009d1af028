//! Where the newest state of a gold table stands: one pointer for each, moved by compare-and-swap.

use async_trait::async_trait;

use crate::Result;

/// What a pointer points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The metadata file of an Iceberg table.
    Iceberg(String),
    /// A folder of Parquet files, with a slash at its end.
    Parquet(String),
}

/// A pointer as it stood when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// What it points to.
    pub target: Target,
    /// Another one as soon as the pointer is moved; what a swap is held against.
    pub version: String,
}

/// A table as its pointer is to show it from a swap on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The database.
    pub database: String,
    /// The table's name.
    pub table: String,
    /// What it holds.
    pub description: String,
    /// Where the table's files lie, without a slash at its end.
    pub location: String,
    /// Name and Glue type of every column, in order.
    pub columns: Vec<(String, String)>,
    /// What is published.
    pub target: Target,
}

/// What became of a swap whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swapped {
    /// The pointer was moved.
    Done,
    /// Somebody else moved it first; nothing was changed.
    Lost,
}

/// The pointers.
///
/// An error of `swap` leaves open whether the pointer was moved, whatever its kind: an answer can be
/// lost after its effect. Whoever gets one looks at the pointer before he decides anything, and
/// deletes nothing that may have been published.
#[async_trait]
pub trait Pointers: Send + Sync {
    /// The pointer of a table, or `None` if nothing was published under this name.
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>>;

    /// Moves the pointer if it still is what it was; `None` is for a table that is not there yet.
    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped>;
}

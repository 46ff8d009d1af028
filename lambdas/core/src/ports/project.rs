//! The engine that makes the part of a silver file that a zone may have.

use std::collections::BTreeMap;

use tarn_lake::{Column, ColumnName, ColumnType, RowFilter, Treatment, View};

use super::{Content, Scratch};
use crate::Result;

/// Which part of the files of a table, and in what disguise.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// What becomes of every column; one that is not named is hidden.
    pub columns: BTreeMap<ColumnName, Treatment>,
    /// Columns that are folders and not in the files, the outermost first.
    pub folders: Vec<(ColumnName, ColumnType)>,
    /// Which rows.
    pub rows: Option<RowFilter>,
    /// What stands, without values, for the rows of a file of which no column may be seen.
    pub filler: Column,
    /// The key that values are hashed with.
    pub key: Option<Vec<u8>>,
}

/// What became of a file.
pub struct Projected {
    /// Rows that may be seen.
    pub rows: u64,
    /// A Parquet file of them; nothing where there are none.
    pub content: Option<Content>,
    /// Its size.
    pub size_bytes: u64,
}

/// The engine. Synchronous and free of I/O of its own.
pub trait Projector: Send + Sync {
    /// Makes the part of a file that lies in folders of these values, outermost first.
    fn project(
        &self,
        projection: &Projection,
        folders: &[Option<String>],
        source: Content,
        scratch: &dyn Scratch,
    ) -> Result<Projected>;

    /// Fails if a file that was made holds a column, or a clear value, that it must not.
    fn check(&self, projection: &Projection, written: Content) -> Result<()>;

    /// A key of 32 bytes that nobody can guess.
    fn fresh_key(&self) -> Result<Vec<u8>>;

    /// The columns of a file, by its last bytes; or how many of those it takes to tell.
    fn columns(&self, end: &[u8]) -> Result<Result<Vec<String>, usize>>;
}

impl Projection {
    /// That of a view; nothing where no column may be seen at all.
    pub fn of(view: &View, key: Option<Vec<u8>>) -> Option<Self> {
        let (column, _, kind) = view.shown().next()?;
        let folders = view.table.placement.partition_by.iter();
        let kind_of = |name: &ColumnName| {
            let mut columns = view.table.newest_layout().in_silver();
            columns.find(|column| column.name == *name).map(|column| (name.clone(), column.kind))
        };
        Some(Self {
            columns: view.columns.iter().map(|(name, treatment)| ((*name).clone(), *treatment)).collect(),
            folders: folders.filter_map(kind_of).collect(),
            rows: view.rows.cloned(),
            filler: Column::new(column.name.clone(), kind),
            key,
        })
    }

    /// What becomes of a column.
    pub fn treatment(&self, column: &ColumnName) -> Treatment {
        self.columns.get(column).copied().unwrap_or(Treatment::Hidden)
    }
}

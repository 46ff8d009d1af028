//! The conversion engine as jobs see it: bytes in, Parquet and rejected rows out.

use std::io::{Read, Write};

use tarn_lake::{Captures, Layout, Table};

use super::{Scratch, Splitter, Spool};
use crate::Error;

/// What a conversion counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Rows written as Parquet.
    pub rows: u64,
    /// Rows written as rejected, and nowhere else.
    pub bad_rows: u64,
    /// Values that could not be read and are null in rows that were kept; their rows are written as
    /// rejected too.
    pub nulled_values: u64,
    /// Bytes read, compressed as they came.
    pub bytes_in: u64,
    /// Bytes of Parquet.
    pub bytes_out: u64,
    /// How the file's columns differed from its layout's, in words; empty if they did not.
    pub drift: String,
}

/// One Parquet file of a conversion.
pub struct SilverFile {
    /// The Hive folder of its rows, such as `event=view/`; empty in a table without `partition_by`.
    pub folder: String,
    /// What was written.
    pub spool: Box<dyn Spool>,
}

/// Why a file could not be converted.
#[derive(Debug)]
pub enum ConvertFault {
    /// The file breaks the rules of its table: quarantine, trying again does not help.
    Rejected(Rejected),
    /// Reading or writing failed: not the file's fault.
    Failed(Error),
}

/// A file that is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The failure class, such as `UNMATCHED`.
    pub class: String,
    /// The reason in words.
    pub reason: String,
}

/// The engine. Synchronous and free of I/O of its own.
pub trait Converter: Send + Sync {
    /// Marks the secret that columns are hashed with, without telling it; empty where there is none.
    fn mark_of_secret(&self) -> &str {
        ""
    }

    /// Converts one file of `table`, whose columns are those of `layout` and whose name says `name`,
    /// into spools of `silver`: one, or one for each folder that has rows.
    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        name: &Captures,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<(Conversion, Vec<SilverFile>), ConvertFault>;

    /// A Parquet file of the table without any row, for a folder that has none any more.
    fn no_rows(&self, table: &Table, silver: &dyn Scratch) -> Result<Box<dyn Spool>, Error>;

    /// How it converts a large file in parts, if it does.
    fn splitter(&self) -> Option<&dyn Splitter> {
        None
    }
}

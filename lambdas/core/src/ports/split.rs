//! The engine's way to convert a large file in parts, by workers that share nothing but documents.
//!
//! What the engine says of a file's beginning, of a range and of a part is its own business: jobs keep
//! it as JSON and hand it back.

use std::io::{Read, Write};
use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;
use tarn_lake::{Captures, Layout, Table};

use super::{Conversion, ConvertFault, Scratch, SilverFile};

/// What a file is read as.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Its table.
    pub table: &'a Table,
    /// Its own layout.
    pub layout: &'a Layout,
    /// What its name says.
    pub name: &'a Captures,
}

/// A file whose beginning has been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The byte that its first row begins at.
    pub start: u64,
    /// What else the engine wants to know of it.
    pub document: Value,
}

/// Whole rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOf {
    /// Their bytes.
    pub range: Range<u64>,
    /// What else the engine wants to know of them.
    pub document: Value,
}

/// A part that has been converted.
pub struct PartDone {
    /// What was counted.
    pub conversion: Conversion,
    /// Rows that break a rule, whether they were kept or not.
    pub faulty_rows: u64,
    /// Its rows: one file, for no table with folders is split.
    pub silver: SilverFile,
    /// How much of that file's end tells what is in it.
    pub end_bytes: u64,
    /// What its bytes say of the rows' beginnings.
    pub survey: Value,
}

/// Converts in parts. The rows of the parts, in their order, are those of the file.
pub trait Splitter: Send + Sync {
    /// Looks at the beginning of a file of so many bytes. `None` if it cannot be split.
    fn open(
        &self,
        form: Form<'_>,
        source: &mut (dyn Read + Send),
        size_bytes: u64,
    ) -> Result<Option<Opened>, ConvertFault>;

    /// Where a row seems to begin, by the bytes from a byte of the file on that the source gives. A guess;
    /// [`Splitter::parts`] tells whether it was right.
    fn row_start(
        &self,
        form: Form<'_>,
        start: u64,
        source: &mut (dyn Read + Send),
    ) -> Result<Option<u64>, ConvertFault>;

    /// Converts the bytes from one row's beginning to another's, which the source gives. Lines of
    /// rejected rows are counted from the part's first one.
    fn convert_part(
        &self,
        form: Form<'_>,
        range: Range<u64>,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<PartDone, ConvertFault>;

    /// The parts that the file may be converted in, in order, by the surveys of all ranges of it. Each
    /// begins where a range does; those of guesses that were right are the ranges themselves.
    fn parts(&self, opening: &Value, surveys: &[Value]) -> Result<Vec<PartOf>, ConvertFault>;

    /// Writes the rejected rows of a part with the lines of the file.
    fn place_rejects(&self, part: &PartOf, rejects: &[u8], out: &mut dyn Write) -> Result<(), ConvertFault>;

    /// Whether the file may have so many faulty rows among all of them.
    fn tolerates(&self, table: &Table, all_rows: u64, faulty_rows: u64) -> bool;

    /// Begins to put parts together.
    fn gather(&self, form: Form<'_>) -> Result<Box<dyn Gathering>, ConvertFault>;
}

/// Puts parts together to one file, without reading the rows in them.
pub trait Gathering: Send {
    /// Appends the rows of the next part: a file of so many bytes, which ends with those.
    fn append(&mut self, size_bytes: u64, end: Bytes) -> Result<(), ConvertFault>;

    /// Ends the file: what it is made of, in order.
    fn finish(self: Box<Self>) -> Result<Vec<Gathered>, ConvertFault>;
}

/// A piece of a file that parts are put together to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gathered {
    /// Bytes that are in no part.
    Own(Bytes),
    /// Those bytes of a part, which are counted from 0.
    Of(usize, Range<u64>),
}

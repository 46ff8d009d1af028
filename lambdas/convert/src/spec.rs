//! What a conversion is told: how the text is written, and what it becomes.

use tarn_lake::{BadRows, Captures, Column, Csv, Layout, Placement, SchemaChange};

use crate::encode::codec::Codec;
use crate::splits::Part;
use crate::{HashKey, Limits, Unique};

/// What to convert, and into what.
#[derive(Debug, Clone, Copy)]
pub struct Spec<'a> {
    /// How the text is written.
    pub csv: &'a Csv,
    /// The layout that this file has.
    pub layout: &'a Layout,
    /// The layout that the Parquet file gets, the table's newest. A column that the file does not
    /// have is null; one that only the file has is left out.
    pub schema: &'a Layout,
    /// What the file's name says, for columns that come from there.
    pub name: &'a Captures,
    /// What becomes of a file whose header is not the layout's.
    pub schema_change: SchemaChange,
    /// What becomes of bad rows, and how many are too many.
    pub bad_rows: BadRows,
    /// Keys that no two rows share, with the rows of files before this one. The file is converted on
    /// one thread then.
    pub unique: Option<&'a Unique>,
    /// The secret of columns that are hashed.
    pub hash_key: Option<&'a HashKey>,
    /// Which folders rows go to, and in which order they stand.
    pub placement: &'a Placement,
    /// How pages are compressed.
    pub codec: Codec,
    /// What the conversion may use.
    pub limits: Limits,
    /// A Parquet file that would become larger is followed by another; with `None` there is one for
    /// each folder. A single row group is never taken apart.
    pub file_bytes: Option<u64>,
    /// The part of the file that is converted, and that the source gives; `None` for all of it.
    pub part: Option<Part>,
}

impl<'a> Spec<'a> {
    /// Files of a layout, as it is, into Parquet, with everything else as it is by default.
    pub fn new(csv: &'a Csv, layout: &'a Layout) -> Self {
        const NO_NAME: &Captures = &Captures::none();
        const PLAIN: &Placement = &Placement::PLAIN;
        let (bad_rows, codec, limits) = (BadRows::default(), Codec::default(), Limits::default());
        Self {
            csv,
            layout,
            schema: layout,
            name: NO_NAME,
            schema_change: SchemaChange::Strict,
            bad_rows,
            unique: None,
            hash_key: None,
            placement: PLAIN,
            codec,
            limits,
            file_bytes: None,
            part: None,
        }
    }

    /// The columns of the Parquet files, in their order.
    pub(crate) fn file_columns(&self) -> impl Iterator<Item = &'a Column> {
        let Self { schema, placement, .. } = *self;
        schema.in_silver().filter(|column| !placement.is_folder(&column.name))
    }
}

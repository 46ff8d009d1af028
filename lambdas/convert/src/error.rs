//! Faults of a whole file. A fault of one row is a [`crate::Reason`] and does not end a conversion.

use std::fmt;
use std::io;

use parquet::errors::ParquetError;
use tarn_lake::{ColumnName, ColumnType, Compression, Encoding};

use crate::drift::Drift;
use crate::rejects::Reason;

/// Why a file could not be converted. What was written to silver until then is no Parquet file.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The first row has another number of columns than the layout.
    #[error(
        "the first row has {} and the layout {}; add a layout that is valid from this file's date, or correct \
         `delimiter`", columns(*found), columns(*wanted)
    )]
    Unmatched {
        /// Columns of the layout.
        wanted: usize,
        /// Columns of the file's first row.
        found: usize,
    },
    /// The header has as many names as the layout, but others.
    #[error(
        "the header names other columns than the layout: {}; rename them in the layout, or add a layout that \
         is valid from this file's date", list(.0)
    )]
    HeaderMismatch(Vec<HeaderDifference>),
    /// The header differs from the layout in more than the table allows.
    #[error(
        "the header is not the layout's: {0}; add a layout that is valid from this file's date, or see \
         `schema_change`"
    )]
    SchemaChanged(Drift),
    /// The header is there, but cannot be split into names.
    #[error("the header cannot be read: {0}")]
    UnreadableHeader(Reason),
    /// A header was to come, and nothing came.
    #[error("the file is empty, not even a header; set `header = false` if its source sends none")]
    Empty,
    /// The compressed file ends before its text does.
    #[error("the {} file ends in the middle, after {text_bytes} bytes of text; send it again", compression.word())]
    Truncated {
        /// How it is packed.
        compression: Compression,
        /// Text that could be decompressed.
        text_bytes: u64,
    },
    /// The compressed file is damaged.
    #[error(
        "the {} file is damaged after {text_bytes} bytes of text: {detail}; send it again", compression.word()
    )]
    Corrupt {
        /// How it is packed.
        compression: Compression,
        /// Text that could be decompressed.
        text_bytes: u64,
        /// What the decoder found.
        detail: String,
    },
    /// The file is not packed as the table says.
    #[error(
        "the table says `compression = \"{}\"`, and the file is {}; correct `compression`, or leave it out",
        declared.word(), packed(*found)
    )]
    CompressionMismatch {
        /// What the table says.
        declared: Compression,
        /// What the file's first bytes say.
        found: Compression,
    },
    /// The file's characters are not written as the table says.
    #[error("the table says `encoding = \"{}\"`, and the file begins {found}", declared.word())]
    EncodingMismatch {
        /// What the table says.
        declared: Encoding,
        /// How the file begins, in words.
        found: &'static str,
    },
    /// The file may hold text, but in a way that cannot be read here.
    #[error("the file is {what}, which is not supported; {way_out}")]
    NotSupported {
        /// What its first bytes say.
        what: &'static str,
        /// What to send instead.
        way_out: &'static str,
    },
    /// The file is something else than delimited text.
    #[error(
        "the file is no delimited text: it looks like {looks_like}; send text, plain or packed with gzip, zstd or \
         bzip2"
    )]
    NotText {
        /// What its first bytes say.
        looks_like: &'static str,
    },
    /// The file is JSON, and its rows are not lines.
    #[error(
        "the file is {found} and no JSON Lines; send one object on each line, as `{command}` writes them"
    )]
    NotJsonLines {
        /// What its first line shows.
        found: &'static str,
        /// What makes lines of it.
        command: &'static str,
    },
    /// The file decompresses to more than the limits allow.
    #[error(
        "the file holds {text_bytes} bytes of text in {bytes_in} bytes, more than the limit of {limit} allows; \
         if it is genuine, split it or raise the limit"
    )]
    DecompressionBomb {
        /// Read so far, compressed.
        bytes_in: u64,
        /// Decompressed so far.
        text_bytes: u64,
        /// Which limit, in words.
        limit: String,
    },
    /// The rows go to more folders than the table allows.
    #[error(
        "the rows go to more than {limit} folders, which are many by `{column}`; write \
         `cluster_by = [\"{column}\"]` and take it out of `partition_by`, or raise `max_partitions`"
    )]
    TooManyPartitions {
        /// How many were allowed.
        limit: u32,
        /// The column of `partition_by` that has the most values.
        column: ColumnName,
    },
    /// A row is bad, in a table that takes none.
    #[error(
        "line {line}, at byte {byte_offset}: {reason}; the table takes no bad rows (`on_bad_row = \"fail\"`)"
    )]
    BadRow {
        /// The line it begins on.
        line: u64,
        /// Where it begins in the decompressed text.
        byte_offset: u64,
        /// The rule it breaks.
        reason: Reason,
    },
    /// So many rows are bad that the file as a whole is.
    #[error(
        "more than {limit} rows are bad, the first on line {first_line}: {first}; the layout may be wrong, or \
         raise `max_bad_rows`"
    )]
    TooManyBadRows {
        /// How many were allowed.
        limit: u64,
        /// The line of the first.
        first_line: u64,
        /// The rule it breaks.
        first: Reason,
    },
    /// So great a part of the rows is bad that the file as a whole is.
    #[error(
        "{bad_rows} of {all_rows} rows are bad, a greater share than {limit}, the first on line {first_line}: \
         {first}; the layout may be wrong, or raise `max_bad_share`"
    )]
    TooGreatShareOfBadRows {
        /// How many are bad.
        bad_rows: u64,
        /// How many there are, with the bad ones.
        all_rows: u64,
        /// The greatest share allowed, from 0 to 1.
        limit: f64,
        /// The line of the first.
        first_line: u64,
        /// The rule it breaks.
        first: Reason,
    },
    /// The name of the file does not say what a column is to be.
    #[error(
        "the file's name says nothing about `{word}`, which the column `{column}` comes from; name the file as the \
         table's `files` has it"
    )]
    Name {
        /// The column.
        column: ColumnName,
        /// What the pattern should have captured.
        word: String,
    },
    /// What the file's name says, or a constant, is no value of its column.
    #[error("the value that the file's name or a `constant` gives to the column `{column}` is no {kind}")]
    FixedValue {
        /// The column.
        column: ColumnName,
        /// Its type.
        kind: ColumnType,
    },
    /// The file has more keys than can be kept apart in the memory there is.
    #[error(
        "the keys of `unique` take more than {} MiB of memory; send smaller files, give the conversion more \
         memory, or take `unique` out of the table", limit_bytes >> 20
    )]
    TooManyKeys {
        /// What they may take.
        limit_bytes: usize,
    },
    /// The layout or the table's format asks for what cannot be; `tarn check` should have said so.
    #[error("the table cannot be converted: {0}")]
    Spec(String),
    /// The source failed.
    #[error("reading the file failed")]
    Source(#[source] io::Error),
    /// The place of the Parquet file failed.
    #[error("writing the Parquet file failed")]
    Silver(#[source] io::Error),
    /// The place of the bad rows failed.
    #[error("writing the bad rows failed")]
    Rejects(#[source] io::Error),
}

/// One name in the header that is not the layout's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderDifference {
    /// Counted from 1.
    pub column: usize,
    /// The layout's name.
    pub wanted: String,
    /// The header's name, at most 64 characters of it.
    pub found: String,
}

impl ConvertError {
    /// A word for ledgers, metrics and retries. It never changes.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unmatched { .. } => "unmatched",
            Self::HeaderMismatch(_) => "header_mismatch",
            Self::SchemaChanged(_) => "schema_changed",
            Self::UnreadableHeader(_) => "unreadable_header",
            Self::Empty => "empty",
            Self::Truncated { compression: Compression::Zstd, .. } => "truncated_zstd",
            Self::Truncated { compression: Compression::Bzip2, .. } => "truncated_bzip2",
            Self::Truncated { .. } => "truncated_gzip",
            Self::Corrupt { compression: Compression::Zstd, .. } => "corrupt_zstd",
            Self::Corrupt { compression: Compression::Bzip2, .. } => "corrupt_bzip2",
            Self::Corrupt { .. } => "corrupt_gzip",
            Self::CompressionMismatch { .. } => "compression_mismatch",
            Self::EncodingMismatch { .. } => "encoding_mismatch",
            Self::NotSupported { .. } => "not_supported",
            Self::NotText { .. } => "not_text",
            Self::NotJsonLines { .. } => "not_json_lines",
            Self::DecompressionBomb { .. } => "decompression_bomb",
            Self::TooManyPartitions { .. } => "too_many_partitions",
            Self::BadRow { .. } => "bad_row",
            Self::TooManyBadRows { .. } | Self::TooGreatShareOfBadRows { .. } => "too_many_bad_rows",
            Self::Name { .. } => "unnamed",
            Self::FixedValue { .. } => "unreadable_name",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::Spec(_) => "spec",
            Self::Source(_) => "source_io",
            Self::Silver(_) => "silver_io",
            Self::Rejects(_) => "rejects_io",
        }
    }

    /// Whether the file is to blame, so that another try cannot help.
    pub fn is_the_files_fault(&self) -> bool {
        !matches!(self, Self::Spec(_) | Self::Source(_) | Self::Silver(_) | Self::Rejects(_))
    }
}

/// The parquet crate hides the sink's error in its own; a retry needs to see it.
impl From<ParquetError> for ConvertError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => Self::Silver(*error),
                Err(other) => Self::Silver(io::Error::other(other)),
            },
            other => Self::Silver(io::Error::other(other)),
        }
    }
}

impl fmt::Display for HeaderDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} is `{}` instead of `{}`", self.column, self.found, self.wanted)
    }
}

/// Differences shown in a message; the error holds all of them.
const SHOWN: usize = 5;

fn list(differences: &[HeaderDifference]) -> String {
    let mut shown: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
    if differences.len() > SHOWN {
        shown.push(format!("and {} more", differences.len() - SHOWN));
    }
    shown.join(", ")
}

fn packed(found: Compression) -> &'static str {
    match found {
        Compression::Auto | Compression::None => "not compressed",
        Compression::Gzip => "a gzip file",
        Compression::Zstd => "a zstd file",
        Compression::Bzip2 => "a bzip2 file",
    }
}

pub(crate) fn columns(count: usize) -> String {
    if count == 1 { "1 column".into() } else { format!("{count} columns") }
}

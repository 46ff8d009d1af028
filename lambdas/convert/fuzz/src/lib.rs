//! What fuzz targets share: an input is a few bytes of settings and then a text.
//!
//! Every setting is one byte that picks from a short list, so that the fuzzer finds them all and a
//! finding can be read. The first eight bytes are, in this order: format and delimiter, quote and escape,
//! comment and `skip_lines`, header and encoding, compression and bad rows, columns, longest row, row group and
//! threads. In `split`, two more say where the text is cut.

#![allow(clippy::expect_used, reason = "what fails here is a finding")]

use std::io;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tarn_convert::{Conversion, ConvertError, Limits, Reject, RejectSink, Spec, convert};
use tarn_lake::{BadRows, Column, ColumnName, Compression, Csv, Encoding, Escape, Format, Layout, OnBadRow};

/// How a text is read.
pub struct Settings {
    pub csv: Csv,
    pub layout: Layout,
    pub limits: Limits,
    pub bad_rows: BadRows,
}

/// What a conversion gave.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub rows: Vec<Vec<Field>>,
    pub bad: Vec<Bad>,
}

/// A bad row.
#[derive(Debug, PartialEq)]
pub struct Bad {
    pub line: u64,
    pub byte_offset: u64,
    pub raw: Vec<u8>,
    pub reason: String,
}

#[derive(Default)]
struct Collected(Vec<Bad>);

impl RejectSink for Collected {
    fn reject(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let Reject { line, byte_offset, raw, ref reason, .. } = *reject;
        self.0.push(Bad { line, byte_offset, raw: raw.to_vec(), reason: reason.to_string() });
        Ok(())
    }
}

const DELIMITERS: &[char] = &[',', ';', '\t', '|', ' ', 'x', '\''];
const QUOTES: &[(Option<char>, Escape)] = &[
    (Some('"'), Escape::Doubled),
    (Some('"'), Escape::Backslash),
    (Some('\''), Escape::Doubled),
    (None, Escape::Doubled),
    (None, Escape::Backslash),
    (Some('\''), Escape::Backslash),
];
const COMMENTS: &[(Option<char>, u32)] =
    &[(None, 0), (Some('#'), 0), (None, 1), (Some('#'), 2), (None, 3), (Some('1'), 0)];
const PACKED: &[Compression] =
    &[Compression::Auto, Compression::None, Compression::Gzip, Compression::Zstd, Compression::Bzip2];
const COLUMNS: &[&[&str]] = &[
    &["int32", "string"],
    &["string"],
    &["int64!", "string!", "date"],
    &["bool", "float32", "float64", "decimal(9,3)", "decimal(18,2)", "decimal(38,10)"],
    &["timestamp(ms)", "timestamp(us)", "binary"],
    &["binary", "int64"],
    &["date", "decimal(4,0)!"],
    &["string", "string", "string", "string", "string", "string", "string", "string"],
];
const LONGEST_ROWS: &[usize] = &[1 << 20, 5, 16, 64, 65, 200, 1];
/// Bytes and rows of a row group, and threads.
const ROW_GROUPS: &[(usize, usize, usize)] =
    &[(1 << 16, 1 << 20, 1), (1, 1 << 20, 1), (64, 2, 1), (100, 1 << 20, 2), (1 << 20, 1, 1), (3000, 7, 2)];

fn pick<T>(from: &'static [T], byte: u8) -> &'static T {
    &from[usize::from(byte) % from.len()]
}

impl Settings {
    /// The settings at an input's front, and what stands behind them.
    pub fn take(input: &[u8]) -> Option<(Self, &[u8])> {
        let ([delimiter, quote, comment, header, packed, columns, longest, group], text) =
            input.split_first_chunk()?;
        let ((quote, escape), (comment, skip_lines)) = (*pick(QUOTES, *quote), *pick(COMMENTS, *comment));
        let csv = Csv {
            format: if delimiter & 128 == 0 { Format::Csv } else { Format::JsonLines },
            delimiter: *pick(DELIMITERS, delimiter & 127),
            quote,
            escape,
            comment,
            skip_lines,
            header: header & 1 == 1,
            encoding: pick(Encoding::WORDS, header >> 1).1,
            compression: *pick(PACKED, *packed),
            decimal_comma: packed & 64 != 0,
            nulls: if packed & 128 != 0 { vec!["NULL".into()] } else { Vec::new() },
        };
        let (row_group_bytes, row_group_rows, threads) = *pick(ROW_GROUPS, *group);
        let longest_row_bytes = *pick(LONGEST_ROWS, *longest);
        let limits =
            Limits { row_group_bytes, row_group_rows, threads, longest_row_bytes, ..Limits::default() };
        let types: &&[&str] = pick(COLUMNS, *columns);
        let action = if packed & 32 == 0 { OnBadRow::Quarantine } else { OnBadRow::Null };
        let bad_rows = BadRows { action, ..BadRows::default() };
        Some((Self { csv, layout: layout(types), limits, bad_rows }, text))
    }

    /// What to convert.
    pub fn spec(&self) -> Spec<'_> {
        Spec { limits: self.limits, bad_rows: self.bad_rows, ..Spec::new(&self.csv, &self.layout) }
    }
}

fn layout(types: &[&str]) -> Layout {
    let column = |(index, kind): (usize, &&str)| Column {
        required: kind.ends_with('!'),
        ..Column::new(
            ColumnName::new(format!("c{index}")).expect("a name"),
            kind.trim_end_matches('!').parse().expect("a type"),
        )
    };
    Layout { from: None, columns: types.iter().enumerate().map(column).collect() }
}

/// Converts a text, and checks what must hold of every conversion.
pub fn checked(spec: &Spec<'_>, text: &[u8]) -> Result<Outcome, ConvertError> {
    let (mut silver, mut rejects) = (Vec::new(), Collected::default());
    let done = convert(spec, text, &mut silver, &mut rejects)?;
    let Conversion { rows, bad_rows, nulled_rows, bytes_out, .. } = done;
    assert_eq!(bytes_out, silver.len() as u64);
    let read = read_back(silver);
    assert_eq!((rows, bad_rows + nulled_rows), (read.len() as u64, rejects.0.len() as u64));
    let places = rejects.0.windows(2).map(|pair| (&pair[0], &pair[1]));
    for (before, after) in places {
        assert!((before.line, before.byte_offset) < (after.line, after.byte_offset), "{before:?} {after:?}");
    }
    Ok(Outcome { rows: read, bad: rejects.0 })
}

fn read_back(silver: Vec<u8>) -> Vec<Vec<Field>> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(silver)).expect("a Parquet file");
    let rows = reader.get_row_iter(None).expect("its rows");
    rows.map(|row| row.expect("a row").get_column_iter().map(|(_, field)| field.clone()).collect()).collect()
}

/// The bytes of the Parquet file, for comparisons.
pub fn silver(spec: &Spec<'_>, text: &[u8]) -> Result<Vec<u8>, ConvertError> {
    let mut silver = Vec::new();
    convert(spec, text, &mut silver, &mut Collected::default())?;
    Ok(silver)
}

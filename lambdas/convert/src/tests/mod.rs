//! Tests of the whole conversion: text in, Parquet out, read back with the parquet crate.

mod bad_rows;
mod clusters;
mod comments;
mod derived;
mod dialects;
mod drift;
mod encodings;
mod fast_path;
mod faults;
mod file_sizes;
mod garbage;
mod gathered;
mod json_lines;
mod on_bad_row;
mod packed;
mod parts;
mod quotes;
mod round_trip;
mod rules;
mod splits;
mod text_faults;
mod unique;
mod whole_files;

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tarn_lake::{Column, ColumnName, Csv, Layout, TimeFormat};

use crate::{Conversion, ConvertError, Limits, Reject, RejectSink, Spec, convert};

/// A layout from lines such as `price decimal(10,2)`, `placed timestamp %d.%m.%Y` or `id int64!`,
/// where `!` stands for required.
pub(crate) fn layout(columns: &[&str]) -> Layout {
    Layout { from: None, columns: columns.iter().map(|text| column(text)).collect() }
}

fn column(text: &str) -> Column {
    let mut words = text.splitn(3, ' ');
    let (name, kind, format) = (words.next().unwrap(), words.next().unwrap(), words.next());
    let (name, type_) = (ColumnName::new(name).unwrap(), kind.trim_end_matches('!').parse().unwrap());
    Column {
        format: TimeFormat::from(format.unwrap_or("iso").to_owned()),
        required: kind.ends_with('!'),
        ..Column::new(name, type_)
    }
}

/// What a conversion left behind.
struct Outcome {
    result: Result<Conversion, ConvertError>,
    silver: Vec<u8>,
    rejects: Vec<Bad>,
    /// The columns that became null in each of them.
    nulled: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bad {
    line: u64,
    byte_offset: u64,
    raw: String,
    reason: String,
}

#[derive(Default)]
struct Collected {
    rows: Vec<Bad>,
    nulled: Vec<String>,
}

impl RejectSink for Collected {
    fn reject(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let names: Vec<_> = reject.nulled.iter().map(|name| name.as_str()).collect();
        self.nulled.push(names.join(" "));
        self.rows.push(Bad {
            line: reject.line,
            byte_offset: reject.byte_offset,
            raw: String::from_utf8_lossy(reject.raw).into_owned(),
            reason: reject.reason.to_string(),
        });
        Ok(())
    }
}

fn run(csv: &Csv, layout: &Layout, text: &[u8]) -> Outcome {
    run_with(csv, layout, layout, Limits::default(), text)
}

fn run_with(csv: &Csv, layout: &Layout, schema: &Layout, limits: Limits, text: &[u8]) -> Outcome {
    run_spec(&Spec { schema, limits, ..Spec::new(csv, layout) }, text)
}

fn run_spec(spec: &Spec<'_>, text: &[u8]) -> Outcome {
    let (mut silver, mut rejects) = (Vec::new(), Collected::default());
    let result = convert(spec, text, &mut silver, &mut rejects);
    Outcome { result, silver, rejects: rejects.rows, nulled: rejects.nulled }
}

impl Outcome {
    /// The values of a conversion that went well, row by row.
    fn rows(&self) -> Vec<Vec<Field>> {
        let done = self.result.as_ref().unwrap();
        let rows = read_back(&self.silver);
        assert_eq!(
            (done.rows, done.bad_rows + done.nulled_rows),
            (rows.len() as u64, self.rejects.len() as u64)
        );
        assert_eq!(done.bytes_out, self.silver.len() as u64);
        rows
    }

    /// The same for tables of texts, `-` for null.
    fn texts(&self) -> Vec<Vec<String>> {
        let text = |field: Field| match field {
            Field::Str(text) => text,
            Field::Null => "-".into(),
            other => panic!("{other} is no text"),
        };
        self.rows().into_iter().map(|row| row.into_iter().map(text).collect()).collect()
    }

    fn kind(&self) -> &'static str {
        self.result.as_ref().map_or_else(ConvertError::kind, |_| "fine")
    }
}

fn read_back(silver: &[u8]) -> Vec<Vec<Field>> {
    let reader = SerializedFileReader::new(bytes::Bytes::copy_from_slice(silver)).unwrap();
    let fields = |row: parquet::record::Row| row.get_column_iter().map(|(_, field)| field.clone()).collect();
    reader.get_row_iter(None).unwrap().map(|row| fields(row.unwrap())).collect()
}

pub(crate) fn headerless() -> Csv {
    Csv { header: false, ..Csv::default() }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// SplitMix64: the same numbers on every machine.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

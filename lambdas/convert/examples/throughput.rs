//! How fast files convert, and in what memory:
//! `cargo run --release -p tarn-convert --example throughput -- SCHEMA INPUT [OUTPUT] [THREADS] [CODEC]`.
//!
//! SCHEMA is one of `events`, `item_properties`, `lineitem`, `wide` and `mixed`; INPUT is a file, or
//! millions of rows to make of `events` and `mixed`. Rows are made block by block while they are
//! read, so that the peak is the conversion's own; their making is timed and taken off.

#![allow(clippy::print_stdout, reason = "an example's output is its purpose")]

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use tarn_convert::{Codec, JsonLinesRejects, Limits, Spec, convert};
use tarn_lake::{Column, ColumnName, Csv, Layout, TimeFormat};

/// Names, types and formats of columns, and whether the file has a header.
struct Schema {
    columns: Vec<(String, &'static str, &'static str)>,
    delimiter: char,
    header: bool,
    row: fn(&mut String, &mut Random),
}

const EVENTS: &[(&str, &str, &str)] = &[
    ("timestamp", "timestamp(ms)", "epoch_ms"),
    ("visitorid", "int64", "iso"),
    ("event", "string", "iso"),
    ("itemid", "int64", "iso"),
    ("transactionid", "int64", "iso"),
];
const ITEM_PROPERTIES: &[(&str, &str, &str)] = &[
    ("timestamp", "timestamp(ms)", "epoch_ms"),
    ("itemid", "int64", "iso"),
    ("property", "string", "iso"),
    ("value", "string", "iso"),
];
const LINEITEM: &[(&str, &str, &str)] = &[
    ("orderkey", "int64", "iso"),
    ("partkey", "int64", "iso"),
    ("suppkey", "int64", "iso"),
    ("linenumber", "int32", "iso"),
    ("quantity", "int32", "iso"),
    ("extendedprice", "decimal(12,2)", "iso"),
    ("discount", "decimal(12,2)", "iso"),
    ("tax", "decimal(12,2)", "iso"),
    ("returnflag", "string", "iso"),
    ("linestatus", "string", "iso"),
    ("shipdate", "date", "iso"),
    ("commitdate", "date", "iso"),
    ("receiptdate", "date", "iso"),
    ("shipinstruct", "string", "iso"),
    ("shipmode", "string", "iso"),
    ("comment", "string", "iso"),
];
/// Sixty columns `c00` to `c59`, these twelve types in turn.
const WIDE: &[(&str, &str)] = &[
    ("int64", "iso"),
    ("int64", "iso"),
    ("decimal(12,2)", "iso"),
    ("date", "iso"),
    ("timestamp(ms)", "iso"),
    ("string", "iso"),
    ("string", "iso"),
    ("float64", "iso"),
    ("bool", "iso"),
    ("string", "iso"),
    ("int32", "iso"),
    ("string", "iso"),
];
const MIXED: &[(&str, &str, &str)] = &[
    ("id", "int64", "iso"),
    ("placed", "timestamp(us)", "iso"),
    ("day", "date", "iso"),
    ("price", "decimal(12,2)", "iso"),
    ("total", "decimal(30,4)", "iso"),
    ("rate", "float64", "iso"),
    ("member", "bool", "iso"),
    ("note", "string", "iso"),
];

impl Schema {
    fn named(name: &str) -> Option<Self> {
        let (columns, delimiter, header, row): (&[_], _, _, fn(&mut String, &mut Random)) = match name {
            "events" => (EVENTS, ',', true, event_row),
            "item_properties" => (ITEM_PROPERTIES, ',', true, event_row),
            "lineitem" => (LINEITEM, '|', false, event_row),
            "mixed" => (MIXED, ',', false, mixed_row),
            "wide" => {
                let column = |number: usize| {
                    let (kind, format) = WIDE[number % WIDE.len()];
                    (format!("c{number:02}"), kind, format)
                };
                let columns = (0..60).map(column).collect();
                return Some(Self { columns, delimiter: ',', header: true, row: mixed_row });
            }
            _ => return None,
        };
        let columns = columns.iter().map(|(name, kind, format)| ((*name).to_owned(), *kind, *format));
        Some(Self { columns: columns.collect(), delimiter, header, row })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let schema =
        Schema::named(&arguments.next().unwrap_or_else(|| "events".into())).ok_or("no such schema")?;
    let input = arguments.next().unwrap_or_else(|| "10".into());
    let mut sink: Box<dyn Write + Send> = match arguments.next() {
        Some(path) => Box::new(std::fs::File::create(path)?),
        None => Box::new(io::sink()),
    };
    let mut limits = Limits::default();
    if let Some(threads) = arguments.next() {
        limits.threads = threads.parse()?;
    }
    let codec =
        if arguments.next().is_some_and(|name| name == "snappy") { Codec::Snappy } else { Codec::Zstd };
    let mut source = Source::new(&input, schema.row)?;
    let header = schema.header && matches!(source, Source::File(_));
    let layout = layout(&schema.columns)?;
    let csv = Csv { header, delimiter: schema.delimiter, ..Csv::default() };
    let spec = Spec { codec, limits, ..Spec::new(&csv, &layout) };
    let start = Instant::now();
    let done = convert(&spec, &mut source, &mut sink, &mut JsonLinesRejects::new(io::sink()))?;
    let seconds = (start.elapsed() - source.making()).as_secs_f64();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "{} rows, {} bad, {:.0} MB of text to {:.1} MB in {seconds:.2} s: {:.0} MB/s, {:.0} ns a row, peak {} KB",
        done.rows,
        done.bad_rows,
        megabytes(done.text_bytes),
        megabytes(done.bytes_out),
        megabytes(done.text_bytes) / seconds,
        seconds * 1e9 / done.rows as f64,
        peak_kilobytes().unwrap_or_default(),
    );
    Ok(())
}

fn layout(columns: &[(String, &str, &str)]) -> Result<Layout, Box<dyn Error>> {
    let mut layout = Layout { from: None, columns: Vec::new() };
    for (name, kind, format) in columns {
        let column = Column::new(ColumnName::new(name)?, kind.parse()?);
        layout.columns.push(Column { format: TimeFormat::from((*format).to_owned()), ..column });
    }
    Ok(layout)
}

/// As the RetailRocket export: skewed events, 1.4 million visitors, 235 thousand items.
fn event_row(text: &mut String, random: &mut Random) {
    let timestamp = 1_430_000_000_000 + random.row * 51 + random.below(40);
    let (visitor, item, luck) = (random.below(1_407_580), random.below(466_868), random.below(1000));
    let _ = match luck {
        0..8 => writeln!(text, "{timestamp},{visitor},transaction,{item},{}", random.below(17_672)),
        8..33 => writeln!(text, "{timestamp},{visitor},addtocart,{item},"),
        _ => writeln!(text, "{timestamp},{visitor},view,{item},"),
    };
}

fn mixed_row(text: &mut String, random: &mut Random) {
    let (row, cents, rate) = (random.row, random.below(1_000_000), random.below(1_000_000) as f64 / 977.0);
    let (day, second, micro) = (1 + row / 100_000 % 28, row % 60, random.below(1_000_000));
    let _ = write!(text, "{row},2024-02-{day:02}T08:15:{second:02}.{micro:06}Z,2024-02-{day:02},");
    let _ = write!(text, "{}.{:02},{}.{:04},{rate},", cents / 100, cents % 100, cents * 977, cents % 10_000);
    let _ = writeln!(
        text,
        "{},\"note {} said \"\"hi\"\",\nand left\"",
        row.is_multiple_of(3),
        random.below(50_000)
    );
}

struct Random {
    row: u64,
    state: u64,
}

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }
}

enum Source {
    File(std::fs::File),
    Made(Rows),
}

impl Source {
    fn new(input: &str, row: fn(&mut String, &mut Random)) -> io::Result<Self> {
        match input.parse::<f64>() {
            Ok(millions) => Ok(Self::Made(Rows::new((millions * 1e6) as u64, row))),
            Err(_) => std::fs::File::open(input).map(Self::File),
        }
    }

    fn making(&self) -> Duration {
        match self {
            Self::File(_) => Duration::ZERO,
            Self::Made(rows) => rows.making,
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Made(rows) => rows.read(buffer),
        }
    }
}

/// Rows made when they are asked for.
struct Rows {
    rows: u64,
    row: fn(&mut String, &mut Random),
    random: Random,
    text: String,
    read: usize,
    making: Duration,
}

impl Rows {
    fn new(rows: u64, row: fn(&mut String, &mut Random)) -> Self {
        let random = Random { row: 0, state: 42 };
        Self { rows, row, random, text: String::new(), read: 0, making: Duration::ZERO }
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = Instant::now();
        if self.read == self.text.len() {
            self.text.clear();
            self.read = 0;
            while self.text.len() < 1 << 20 && self.random.row < self.rows {
                (self.row)(&mut self.text, &mut self.random);
                self.random.row += 1;
            }
        }
        let count = (&self.text.as_bytes()[self.read..]).read(buffer)?;
        self.read += count;
        self.making += start.elapsed();
        Ok(count)
    }
}

fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

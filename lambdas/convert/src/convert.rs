//! The conversion as a story: open, check, take row after row, finish.

use std::io::{Read, Write};

use tarn_lake::{Csv, Layout};

use crate::input::Input;
use crate::rejects::{Reject, RejectSink};
use crate::rows::{Dialect, Row, Rows};
use crate::silver::Silver;
use crate::table::Table;
use crate::text::Text;
use crate::{ConvertError, Limits, header};

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
    /// What the conversion may use.
    pub limits: Limits,
}

/// What a conversion did: `rows + bad_rows` is every row of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    /// Rows in the Parquet file.
    pub rows: u64,
    /// Rows that went to the rejects.
    pub bad_rows: u64,
    /// Read from the source, compressed or not.
    pub bytes_in: u64,
    /// The same, decompressed.
    pub text_bytes: u64,
    /// Written as Parquet.
    pub bytes_out: u64,
}

/// Converts one file. Same input, same limits: the same bytes.
///
/// Rows that break a rule go to `rejects`, and the others go on. A file without rows becomes a
/// Parquet file without rows. On an error, what reached `silver` is no Parquet file: drop it.
pub fn convert<R: Read, W: Write + Send>(
    spec: &Spec<'_>,
    source: R,
    silver: W,
    rejects: &mut dyn RejectSink,
) -> Result<Conversion, ConvertError> {
    let limits = spec.limits.sane();
    let dialect = dialect(spec, limits)?;
    let mut table = Table::new(spec.csv, spec.layout, spec.schema)?;
    let mut silver = Silver::new(spec.schema, silver)?;
    let mut rows = Rows::new(Text::open(Input::open(source, limits)?)?, dialect);
    if spec.csv.header {
        header::check(rows.next()?.ok_or(ConvertError::Empty)?, spec.layout)?;
    }
    let counts = take_rows(spec, limits, &mut rows, &mut table, &mut silver, rejects)?;
    let input = rows.text().input();
    Ok(Conversion {
        rows: counts.rows,
        bad_rows: counts.bad_rows,
        bytes_in: input.bytes_in(),
        text_bytes: input.text_bytes(),
        bytes_out: silver.finish(&mut table)?,
    })
}

#[derive(Default)]
struct Counts {
    rows: u64,
    bad_rows: u64,
}

fn take_rows<R: Read, W: Write + Send>(
    spec: &Spec<'_>,
    limits: Limits,
    rows: &mut Rows<R>,
    table: &mut Table,
    silver: &mut Silver<'_, W>,
    rejects: &mut dyn RejectSink,
) -> Result<Counts, ConvertError> {
    let mut counts = Counts::default();
    let mut gauge = Gauge::default();
    let mut count_unchecked = !spec.csv.header;
    while let Some(mut row) = rows.next()? {
        if count_unchecked && row.fault.is_none() {
            header::check_count(&row, spec.layout)?;
            count_unchecked = false;
        }
        match table.push(&mut row) {
            Ok(()) => counts.rows += 1,
            Err(reason) => {
                counts.bad_rows += 1;
                set_aside(&row, reason, rejects)?;
            }
        }
        if counts.bad_rows > limits.max_bad_rows {
            return Err(ConvertError::TooManyBadRows { limit: limits.max_bad_rows });
        }
        if gauge.is_full(table, row.raw.len(), limits) {
            silver.write(table)?;
        }
    }
    Ok(counts)
}

fn set_aside(row: &Row<'_>, reason: crate::Reason, rejects: &mut dyn RejectSink) -> Result<(), ConvertError> {
    let reject = Reject { line: row.line, byte_offset: row.byte_offset, raw: row.raw, reason };
    rejects.reject(&reject).map_err(ConvertError::Rejects)
}

/// Knows when a row group is full, without asking every column after every row.
#[derive(Default)]
struct Gauge {
    rows: usize,
    text_bytes: usize,
}

impl Gauge {
    const EVERY_ROWS: usize = 1024;
    const EVERY_TEXT_BYTES: usize = 1 << 20;

    fn is_full(&mut self, table: &Table, text_bytes: usize, limits: Limits) -> bool {
        self.rows += 1;
        self.text_bytes += text_bytes;
        if table.rows() >= limits.row_group_rows {
            return true;
        }
        if self.rows < Self::EVERY_ROWS && self.text_bytes < Self::EVERY_TEXT_BYTES {
            return false;
        }
        *self = Self::default();
        table.rows() > 0 && table.bytes() >= limits.row_group_bytes
    }
}

fn dialect(spec: &Spec<'_>, limits: Limits) -> Result<Dialect, ConvertError> {
    let delimiter = spec.csv.delimiter;
    let usable = delimiter.is_ascii() && !matches!(delimiter, '"' | '\n' | '\r' | '\0');
    if !usable {
        let problem =
            format!("the delimiter {delimiter:?} is not one ASCII character other than quote and line end");
        return Err(ConvertError::Spec(problem));
    }
    let columns = spec.layout.columns.len();
    Ok(Dialect {
        delimiter: delimiter as u8,
        longest_row_bytes: limits.longest_row_bytes,
        empty_line_is_a_row: columns == 1,
    })
}

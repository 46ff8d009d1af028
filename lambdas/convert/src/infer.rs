//! What a file's columns most likely are, by rules that are written here and never guess further.
//!
//! The whole file is read. What is inferred is meant to be looked at and kept: as a table's block
//! in `lake.toml` it is declared from then on, and no later file changes it.
//!
//! **Delimiter**: of comma, tab, semicolon and pipe the one that gives most of the first 64 KiB's
//! rows as many fields as the first row has, at least two; of equals the one with more fields,
//! then the first named here; comma when none does.
//!
//! **Header**: the first row is one when none of its fields is a bool, a number, a date or a
//! timestamp, and it looks like names: all are filled and different, or below one of them stands such
//! a value within the first 64 KiB. A file of texts only therefore loses its first row if it has no
//! header: say `header = false` in the block.
//!
//! **Names**: see `names`. Where the header spells a name otherwise, the block says so with `from`,
//! so that the next file's header is still compared with what the source really writes.
//!
//! **Types**: the narrowest that holds every value; an empty field is no value, and spellings such
//! as `NULL` are texts until the block declares them.
//!
//! | type | a value is |
//! |---|---|
//! | `bool` | `true` or `false` in any case; never `0`, `1`, `yes` |
//! | `int64` | a whole number in range, without `+`; with a leading zero it is a code, so a text |
//! | `float64` | a number with a point or an exponent, or a wider one, no digit of which is lost |
//! | `date` | `2026-11-20`, a day that the calendar has |
//! | `timestamp(ms)` | such a day with a time, with or without an offset, to the millisecond |
//! | `timestamp(us)` | the same to the microsecond; finer ones are texts, because they would be cut |
//! | `string` | anything else, and a column without any value |
//!
//! `int64` and `float64` in one column are `float64`, dates and timestamps a timestamp, times with
//! and without an offset a `string`, and so is every other mixture. Decimals are never inferred,
//! also not for money: their precision and scale are promises about files that nobody has seen.
//! `float64` keeps every digit of what was there, and declaring `decimal(12,2)` is one word.
//! Rows with another number of fields than the first are bad rows and have no say.
//!
//! **JSON Lines** are known by their beginning, `{"` or `{}`, and have the types of the same table,
//! except that a string is never a bool or a number: whoever writes `"007"` means a text. Objects and
//! lists are `string`. Columns are the keys in the order of their first appearance; one that no
//! column can be called gets a name by the rules above, and `from` says the key.

mod kind;
mod names;
mod objects;
mod sample;

use std::io::{self, Cursor, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};
use tarn_lake::{Column, ColumnName, Csv, Layout};

use crate::input::Input;
use crate::{ConvertError, Limits};
use kind::Evidence;

/// What was inferred of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// How its text is written.
    pub csv: Csv,
    /// Its columns. One whose name the header spells otherwise than in upper and lower case has the
    /// header's in `from`.
    pub layout: Layout,
}

const SAMPLE_BYTES: usize = 64 << 10;

/// Infers from a whole file, compressed or not, in any encoding that its first bytes tell.
///
/// A file that is damaged behind its first 64 KiB gives what could be read of it: converting it says
/// what is wrong.
pub fn infer(source: impl Read) -> Result<Inferred, ConvertError> {
    let mut input = Input::open(source, &Csv::default(), Limits::default())?;
    let mut sample = vec![0; SAMPLE_BYTES];
    let filled = input.fill(&mut sample)?;
    sample.truncate(filled);
    if objects::is_json(&sample) {
        return objects::infer(&sample, Cursor::new(&sample).chain(Text(input)));
    }
    let delimiter = sample::delimiter(&sample);
    let header = sample::has_header(&sample, delimiter);
    let mut rows = reader(delimiter, Cursor::new(sample).chain(Text(input)));
    let mut first = ByteRecord::new();
    if !rows.read_byte_record(&mut first).unwrap_or(false) {
        return Err(ConvertError::Empty);
    }
    let evidence = gather(&mut rows, &first, header);
    Ok(described(delimiter, header, &first, &evidence))
}

/// The text as the conversion will read it: unpacked, and in UTF-8.
struct Text<R: Read>(Input<R>);

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.fill(buffer).map_err(io::Error::other)
    }
}

fn reader<R: Read>(delimiter: u8, text: R) -> Reader<R> {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(256 << 10);
    builder.from_reader(text)
}

fn gather<R: Read>(rows: &mut Reader<R>, first: &ByteRecord, header: bool) -> Vec<Evidence> {
    let mut evidence = vec![Evidence::default(); first.len()];
    if !header {
        take(&mut evidence, first);
    }
    let mut row = ByteRecord::new();
    while let Ok(true) = rows.read_byte_record(&mut row) {
        if row.len() == evidence.len() {
            take(&mut evidence, &row);
        }
    }
    evidence
}

fn take(evidence: &mut [Evidence], row: &ByteRecord) {
    for (column, field) in evidence.iter_mut().zip(row) {
        column.take(field);
    }
}

fn described(delimiter: u8, header: bool, first: &ByteRecord, evidence: &[Evidence]) -> Inferred {
    let written: Vec<String> =
        first.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
    let names = if header { names::of(&written) } else { names::numbered(written.len()) };
    let column = |((name, written), evidence): ((ColumnName, &String), &Evidence)| {
        let is_another = header && !name.as_str().eq_ignore_ascii_case(written);
        let from = is_another.then(|| written.clone());
        Column { from, ..Column::new(name, evidence.kind()) }
    };
    let columns = names.into_iter().zip(&written).zip(evidence).map(column).collect();
    let csv = Csv { delimiter: char::from(delimiter), header, ..Csv::default() };
    Inferred { csv, layout: Layout { from: None, columns } }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        let inferred = infer(text.as_bytes()).unwrap();
        inferred.layout.columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect()
    }

    #[test]
    fn the_narrowest_type_that_holds_every_value() {
        for (values, kind) in [
            (&["true", "FALSE", ""][..], "bool"),
            (&["1", "0"], "int64"),
            (&["-9223372036854775808", "9223372036854775807"], "int64"),
            (&["9223372036854775808"], "string"),
            (&["18446744073709551616"], "string"),
            (&["18446744073709552000"], "float64"),
            (&["1", "2.50", "-3e10"], "float64"),
            (&["0.1", "123456789012345.6", "0.30000000000000004"], "float64"),
            (&["0.12345678901234567890"], "string"),
            (&["007"], "string"),
            (&["-0"], "float64"),
            (&["01.5"], "string"),
            (&["+1"], "string"),
            (&["nan"], "string"),
            (&["1e400"], "string"),
            (&["1.", ".5"], "float64"),
            (&["2024-02-29"], "date"),
            (&["2023-02-29"], "string"),
            (&["2024-02-29", "2024-02-29 08:15"], "timestamp(ms)"),
            (&["2024-02-29T08:15:00.123Z"], "timestamp(ms)"),
            (&["2024-02-29T08:15:00.123456+01:00"], "timestamp(us)"),
            (&["2024-02-29T08:15:00.1234567"], "string"),
            (&["2024-02-29T08:15:00.1234560"], "timestamp(us)"),
            (&["2024-02-29T08:15:00Z", "2024-02-29T08:15:00"], "string"),
            (&["2024-02-29T24:00:00"], "string"),
            (&["true", "1"], "string"),
            (&["2024-02-29", "1"], "string"),
            (&["NULL", "1"], "string"),
            (&["", ""], "string"),
            (&[" 1 ", "2"], "int64"),
        ] {
            let text =
                format!("head,other\n{}", values.iter().map(|v| format!("{v},x\n")).collect::<String>());
            assert_eq!(kinds(&text), [format!("head {kind}"), "other string".into()], "{values:?}");
        }
    }

    #[test]
    fn delimiters_headers_and_names() {
        let inferred = infer(&b"Item ID;item-id;Price\n1;2;\"3;4\"\n"[..]).unwrap();
        assert_eq!((inferred.csv.delimiter, inferred.csv.header), (';', true));
        let names: Vec<_> = inferred.layout.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["item_id", "item_id_2", "price"]);
        let from: Vec<_> = inferred.layout.columns.iter().map(Column::name_in_file).collect();
        assert_eq!(from, ["Item ID", "item-id", "price"]);

        let inferred = infer(&b"1|a|\n2|b|2024-01-01\n"[..]).unwrap();
        assert_eq!((inferred.csv.delimiter, inferred.csv.header), ('|', false));
        assert_eq!(kinds("1|a|\n2|b|2024-01-01\n"), ["column_1 int64", "column_2 string", "column_3 date"]);
        assert_eq!(kinds("\u{feff}a\n1\n"), ["a int64"]);
        assert_eq!(kinds("1st,Größe,_\n1,2,3\n"), ["column_1st int64", "grosse int64", "column_3 int64"]);
    }

    #[test]
    fn a_header_may_have_holes_and_repeat_itself_above_values() {
        assert_eq!(kinds("a,,a,\n1,x,2,\n"), ["a int64", "column_2 string", "a_2 int64", "column_4 string"]);
        assert_eq!(kinds("a,,a\nx,y,z\n"), ["column_1 string", "column_2 string", "column_3 string"]);
        assert_eq!(kinds("a,2\n1,3\n"), ["column_1 string", "column_2 int64"]);
    }

    #[test]
    fn bad_rows_have_no_say_and_nothing_is_empty() {
        assert_eq!(kinds("a,b\n1,2\nx\n3,4,5\n"), ["a int64", "b int64"]);
        assert!(matches!(infer(&b""[..]), Err(ConvertError::Empty)));
    }

    #[test]
    fn gzip_is_read_and_a_damaged_file_is_named() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"a,b\n1,x\n2,y\n").unwrap();
        let whole = encoder.finish().unwrap();
        let inferred = infer(whole.as_slice()).unwrap();
        assert_eq!(inferred.layout.columns.len(), 2);
        let damaged = infer(&whole[..whole.len() - 4]).unwrap_err();
        assert_eq!(damaged.kind(), "truncated_gzip");
    }
}

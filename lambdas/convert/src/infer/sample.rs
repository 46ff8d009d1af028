//! What the beginning of a file says: its delimiter, whether it has a header, and the names.

use std::cmp::Reverse;

use csv::ByteRecord;
use tarn_lake::ColumnName;

use super::kind::is_typed;
use super::reader;

const DELIMITERS: [u8; 4] = *b",\t;|";

/// The byte that splits the sample's rows best.
pub fn delimiter(sample: &[u8]) -> u8 {
    let scored = DELIMITERS.iter().enumerate().filter_map(|(place, delimiter)| {
        let (fields, alike) = regularity(sample, *delimiter)?;
        Some((alike, fields, Reverse(place), *delimiter))
    });
    scored.max().map_or(b',', |(.., delimiter)| delimiter)
}

/// The fields of the first row, at least two, and how many rows of a thousand have as many.
fn regularity(sample: &[u8], delimiter: u8) -> Option<(usize, usize)> {
    let mut counts = Vec::new();
    let mut rows = reader(delimiter, sample);
    let mut row = ByteRecord::new();
    while let Ok(true) = rows.read_byte_record(&mut row) {
        counts.push(row.len());
    }
    // The sample may end in the middle of a row.
    if counts.len() > 1 {
        counts.pop();
    }
    let fields = *counts.first().filter(|fields| **fields > 1)?;
    let alike = counts.iter().filter(|count| **count == fields).count();
    Some((fields, alike * 1000 / counts.len()))
}

/// Whether the first row names the columns.
pub fn is_header(first: &ByteRecord) -> bool {
    let names: Vec<&[u8]> = first.iter().map(<[u8]>::trim_ascii).collect();
    let repeated = |index: usize| names.iter().take(index).any(|earlier| *earlier == names[index]);
    let is_name = |(index, name): (usize, &&[u8])| !name.is_empty() && !is_typed(name) && !repeated(index);
    names.iter().enumerate().all(is_name)
}

/// A column's name, different from those that are taken.
pub fn name(written: Option<&str>, index: usize, taken: &[ColumnName]) -> ColumnName {
    let folded = written.map(fold).unwrap_or_default();
    let folded = match folded.as_bytes() {
        [] => format!("column_{}", index + 1),
        [first, ..] if !first.is_ascii_lowercase() => format!("column_{folded}"),
        _ => folded,
    };
    let numbered = (2..).map(|number| format!("{folded}_{number}"));
    let mut candidates =
        std::iter::once(folded.clone()).chain(numbered).filter_map(|n| ColumnName::new(n).ok());
    let free = candidates.find(|name| !taken.contains(name));
    #[allow(clippy::expect_used, reason = "there are more numbers than columns, and `fold` keeps it short")]
    free.expect("a free name")
}

/// The longest name, with room for `column_` and a number.
const LONGEST: usize = ColumnName::LONGEST - 32;

/// Lower case, and other characters as one underscore; none at the ends.
fn fold(written: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric();
    let parts = written.split(|character| !is_part(character)).filter(|part| !part.is_empty());
    let mut folded = parts.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    folded.truncate(LONGEST);
    folded
}

//! What the beginning of a file says: its delimiter, and whether it has a header.

use std::cmp::Reverse;
use std::collections::HashSet;

use csv::{ByteRecord, Reader};

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
pub fn has_header(sample: &[u8], delimiter: u8) -> bool {
    let mut rows = reader(delimiter, sample);
    let mut first = ByteRecord::new();
    let has_row = rows.read_byte_record(&mut first).unwrap_or(false);
    let none_typed = has_row && !first.iter().any(is_typed);
    none_typed && (is_a_list_of_names(&first) || has_values(&mut rows, first.len()))
}

/// Filled and different.
fn is_a_list_of_names(first: &ByteRecord) -> bool {
    let names: Vec<&[u8]> = first.iter().map(<[u8]>::trim_ascii).collect();
    let distinct: HashSet<&&[u8]> = names.iter().collect();
    distinct.len() == names.len() && !names.iter().any(|name| name.is_empty())
}

/// Whether any whole row holds something else than texts.
fn has_values(rows: &mut Reader<&[u8]>, columns: usize) -> bool {
    let mut row = ByteRecord::new();
    while let Ok(true) = rows.read_byte_record(&mut row) {
        if row.len() == columns && row.iter().any(is_typed) {
            return true;
        }
    }
    false
}

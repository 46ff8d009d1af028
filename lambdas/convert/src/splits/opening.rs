//! A file's beginning: whether it is of the table, and where its rows begin.

use std::io::Read;

use serde::{Deserialize, Serialize};

use super::Unsplit;
use super::grammar::Grammar;
use crate::convert::{cutting, dialect, first_rows};
use crate::input::Input;
use crate::segments::{Segment, Segments};
use crate::{ConvertError, Spec};

/// What a file's beginning says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Where the first row behind byte order mark, preamble and header begins.
    pub start: u64,
    /// The line that it begins on, counted from 1.
    pub line: u64,
    /// Why the file is not split, if it is not.
    pub unsplit: Option<Unsplit>,
}

/// Looks at the beginning of a file of so many bytes. `source` is the file from its first byte on;
/// no more is read of it than the text of one row group, or the first row if that is longer.
///
/// What [`crate::convert`] would refuse by the file's beginning is refused here.
pub fn open<R: Read>(spec: &Spec<'_>, source: R, size_bytes: u64) -> Result<Opening, ConvertError> {
    let limits = spec.limits.sane();
    let dialect = dialect(spec, limits)?;
    let input = Input::open(source, spec.csv, limits)?;
    let unsplit = Grammar::of(spec.csv).err().or_else(|| input.unsplit());
    let unsplit = unsplit.or(spec.unique.map(|_| Unsplit::Unique));
    let text = input.start();
    let mut segments = Segments::new(input, cutting(spec, dialect), limits.row_group_bytes);
    let mut segment = Segment::new();
    let begun = first_rows(&mut segments, &mut segment, dialect, spec)?;
    let (start, line) = match &begun {
        Some(begun) => (segment.offset, 1 + begun.lines),
        None => (text.byte_offset, text.line),
    };
    let has_drifted = begun.is_some_and(|begun| begun.drifted.is_some());
    let unsplit = unsplit.or(has_drifted.then_some(Unsplit::Header));
    if unsplit.is_none() && size_bytes > limits.max_text_bytes {
        let limit = format!("{} bytes", limits.max_text_bytes);
        return Err(ConvertError::DecompressionBomb { bytes_in: size_bytes, text_bytes: size_bytes, limit });
    }
    Ok(Opening { start, line, unsplit })
}

pub(super) fn longest_row_bytes(spec: &Spec<'_>) -> u64 {
    spec.limits.sane().longest_row_bytes as u64
}

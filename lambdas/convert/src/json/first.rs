//! Files of JSON that are no JSON Lines, told by their first line.

use super::careful::{self, JsonFault};
use crate::ConvertError;
use crate::header::Front;
use crate::segments::Segment;

/// Looks at the front of a file's text.
pub(crate) fn front(segment: &Segment) -> Result<Front, ConvertError> {
    let text = segment.buffer.get(segment.start..segment.end).unwrap_or_default();
    match shape_of_first_line(text)? {
        true => Ok(Front::Rows { lines: 0 }),
        false => Ok(Front::NoRows { lines: text.split(|byte| *byte == b'\n').count() as u64 - 1 }),
    }
}

/// Refuses a text whose first line that is not blank opens a list, or an object that goes on in the
/// next line: all its lines would be bad rows, and none would say why. Gives whether there is a line.
pub(crate) fn shape_of_first_line(text: &[u8]) -> Result<bool, ConvertError> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.find(|line| !line.trim_ascii().is_empty()) else { return Ok(false) };
    let line = first.trim_ascii();
    let goes_on = || careful::object(line, &mut |_| {}).is_err_and(|fault| fault.what == JsonFault::Ended);
    let (found, command) = match line.first() {
        Some(b'[') => ("one JSON list", "jq -c '.[]'"),
        Some(b'{') if first.ends_with(b"\n") && goes_on() => ("JSON spread over lines", "jq -c ."),
        _ => return Ok(true),
    };
    Err(ConvertError::NotJsonLines { found, command })
}

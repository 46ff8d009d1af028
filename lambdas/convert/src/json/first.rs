//! Files of JSON that are no JSON Lines, told by their first line.

use super::careful::{self, JsonFault};
use crate::ConvertError;
use crate::header::Front;
use crate::segments::Segment;

/// Refuses a file whose first line that is not blank opens a list, or an object that goes on in the
/// next line: all its lines would be bad rows, and none would say why.
pub(crate) fn front(segment: &Segment) -> Result<Front, ConvertError> {
    let text = segment.buffer.get(segment.start..segment.end).unwrap_or_default();
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.find(|line| !line.trim_ascii().is_empty()) else {
        return Ok(Front::NoRows { lines: text.split(|byte| *byte == b'\n').count() as u64 - 1 });
    };
    let line = first.trim_ascii();
    let goes_on = || careful::object(line, &mut |_| {}).is_err_and(|fault| fault.what == JsonFault::Ended);
    let (found, command) = match line.first() {
        Some(b'[') => ("one JSON list", "jq -c '.[]'"),
        Some(b'{') if first.ends_with(b"\n") && goes_on() => ("JSON spread over lines", "jq -c ."),
        _ => return Ok(Front::Rows { lines: 0 }),
    };
    Err(ConvertError::NotJsonLines { found, command })
}

//! From surveys to parts: whole rows, and where they stand in the file.

use serde::{Deserialize, Serialize};

use super::Opening;
use super::grammar::State;
use super::lines::Lines;
use super::survey::{Doubt, Survey};
use crate::ConvertError;

/// Whole rows of a file, for one worker. Its source is exactly these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The byte of the file that the first row begins at.
    pub start: u64,
    /// The byte of the file behind the last row.
    pub end: u64,
    /// The line of the file that the first row begins on, counted from 1.
    pub line: u64,
}

impl Part {
    /// How many bytes of the file it has.
    pub fn bytes(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// How a file is converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The parts in the order of the file; none if it must be converted whole.
    pub parts: Vec<Part>,
    /// Why it is not split, or not from some row on.
    pub unsplit: Option<Unsplit>,
}

/// Why a file, or the rest of it, is not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unsplit {
    /// It is one stream, which can only be read from its beginning.
    #[error("the file is compressed")]
    Compressed,
    /// Its bytes must be decoded first.
    #[error("the file is not UTF-8")]
    Encoding,
    /// A backslash can take the meaning from any byte.
    #[error("the table has `escape = \"backslash\"`")]
    Escape,
    /// Whoever compares rows must have all of them.
    #[error("the table has `unique` keys")]
    Unique,
    /// Only who reads the header knows where the columns are.
    #[error("the file's header is not its layout's")]
    Header,
    /// A quote is opened and not closed, in the row that begins at this byte.
    #[error("from byte {0} on the file is not split: a quote is opened there and not closed")]
    OpenQuote(u64),
    /// A row with quotes is longer than the limit; it begins at this byte.
    #[error("from byte {0} on the file is not split: a row with quotes is longer than the limit there")]
    LongRow(u64),
}

/// Puts ranges together to parts, of which each begins with the first row of a range.
///
/// The surveys must cover the file from the opening's start to its end, in order.
pub fn plan(opening: &Opening, surveys: &[Survey]) -> Result<Plan, ConvertError> {
    if opening.unsplit.is_some() {
        return Ok(Plan { parts: Vec::new(), unsplit: opening.unsplit });
    }
    let Some(whole) = together(opening, surveys)? else {
        let part = Part { start: opening.start, end: opening.start, line: opening.line };
        return Ok(Plan { parts: vec![part], unsplit: None });
    };
    let doubt = whole.doubt();
    let last_start = doubt.map_or(u64::MAX, |(at, _)| at);
    let mut parts = Vec::new();
    let mut part = Part { start: opening.start, end: whole.end(), line: opening.line };
    for (start, line) in row_starts(opening, surveys) {
        if start <= last_start && start > part.start {
            parts.push(Part { end: start, ..part });
            part = Part { start, line, ..part };
        }
    }
    parts.push(part);
    Ok(Plan { parts, unsplit: doubt.map(Unsplit::from) })
}

impl From<(u64, Doubt)> for Unsplit {
    fn from((at, doubt): (u64, Doubt)) -> Self {
        match doubt {
            Doubt::OpenQuote => Self::OpenQuote(at),
            Doubt::TooLong => Self::LongRow(at),
        }
    }
}

fn together(opening: &Opening, surveys: &[Survey]) -> Result<Option<Survey>, ConvertError> {
    let gap = || ConvertError::Spec("the surveys of a split are not those of one file, in order".into());
    let Some((first, rest)) = surveys.split_first() else { return Ok(None) };
    if first.start() != opening.start {
        return Err(gap());
    }
    rest.iter().try_fold(first.clone(), |sum, next| sum.then(next)).map(Some).ok_or_else(gap)
}

/// Where the first row of every range begins, and on which line.
fn row_starts(opening: &Opening, surveys: &[Survey]) -> impl Iterator<Item = (u64, u64)> {
    let (mut state, mut lines, first_line) = (State::RowStart, Lines::NONE, opening.line);
    surveys.iter().filter_map(move |survey| {
        let outcome = survey.from(state);
        let lines_before = lines;
        lines = lines.then(survey.lines());
        state = outcome.end;
        let first = outcome.first_row?;
        Some((survey.start() + first.at, first_line + lines_before.then(first.lines_before).breaks()))
    })
}

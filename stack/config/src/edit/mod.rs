//! Edits of `lake.toml` that a command makes for its user: a block comes, a block goes, and every
//! other byte stays what it was: comments, order, blank lines, line ends.
//!
//! An edit is text to text. It is cut at places that the parser gives, never put together anew from
//! what was parsed. And it is held against its meaning: the lake of the new text must be the lake of
//! the old one with that one table or zone more or less, or else nothing is changed.

mod new;
mod pattern;
mod place;
mod write;

use tarn_lake::{EnvironmentName, Lake, Table, Zone};

use crate::diagnostic::line_of;
use crate::{Diagnostic, parse};
use place::Places;

pub use new::NewLake;
pub use pattern::{pattern_of, table_name_of};
pub use place::Kind;
pub use write::{NewTable, zone_block};

/// A text after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// All of it.
    pub text: String,
    /// The lines that were added or removed, without the blank line that parts them from others.
    pub block: String,
    /// The first of them, counted in the text that has them. The first line of a text is 1.
    pub line: usize,
}

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The text had faults before.
    Before(Vec<Diagnostic>),
    /// The text would have faults; they are places of this text.
    After(String, Vec<Diagnostic>),
    /// A table or zone of this name stands there already.
    Exists {
        /// Its line.
        line: usize,
    },
    /// None of this name is there.
    Missing {
        /// Those that are.
        names: Vec<String>,
    },
    /// Zones have the table that is to go.
    InUse {
        /// Those zones.
        zones: Vec<String>,
    },
    /// The blocks are written as one list, `zone = [{ ... }]`.
    Inline {
        /// Its line.
        line: usize,
    },
    /// The block's lines do not stand together, so that to cut it out would change something else.
    Scattered {
        /// Its first line.
        line: usize,
    },
}

/// Adds the block of a zone or a table, behind the last one of its kind.
pub fn add(
    text: &str,
    environment: &EnvironmentName,
    kind: Kind,
    name: &str,
    block: &str,
) -> Result<Edited, Refusal> {
    let before = lake(text, environment)?;
    let places = Places::find(text);
    if let Some(line) = places.inline(kind) {
        return Err(Refusal::Inline { line });
    }
    if let Some(there) = places.block(kind, name) {
        return Err(Refusal::Exists { line: line_of(text, there.header) });
    }
    let edited = inserted(text, places.end_of_last(kind), block);
    let after = parse(&edited.text, environment).map(|parsed| parsed.lake);
    let after = after.map_err(|faults| Refusal::After(edited.text.clone(), faults))?;
    if without(&after, kind, name) != before {
        return Err(Refusal::Scattered { line: edited.line });
    }
    Ok(edited)
}

/// Takes away the block of a zone or a table, with the comments directly above it.
pub fn remove(text: &str, environment: &EnvironmentName, kind: Kind, name: &str) -> Result<Edited, Refusal> {
    let before = lake(text, environment)?;
    let places = Places::find(text);
    if let Some(line) = places.inline(kind) {
        return Err(Refusal::Inline { line });
    }
    let Some(block) = places.block(kind, name) else {
        return Err(Refusal::Missing { names: names(&before, kind) });
    };
    let zones = users(&before, kind, name);
    if !zones.is_empty() {
        return Err(Refusal::InUse { zones });
    }
    let (lines, cut) = places.lines_of(&block);
    let edited = Edited {
        text: [&text[..cut.start], &text[cut.end..]].concat(),
        block: text[lines.clone()].to_owned(),
        line: line_of(text, lines.start),
    };
    let after = parse(&edited.text, environment).map(|parsed| parsed.lake);
    match after {
        Ok(after) if after == without(&before, kind, name) => Ok(edited),
        Ok(_) => Err(Refusal::Scattered { line: edited.line }),
        Err(faults) => Err(Refusal::After(edited.text, faults)),
    }
}

fn lake(text: &str, environment: &EnvironmentName) -> Result<Lake, Refusal> {
    parse(text, environment).map(|parsed| parsed.lake).map_err(Refusal::Before)
}

/// The text with a block behind a line that ends at `end`. A blank line parts the two, but where a line
/// follows at once and shows that its user has none.
fn inserted(text: &str, end: usize, block: &str) -> Edited {
    let line_end = line_end_at(text, end);
    let block = block.trim_end().lines().collect::<Vec<_>>().join(line_end);
    let (before, after) = text.split_at(end);
    let is_close = after.lines().nth(1).is_some_and(|next| !next.trim().is_empty());
    let parting = if is_close { line_end.to_owned() } else { line_end.repeat(2) };
    let line = line_of(text, end) + parting.matches('\n').count();
    Edited { text: [before, &parting, &block, after].concat(), block, line }
}

/// How the line that ends at `end` is ended; the last one as the first one is.
fn line_end_at(text: &str, end: usize) -> &'static str {
    let is_windows = |rest: &str| rest.starts_with("\r\n");
    let first = text.find('\n').and_then(|place| place.checked_sub(1)).and_then(|start| text.get(start..));
    let windows = match text.get(end..).unwrap_or_default() {
        "" => first.is_some_and(is_windows),
        rest => is_windows(rest),
    };
    if windows { "\r\n" } else { "\n" }
}

fn names(lake: &Lake, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Table => lake.tables.iter().map(|table| table.name.to_string()).collect(),
        Kind::Zone => lake.zones.iter().map(|zone| zone.name.to_string()).collect(),
    }
}

fn users(lake: &Lake, kind: Kind, name: &str) -> Vec<String> {
    let has = |zone: &&Zone| kind == Kind::Table && zone.tables.iter().any(|table| table.as_str() == name);
    lake.zones.iter().filter(has).map(|zone| zone.name.to_string()).collect()
}

fn without(lake: &Lake, kind: Kind, name: &str) -> Lake {
    let mut lake = lake.clone();
    match kind {
        Kind::Table => lake.tables.retain(|table: &Table| table.name.as_str() != name),
        Kind::Zone => lake.zones.retain(|zone: &Zone| zone.name.as_str() != name),
    }
    lake
}

#[cfg(test)]
mod tests;

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

use std::borrow::Cow;

use tarn_lake::{EnvironmentName, Lake, Table, Zone};

use crate::diagnostic::line_of;
use crate::{Diagnostic, Files, parse_files};
use place::{Block, Places};

pub use new::NewLake;
pub use pattern::{pattern_of, table_name_of};
pub use place::Kind;
pub use write::{NewTable, zone_block};

/// A file after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// Which file.
    pub path: String,
    /// All of its text; `None` where nothing is left of a file that a block had for itself.
    pub text: Option<String>,
    /// The lines that were added or removed, without the blank line that parts them from others.
    pub block: String,
    /// The first of them, counted in the text that has them. The first line of a text is 1.
    pub line: usize,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: String,
    /// The first line is 1.
    pub line: usize,
}

/// Why an edit was not made.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The files had faults before.
    Before(Vec<Diagnostic>),
    /// The files would have faults; they are places of these texts.
    After(Files, Vec<Diagnostic>),
    /// A table or zone of this name is there already.
    Exists(Place),
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
    Inline(Place),
    /// The block's lines do not stand together, so that to cut it out would change something else.
    Scattered(Place),
}

/// Where a new block goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where<'a> {
    /// Into `lake.toml`, behind the last one of its kind.
    Lake,
    /// Into a file of its own, of this path.
    OwnFile(&'a str),
}

/// Adds the block of a zone or a table.
pub fn add(
    files: &Files,
    environment: &EnvironmentName,
    (kind, name): (Kind, &str),
    block: &str,
    to: Where,
) -> Result<Edited, Refusal> {
    let before = lake(files, environment)?;
    if let Some((_, path, text, there)) = find(files, kind, name) {
        return Err(Refusal::Exists(Place { line: line_of(&text, there.header), path }));
    }
    let (edited, after) = match to {
        Where::Lake => add_to_lake(files, kind, block)?,
        Where::OwnFile(path) => add_file(files, kind, path, block),
    };
    let lake = parse_files(&after, environment).map(|parsed| parsed.lake);
    let lake = lake.map_err(|faults| Refusal::After(after, faults))?;
    if without(&lake, kind, name) != before {
        return Err(Refusal::Scattered(edited.place()));
    }
    Ok(edited)
}

fn add_to_lake(files: &Files, kind: Kind, block: &str) -> Result<(Edited, Files), Refusal> {
    #[allow(clippy::expect_used, reason = "`Files::new` takes the lake's own file")]
    let (_, path, text) = files.parts().next().expect("the lake's own file");
    let places = Places::find(&text);
    if let Some(line) = places.inline(kind) {
        return Err(Refusal::Inline(Place { path: path.to_owned(), line }));
    }
    let (text, block, line) = inserted(&text, places.end_of_last(kind), block);
    let after = files.with(0, &as_it_would_be(path), &text);
    Ok((Edited { path: path.to_owned(), text: Some(text), block, line }, after))
}

fn add_file(files: &Files, kind: Kind, path: &str, block: &str) -> (Edited, Files) {
    let mut after = files.clone();
    match kind {
        Kind::Table => after.add_tables(as_it_would_be(path), block),
        Kind::Zone => after.add_zones(as_it_would_be(path), block),
    }
    let edited =
        Edited { path: path.into(), text: Some(block.into()), block: block.trim_end().into(), line: 1 };
    (edited, after)
}

/// Takes away the block of a zone or a table, with the comments directly above it, from whichever
/// file it stands in.
pub fn remove(
    files: &Files,
    environment: &EnvironmentName,
    (kind, name): (Kind, &str),
) -> Result<Edited, Refusal> {
    let before = lake(files, environment)?;
    let Some((index, path, text, block)) = find(files, kind, name) else {
        return Err(inline(files, kind)
            .map_or_else(|| Refusal::Missing { names: names(&before, kind) }, Refusal::Inline));
    };
    let zones = users(&before, kind, name);
    if !zones.is_empty() {
        return Err(Refusal::InUse { zones });
    }
    let (lines, cut) = Places::find(&text).lines_of(&block);
    let left = [&text[..cut.start], &text[cut.end..]].concat();
    let after = files.with(index, &as_it_would_be(&path), &left);
    let is_gone = index > 0 && left.trim_start_matches('\u{feff}').trim().is_empty();
    let (block, line) = (text[lines.clone()].to_owned(), line_of(&text, lines.start));
    let edited = Edited { path, text: (!is_gone).then_some(left), block, line };
    match parse_files(&after, environment) {
        Ok(parsed) if parsed.lake == without(&before, kind, name) => Ok(edited),
        Ok(_) => Err(Refusal::Scattered(edited.place())),
        Err(faults) => Err(Refusal::After(after, faults)),
    }
}

impl Edited {
    fn place(&self) -> Place {
        Place { path: self.path.clone(), line: self.line }
    }
}

/// How a file is called whose text is not written yet.
fn as_it_would_be(path: &str) -> String {
    format!("{path}, as it would be")
}

/// The block of that name, with its file: which one it is, its path and its text.
fn find<'f>(files: &'f Files, kind: Kind, name: &str) -> Option<(usize, String, Cow<'f, str>, Block)> {
    files.parts().find_map(|(index, path, text)| {
        let block = Places::find(&text).block(kind, name)?;
        Some((index, path.to_owned(), text, block))
    })
}

fn inline(files: &Files, kind: Kind) -> Option<Place> {
    files.parts().find_map(|(_, path, text)| {
        let line = Places::find(&text).inline(kind)?;
        Some(Place { path: path.to_owned(), line })
    })
}

fn lake(files: &Files, environment: &EnvironmentName) -> Result<Lake, Refusal> {
    parse_files(files, environment).map(|parsed| parsed.lake).map_err(Refusal::Before)
}

/// The text with a block behind a line that ends at `end`. A blank line parts the two, but where a line
/// follows at once and shows that its user has none. With the text come the block and its first line.
fn inserted(text: &str, end: usize, block: &str) -> (String, String, usize) {
    let line_end = line_end_at(text, end);
    let block = block.trim_end().lines().collect::<Vec<_>>().join(line_end);
    let (before, after) = text.split_at(end);
    let is_close = after.lines().nth(1).is_some_and(|next| !next.trim().is_empty());
    let parting = if is_close { line_end.to_owned() } else { line_end.repeat(2) };
    let line = line_of(text, end) + parting.matches('\n').count();
    ([before, &parting, &block, after].concat(), block, line)
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
    let has =
        |zone: &&Zone| kind == Kind::Table && zone.tables.iter().any(|table| table.name.as_str() == name);
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

//! The files of a project as one text: `lake.toml`, the blocks that have files of their own in
//! `tables/` and `zones/` beside it, and the models in `models/`.
//!
//! A part holds nothing but `[[table]]` or `[[zone]]` blocks, so all files one after the other are
//! TOML again: a block means the same wherever it stands, and every place is one range of the whole.
//! A model's file is SQL; to TOML it is blank, and what its header says is read by itself, at the same
//! places.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::{Code, Diagnostic, Located, Source};

/// The texts of a project, in the order in which they are read.
#[derive(Debug, Clone)]
pub struct Files {
    files: Vec<File>,
    text: String,
}

#[derive(Debug, Clone)]
struct File {
    path: String,
    place: Range<usize>,
    holds: Holds,
    /// Whether a byte order mark was taken off it.
    unmarked: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holds {
    /// The lake's own file.
    Lake,
    /// Blocks of this name, and nothing else.
    Blocks(&'static str),
    /// A model of this name.
    Model(String),
}

/// A model's file.
pub(crate) struct ModelFile<'f> {
    /// What it is called, without `.sql`.
    pub name: &'f str,
    /// Where it stands in the whole.
    pub place: Range<usize>,
}

/// What can be read of the files as one document, and what is no TOML in each of them.
pub(crate) struct Joined {
    /// All files; a part that holds what it must not is blank.
    pub text: String,
    /// Each with the offset of its file.
    pub errors: Vec<(usize, Error)>,
}

impl Files {
    /// The lake's own file; `path` is what messages call it.
    pub fn new(path: impl Into<String>, text: &str) -> Self {
        let mut files = Self { files: Vec::new(), text: String::new() };
        files.add(path.into(), text, Holds::Lake);
        files
    }

    /// Adds a file that holds `[[table]]` blocks.
    pub fn add_tables(&mut self, path: impl Into<String>, text: &str) {
        self.add(path.into(), text, Holds::Blocks("table"));
    }

    /// Adds a file that holds `[[zone]]` blocks.
    pub fn add_zones(&mut self, path: impl Into<String>, text: &str) {
        self.add(path.into(), text, Holds::Blocks("zone"));
    }

    /// Adds a file that holds a model; `name` is the file's without `.sql`.
    pub fn add_model(&mut self, path: impl Into<String>, name: impl Into<String>, text: &str) {
        self.add(path.into(), text, Holds::Model(name.into()));
    }

    fn add(&mut self, path: String, text: &str, holds: Holds) {
        let is_first = holds == Holds::Lake;
        if !is_first && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let start = self.text.len();
        let unmarked = text.strip_prefix(BYTE_ORDER_MARK).filter(|_| !is_first);
        match unmarked {
            // It may stand at the beginning of the whole only.
            Some(rest) => self.text.extend([" ".repeat(BYTE_ORDER_MARK.len_utf8()).as_str(), rest]),
            None => self.text.push_str(text),
        }
        let place = start..self.text.len();
        self.files.push(File { path, place, holds, unmarked: unmarked.is_some() });
    }

    /// Each file with blocks as it was given, `lake.toml` first: which one it is, its path and its text.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, &str, Cow<'_, str>)> {
        let files = self.files.iter().enumerate();
        let files = files.filter(|(_, file)| !matches!(file.holds, Holds::Model(_)));
        files.map(|(index, file)| (index, file.path.as_str(), self.given(file)))
    }

    /// The files of models, in the order in which they were added.
    pub(crate) fn models(&self) -> impl Iterator<Item = ModelFile<'_>> {
        self.files.iter().filter_map(|file| match &file.holds {
            Holds::Model(name) => Some(ModelFile { name, place: file.place.clone() }),
            _ => None,
        })
    }

    /// The text of a file as it was given.
    fn given(&self, file: &File) -> Cow<'_, str> {
        let text = &self.text[file.place.clone()];
        let marked = || format!("{BYTE_ORDER_MARK}{}", &text[BYTE_ORDER_MARK.len_utf8()..]);
        if file.unmarked { marked().into() } else { text.into() }
    }

    /// The same files, with another path and text in the place of one of them.
    pub(crate) fn with(&self, index: usize, path: &str, text: &str) -> Self {
        let mut files = Self { files: Vec::new(), text: String::new() };
        for (place, file) in self.files.iter().enumerate() {
            match place == index {
                true => files.add(path.into(), text, file.holds.clone()),
                false => files.add(file.path.clone(), &self.given(file), file.holds.clone()),
            }
        }
        files
    }

    /// All texts, one after the other; places of diagnostics are ranges of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file of a diagnostic, and the diagnostic with its place in that file.
    pub fn locate(&self, fault: &Diagnostic) -> (Source<'_>, Diagnostic) {
        let file = self.file(fault.span.start);
        let local = |offset: usize| offset.clamp(file.place.start, file.place.end) - file.place.start;
        let span = local(fault.span.start)..local(fault.span.end);
        (self.source(file), Diagnostic { span, ..fault.clone() })
    }

    /// The picture for people, in the file that the fault is in.
    pub fn render(&self, fault: &Diagnostic, color: bool) -> String {
        let (source, fault) = self.locate(fault);
        fault.render(&source, color)
    }

    /// The diagnostic for machines.
    pub fn located<'a>(&'a self, fault: &'a Diagnostic) -> Located<'a> {
        let (source, local) = self.locate(fault);
        Located { line: local.line(&source), column: local.column(&source), ..fault.located(&source) }
    }

    /// Where a place is, for a message about another: `on line 3`, with the file where it is another.
    pub(crate) fn where_is(&self, place: &Range<usize>, seen_from: &Range<usize>) -> String {
        let file = self.file(place.start);
        let line = 1 + self.text[file.place.start..place.start].bytes().filter(|byte| *byte == b'\n').count();
        if file.place == self.file(seen_from.start).place {
            format!("on line {line}")
        } else {
            format!("on line {line} of `{}`", file.path)
        }
    }

    /// Reads each file by itself, which tells its faults from those of its neighbours, and joins
    /// those that hold what they may.
    pub(crate) fn join(&self, faults: &Faults) -> Joined {
        let mut joined = Joined { text: self.text.clone(), errors: Vec::new() };
        for file in &self.files {
            let block = match file.holds {
                Holds::Lake => None,
                Holds::Blocks(block) => Some(block),
                Holds::Model(_) => {
                    blank(&mut joined.text, file.place.clone());
                    continue;
                }
            };
            let (root, errors) = DeTable::parse_recoverable(&self.text[file.place.clone()]);
            let strange = block.map(|block| strangers(root.get_ref(), block)).unwrap_or_default();
            for key in &strange {
                faults.push(misplaced(key, file, block.unwrap_or_default()));
            }
            if !strange.is_empty() {
                blank(&mut joined.text, file.place.clone());
            }
            joined.errors.extend(errors.into_iter().map(|error| (file.place.start, error)));
        }
        joined
    }

    fn file(&self, offset: usize) -> &File {
        let behind = self.files.iter().rev().find(|file| file.place.start <= offset);
        #[allow(clippy::indexing_slicing, reason = "`new` adds the first file")]
        behind.unwrap_or(&self.files[0])
    }

    fn source<'a>(&'a self, file: &'a File) -> Source<'a> {
        Source { path: &file.path, text: &self.text[file.place.clone()] }
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The keys of a part that are not the one that may stand in it.
fn strangers<'a>(root: &'a DeTable<'a>, block: &str) -> Vec<Spanned<&'a str>> {
    let others = root.keys().filter(|key| key.get_ref() != block);
    others.map(|key| Spanned::new(key.span(), key.get_ref().as_ref())).collect()
}

fn misplaced(key: &Spanned<&str>, file: &File, block: &str) -> Diagnostic {
    let span = key.span().start + file.place.start..key.span().end + file.place.start;
    let title = format!("{} does not belong into `{}`", quote(key.get_ref()), file.path);
    let fault = Diagnostic::error(Code::UnknownKey, span, title);
    let fault = fault.label(format!("only `[[{block}]]` blocks stand in this file"));
    match *key.get_ref() {
        other @ ("table" | "zone") => {
            fault.help(format!("move the block to `lake.toml`, or to a file in `{other}s/`"))
        }
        "lake" | "env" | "schedule" | "aws" | "retention" | "alarms" | "backup" | "tags" | "version" => {
            fault.help("move it to `lake.toml`")
        }
        _ => fault.help(format!("begin with `[[{block}]]`, and write the keys below it")),
    }
}

/// Makes a range blank and keeps its lines.
fn blank(text: &mut String, range: Range<usize>) {
    let blanks: String =
        text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &blanks);
}

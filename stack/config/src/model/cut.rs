//! A model's file, cut in two: the header, a block comment that holds TOML, and the query behind it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::faults::Faults;
use crate::files::ModelFile;
use crate::{Code, Diagnostic, Files};

/// A model's file, cut.
pub struct Cut<'f> {
    /// What the model is called.
    pub name: Spanned<&'f str>,
    /// The query's text, with what parts it from the header.
    pub query: Range<usize>,
    /// TOML at the places of the whole text: blank but for what stands in the header.
    toml: String,
}

/// What the headers say; of a header that is no TOML, what can be read of it.
pub struct Header<'f> {
    /// The file.
    pub cut: &'f Cut<'f>,
    /// Its keys.
    pub root: Spanned<DeTable<'f>>,
}

/// Cuts the files of all models.
pub fn all<'f>(files: &'f Files, faults: &Faults) -> Vec<Cut<'f>> {
    files.models().filter_map(|file| cut(files.text(), &file, faults)).collect()
}

/// Reads their headers, and what in them is no TOML.
pub fn headers<'f>(cuts: &'f [Cut<'f>]) -> (Vec<Header<'f>>, Vec<(usize, Error)>) {
    let mut faults = Vec::new();
    let headers = cuts.iter().map(|cut| {
        let (root, errors) = DeTable::parse_recoverable(&cut.toml);
        faults.extend(errors.into_iter().map(|error| (0, error)));
        Header { cut, root }
    });
    (headers.collect(), faults)
}

fn cut<'f>(text: &str, file: &ModelFile<'f>, faults: &Faults) -> Option<Cut<'f>> {
    let own = &text[..file.place.end];
    let start = file.place.start + before_header(&own[file.place.start..]);
    let (header, query) = match own[start..].strip_prefix(OPENS) {
        None => (start..start, start),
        Some(rest) => {
            let opened = start + OPENS.len();
            let Some(length) = rest.find(CLOSES) else {
                faults.push(never_closed(start));
                return None;
            };
            (opened..opened + length, opened + length + CLOSES.len())
        }
    };
    let toml = " ".repeat(header.start) + &own[header];
    // A fault of the file as a whole is shown at the first thing that it says.
    let place = start..own[start..].find('\n').map_or(own.len(), |end| start + end);
    Some(Cut { name: Spanned::new(place, file.name), query: query..own.len(), toml })
}

const OPENS: &str = "/*";
const CLOSES: &str = "*/";

/// Blanks and comments of one line, which may stand above the header.
fn before_header(text: &str) -> usize {
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        rest = rest.find('\n').map_or("", |end| &rest[end..]).trim_start();
    }
    text.len() - rest.len()
}

fn never_closed(start: usize) -> Diagnostic {
    let fault =
        Diagnostic::error(Code::Sql, start..start + OPENS.len(), "the header of the model has no end");
    fault.label("the comment that begins here is never closed").help("close it with `*/`, above the query")
}

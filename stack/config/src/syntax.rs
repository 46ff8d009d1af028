//! Faults of TOML itself, and what of the other faults is worth showing beside them.
//!
//! Behind a syntax error the recovered document has holes. What then seems missing may well be
//! there, so only faults are kept that do not follow from an absence.

use std::ops::Range;

use toml::de::Error;

use crate::diagnostic::{line_of, quote};
use crate::{Code, Diagnostic, Severity};

/// Joins the syntax errors of a text, each with the offset that its place counts from, with its other faults, ordered by place.
pub fn join(text: &str, errors: &[(usize, Error)], mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let syntax: Vec<_> = errors.iter().map(|(offset, error)| fault(text, *offset, error)).collect();
    let broken = syntax.iter().any(|fault| fault.code == Code::Syntax);
    let lines: Vec<_> = syntax.iter().map(|fault| line_of(text, fault.span.start)).collect();
    found.retain(|fault| {
        let follows = broken && follows_from_holes(fault.code);
        !follows && !lines.contains(&line_of(text, fault.span.start))
    });
    let mut syntax = first_of_each_line(syntax, &lines);
    forgive_repeated_blocks(text, &mut syntax);
    found.extend(syntax);
    for fault in &mut found {
        fault.span = within(text, fault.span.clone());
    }
    found.sort_by_key(|fault| (fault.span.start, fault.severity == Severity::Warning));
    found
}

/// Recovery often stumbles on over the same line, and over every line of a bracket that is never
/// closed; its first complaint is the one that helps.
fn first_of_each_line(faults: Vec<Diagnostic>, lines: &[usize]) -> Vec<Diagnostic> {
    let stumbles = |index: usize, fault: &Diagnostic| {
        let before = &lines[..index];
        before.contains(&lines[index])
            || fault.title.contains(UNCLOSED) && before.iter().any(|line| line + 1 == lines[index])
    };
    let numbered = faults.into_iter().enumerate();
    numbered.filter(|(index, fault)| !stumbles(*index, fault)).map(|(_, fault)| fault).collect()
}

/// A block that is written twice repeats its keys too; the header says it all.
fn forgive_repeated_blocks(text: &str, faults: &mut Vec<Diagnostic>) {
    let headers =
        faults.iter().filter(|fault| fault.code == Code::DuplicateKey && is_header(text, &fault.span));
    let blocks: Vec<_> = headers
        .map(|header| {
            let rest = &text[header.span.end..];
            header.span.end..rest.find("\n[").map_or(text.len(), |length| header.span.end + length)
        })
        .collect();
    faults.retain(|fault| {
        fault.code != Code::DuplicateKey || !blocks.iter().any(|block| block.contains(&fault.span.start))
    });
}

fn is_header(text: &str, key: &Range<usize>) -> bool {
    let line = text[..key.start].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with('[')
}

fn follows_from_holes(code: Code) -> bool {
    matches!(
        code,
        Code::MissingKey | Code::Empty | Code::UnknownTable | Code::UnknownColumn | Code::NoSchedule
    )
}

fn fault(text: &str, offset: usize, error: &Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let span = within(text, span.start + offset..span.end + offset);
    let written = &text[span.clone()];
    match error.message() {
        "duplicate key" => duplicate(text, span),
        message => {
            let (label, help) = advice(message, written);
            let fault = Diagnostic::error(Code::Syntax, span, format!("this is no TOML: {message}"));
            Diagnostic { help, ..fault.label(label) }
        }
    }
}

fn duplicate(text: &str, span: Range<usize>) -> Diagnostic {
    let written = &text[span.clone()];
    let is_header = is_header(text, &span);
    let help = match written {
        "table" | "zone" if is_header => format!("write `[[{written}]]` with two brackets, once for each"),
        "layout" if is_header => "write `[[table.layout]]` with two brackets, once for each".into(),
        _ if is_header => "put the keys of both under one header".into(),
        _ => "leave one of them out".into(),
    };
    let fault = Diagnostic::error(Code::DuplicateKey, span, format!("{} is written twice", quote(written)));
    fault.label("it stands further up already").help(help)
}

/// What the parser's complaints about brackets and commas have in common.
const UNCLOSED: &str = "expected `,`";

/// The parser says what it expected; this says what its user most likely did.
fn advice(message: &str, written: &str) -> (&'static str, Option<String>) {
    if message.starts_with("string values must be quoted") {
        return ("a text stands in quotes", Some(format!("write `\"{}\"`", written.trim())));
    }
    if message.starts_with("invalid basic string") {
        return ("a text ends with a quote on its own line", Some("close it with `\"`".into()));
    }
    if message.starts_with("key with no value") {
        return ("a key has a value", Some("write `key = value`".into()));
    }
    if message.starts_with("missing escaped value") {
        let help = "write `\\\\` for a backslash, or put the text in single quotes";
        return ("a backslash begins an escape", Some(help.into()));
    }
    if message.contains(UNCLOSED) {
        let help = "put a comma between two values, and close every `{` and `[` further up";
        return ("a comma or a closing bracket is missing before this", Some(help.into()));
    }
    ("the fault is here", None)
}

/// The span, moved onto character boundaries within the text.
fn within(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.min(text.len())).max(start);
    start..end
}

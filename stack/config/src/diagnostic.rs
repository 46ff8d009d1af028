//! What is wrong with a file, where, and what to write instead: as data, and as a picture.
//!
//! A diagnostic does not hold the text it speaks of, so whoever shows it passes the [`Source`].

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

/// A file as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// How messages call it.
    pub path: &'a str,
    /// All of it, the same text that was parsed.
    pub text: &'a str,
}

/// Whether a lake can be made of the file all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// There is no lake.
    Error,
    /// There is one, and it may surprise its owner.
    Warning,
}

/// One fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Which kind of fault; stays the same when the words change.
    pub code: Code,
    /// Bytes of the text, on character boundaries.
    pub span: Range<usize>,
    /// What is wrong, in one sentence.
    pub title: String,
    /// Why, short enough to stand under the line.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A diagnostic for machines: what `--json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Located<'a> {
    /// The file, as messages call it.
    pub file: &'a str,
    /// Error or warning.
    pub severity: Severity,
    /// Which kind of fault, such as `unknown-key`.
    pub code: Code,
    /// The first line is 1.
    pub line: usize,
    /// In characters; the first is 1.
    pub column: usize,
    /// What is wrong.
    pub title: &'a str,
    /// Why.
    pub label: &'a str,
    /// What to write instead.
    pub help: Option<&'a str>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal,)*) => {
        /// The kinds of faults. Their names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $name)] $code,)*
        }

        impl Code {
            /// Every kind.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            /// The stable name, such as `unknown-key`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    /// The text is no TOML.
    Syntax = "syntax-error",
    /// A key or block is written twice.
    DuplicateKey = "duplicate-key",
    /// A key that the format does not know.
    UnknownKey = "unknown-key",
    /// A value of another type than the key's.
    WrongType = "wrong-type",
    /// A key or block that must be there is not.
    MissingKey = "missing-key",
    /// A version of the format that this tarn cannot read.
    UnknownVersion = "unknown-version",
    /// A name that breaks the rule of its kind.
    InvalidName = "invalid-name",
    /// A value of the right type that means nothing.
    InvalidValue = "invalid-value",
    /// A list or table that must hold something is empty.
    Empty = "empty",
    /// Two tables, zones or models of one name, a table twice in a zone, a column twice in a key.
    DuplicateName = "duplicate-name",
    /// A zone or a model names a table that the lake does not have.
    UnknownTable = "unknown-table",
    /// A key names a column that the table does not have.
    UnknownColumn = "unknown-column",
    /// Two keys that cannot both hold, or of which one makes the other mean nothing.
    Contradiction = "contradiction",
    /// A table may get a folder for nearly every row.
    ManyPartitions = "many-partitions",
    /// A model's file does not hold one query.
    Sql = "sql-error",
    /// A query says what the engine would not do.
    IgnoredSql = "ignored-sql",
    /// Models read each other, so that none can be the first.
    Circle = "circle",
    /// Two tables claim the same files.
    SameFiles = "same-files",
    /// A table has both `columns` and layouts.
    ColumnsAndLayouts = "columns-and-layouts",
    /// Two layouts begin on one day.
    SameDay = "same-day",
    /// A column changes its type between layouts.
    TypeChange = "type-change",
    /// A bucket's name would be longer than S3 allows.
    NameTooLong = "name-too-long",
    /// Nothing starts the pipeline.
    NoSchedule = "no-schedule",
    /// A protected environment has nobody to send a mail to.
    NobodyIsTold = "nobody-is-told",
    /// A protected environment does not say which account it belongs to.
    AnyAccount = "any-account",
    /// A secret stands in the file.
    Secret = "secret",
}

impl Diagnostic {
    pub(crate) fn error(code: Code, span: Range<usize>, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { severity: Severity::Error, code, span, title, label: String::new(), help: None }
    }

    pub(crate) fn warning(code: Code, span: Range<usize>, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, title) }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The line of the fault; the first is 1.
    pub fn line(&self, source: &Source) -> usize {
        line_of(source.text, self.span.start)
    }

    /// The column of the fault in characters; the first is 1.
    pub fn column(&self, source: &Source) -> usize {
        let before = source.text.get(..self.span.start).unwrap_or(source.text);
        before.chars().rev().take_while(|character| *character != '\n').count() + 1
    }

    /// The diagnostic with its line and column, ready to be serialised.
    pub fn located<'a>(&'a self, source: &Source<'a>) -> Located<'a> {
        Located {
            file: source.path,
            severity: self.severity,
            code: self.code,
            line: self.line(source),
            column: self.column(source),
            title: &self.title,
            label: &self.label,
            help: self.help.as_deref(),
        }
    }

    /// The picture for people: the line, the fault underlined, and what to write instead.
    pub fn render(&self, source: &Source, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let place = AnnotationKind::Primary.span(self.first_line(source.text)).label(self.label.as_str());
        let snippet = Snippet::source(self.without_secret(source.text)).path(source.path).annotation(place);
        let mut group = level.primary_title(self.title.as_str()).id(self.code.name()).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// The text as it may be shown: the rest of a line with a secret goes to no terminal and no log.
    fn without_secret<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some((before, rest)) =
            text.split_at_checked(self.span.start).filter(|_| self.code == Code::Secret)
        else {
            return Cow::Borrowed(text);
        };
        let (line, after) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
        Cow::Owned([before, &"*".repeat(line.len()), after].concat())
    }

    /// The span as far as its first line goes: the place is enough, a whole block would bury it.
    fn first_line(&self, text: &str) -> Range<usize> {
        let marked = text.get(self.span.clone()).unwrap_or_default();
        let length = marked.lines().next().map_or(0, |line| line.trim_end().len());
        self.span.start..self.span.start + length
    }
}

/// The line of a byte; the first is 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The user's own words as messages repeat them: in backticks, on one line, not endless.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.is_empty() {
        return "`\"\"`".into();
    }
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        match character {
            control if control.is_control() => shown.extend(control.escape_default()),
            plain => shown.push(plain),
        }
    }
    if text.chars().count() > LONGEST {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

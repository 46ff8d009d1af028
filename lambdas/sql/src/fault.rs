//! What is wrong with SQL, in words for whoever wrote it.

use std::fmt;
use std::ops::Range;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::common::diagnostic::Diagnostic;
use tarn_core::{Error as Failure, Kind};

use crate::store::Unreadable;

/// A fault of a model or of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty if nothing can be said.
    pub help: String,
    /// The bytes of the SQL that it is about, where they are known.
    pub place: Option<Range<usize>>,
}

/// Why SQL gave no answer.
#[derive(Debug)]
pub enum Error {
    /// The SQL, or what it makes of the data, is wrong: trying again does not help.
    Fault(Fault),
    /// Reading or writing failed.
    Failed(Failure),
}

/// The way out where a table cannot become what its model says.
pub(crate) const ANEW: &str = "to have it made from nothing, take its table out of gold's database in the catalog (in \
                               a folder, its `.pointer.json` below `catalog`), and the next run makes it";

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Fault {
    /// A fault about nothing in particular.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), place: None }
    }

    /// The same with its place.
    pub fn at(self, place: Option<Range<usize>>) -> Self {
        Self { place, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Fault(fault) => fault.fmt(f),
            Error::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Fault(_) => None,
            Error::Failed(failure) => failure.source(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Fault(fault)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Failed(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Fault(fault) => Failure::new(Kind::Invalid, fault.to_string()),
            Error::Failed(failure) => failure,
        }
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        of_datafusion(error, "")
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl From<iceberg::Error> for Error {
    fn from(error: iceberg::Error) -> Self {
        Failure::caused(Kind::Invalid, "the table's metadata make no sense", error).into()
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Failure::caused(Kind::Internal, "writing Parquet", error).into()
    }
}

/// An error of DataFusion about this SQL, sorted into what the SQL is to blame for and what not.
pub(crate) fn of_datafusion(error: DataFusionError, sql: &str) -> Error {
    if let Some(unreadable) = unreadable(&error) {
        return Error::Failed(Failure::new(unreadable.kind, unreadable.what.clone()));
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => Error::Failed(Failure::new(
            Kind::Invalid,
            format!("the query needs more memory than it may take: {}", first_line(message)),
        )),
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => {
            Error::Failed(Failure::caused(Kind::Unavailable, "reading or spilling data", error))
        }
        DataFusionError::Internal(_) => {
            Error::Failed(Failure::caused(Kind::Internal, "DataFusion contradicts itself", error))
        }
        DataFusionError::ArrowError(arrow, _) if is_about_a_value(arrow) => {
            Error::Fault(Fault::new(of_value(arrow), VALUE_HELP))
        }
        DataFusionError::Execution(_) => {
            let fault = fault_of(&error, sql);
            Error::Fault(Fault { message: without_quoted(&fault.message), ..fault })
        }
        _ => Error::Fault(fault_of(&error, sql)),
    }
}

const VALUE_HELP: &str = "use `try_cast`, `nullif` or a condition for values that do not fit";

/// Messages go into logs, reports and mails, and Arrow's have the value in them.
fn is_about_a_value(error: &ArrowError) -> bool {
    use ArrowError::{
        ArithmeticOverflow, CastError, ComputeError, DivideByZero, InvalidArgumentError, ParseError,
    };
    matches!(
        error,
        ArithmeticOverflow(_)
            | CastError(_)
            | ComputeError(_)
            | DivideByZero
            | InvalidArgumentError(_)
            | ParseError(_)
    )
}

fn of_value(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::DivideByZero => "a row divides by zero",
        ArrowError::ArithmeticOverflow(_) => "a number of a row is too large for its type",
        ArrowError::ParseError(_) => "a text of a row cannot be read as what the SQL makes of it",
        ArrowError::CastError(_) => "a value of a row cannot be cast to the type that the SQL says",
        _ => "a value of a row is none that the SQL can compute with",
    }
}

/// The same with nothing between single quotes.
fn without_quoted(text: &str) -> String {
    let parts: Vec<&str> = text.split('\'').collect();
    let shown = parts.iter().enumerate().map(|(nth, part)| if nth % 2 == 1 { "..." } else { *part });
    shown.collect::<Vec<_>>().join("'")
}

fn fault_of(error: &DataFusionError, sql: &str) -> Fault {
    if let Some(diagnostic) = error.diagnostic() {
        return of_diagnostic(diagnostic, error, sql);
    }
    let message = readable(&error.strip_backtrace());
    if ["would be ambiguous", "require unique expression names"].iter().any(|words| message.contains(words)) {
        return Fault::new(format!("two columns have one name: {message}"), "name one with `as`");
    }
    let place = place_in_text(&message, sql);
    Fault { message, help: String::new(), place }
}

fn of_diagnostic(diagnostic: &Diagnostic, error: &DataFusionError, sql: &str) -> Fault {
    let place = diagnostic.span.map(|span| {
        let start = offset(sql, span.start.line, span.start.column);
        start..offset(sql, span.end.line, span.end.column).max(start)
    });
    let said = diagnostic.helps.iter().map(|help| help.message.clone());
    let noted = diagnostic.notes.iter().map(|note| note.message.clone());
    let help = said.chain(noted).map(|text| readable(&text)).collect::<Vec<_>>().join("; ");
    let message = readable(&diagnostic.message);
    let message = if message.is_empty() { readable(&error.strip_backtrace()) } else { message };
    Fault { message, help, place: place.filter(|place| place.end <= sql.len()) }
}

/// DataFusion says which kind of error it is, once for each layer, and calls tables by catalog and
/// schema.
fn readable(text: &str) -> String {
    const LAYERS: [&str; 12] = [
        "DataFusion error: ",
        "Error during planning: ",
        "Schema error: ",
        "SQL error: ",
        "Execution error: ",
        "Arrow error: ",
        "Optimizer rule 'type_coercion' failed",
        "type_coercion",
        "caused by",
        "External error: ",
        "This feature is not implemented: ",
        "Invalid argument error: ",
    ];
    let mut text = text.replace("datafusion.public.", "");
    for layer in LAYERS {
        text = text.replace(layer, "");
    }
    let text = text.replace("ParserError(\"", "").replace("\")", "");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").trim_end_matches('.').to_owned()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The place that the parser tells in words: `at Line: 3, Column: 8`.
fn place_in_text(message: &str, sql: &str) -> Option<Range<usize>> {
    let (_, behind) = message.split_once("Line: ")?;
    let (line, behind) = behind.split_once(", Column: ")?;
    let column: String = behind.chars().take_while(char::is_ascii_digit).collect();
    let start = offset(sql, line.trim().parse().ok()?, column.parse().ok()?);
    let word = sql.get(start..)?.chars().take_while(|c| c.is_alphanumeric() || *c == '_');
    let length: usize = word.map(char::len_utf8).sum();
    Some(start..(start + length.max(1)).min(sql.len()))
}

/// The byte of a line and a column, both of which begin with 1; columns are characters.
fn offset(sql: &str, line: u64, column: u64) -> usize {
    let before: usize = sql.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = sql.get(before..).unwrap_or_default();
    let inside: usize = rest.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
    before + inside
}

/// The error of our own store, if that is what it is about.
fn unreadable<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Unreadable> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Unreadable>() {
            return Some(found);
        }
        if let Some(DataFusionError::Shared(shared)) = error.downcast_ref::<DataFusionError>() {
            return unreadable(shared.as_ref());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_bytes() {
        let sql = "select\n  'ü', x\nfrom t";
        assert_eq!(&sql[offset(sql, 2, 8)..], "x\nfrom t");
        assert_eq!(offset(sql, 1, 1), 0);
        assert_eq!(offset(sql, 9, 9), sql.len());
    }

    #[test]
    fn no_value_of_a_row_is_told() {
        let cast = || ArrowError::CastError("Cannot cast string 'Smith' to value of Int32 type".into());
        let told = [
            Error::from(cast()),
            Error::from(ArrowError::ParseError("Error parsing timestamp from 'Smith'".into())),
            of_datafusion(DataFusionError::Execution("Error parsing 'Smith' as a date".into()), ""),
            of_datafusion(DataFusionError::ArrowError(Box::new(cast()), None).context("projecting"), ""),
        ];
        for error in told {
            assert!(!error.to_string().contains("Smith"), "{error}");
        }
    }

    #[test]
    fn the_place_that_a_parser_tells_is_found() {
        let sql = "select a\nfrm t";
        let place = place_in_text("Expected: end of statement, found: t at Line: 2, Column: 5", sql).unwrap();
        assert_eq!(&sql[place], "t");
    }
}

//! The one place that prints. Results go to standard output, everything else to standard error;
//! anstream takes colours away where NO_COLOR, a pipe or a dumb terminal asks for it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

/// A text in a style.
pub fn styled(text: impl Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// A line of the result.
pub fn result(line: impl Display) {
    // A reader that has gone away, such as `head`, is no reason to panic.
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// The result as JSON.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => result(text),
        Err(cause) => error(format!("the result cannot be written as JSON: {cause}")),
    }
}

/// A line about what goes on.
pub fn note(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// An error.
pub fn error(message: impl Display) {
    note(format!("{}: {message}", styled("error", BAD)));
}

/// A warning.
pub fn warning(message: impl Display) {
    note(format!("{}: {message}", styled("warning", AnsiColor::Yellow.on_default().bold())));
}

/// A way out.
pub fn hint(message: impl Display) {
    note(format!("{}: {message}", styled("hint", AnsiColor::Cyan.on_default().bold())));
}

/// Whether standard error is watched by a person.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether standard error shows colours.
pub fn shows_colours() -> bool {
    use anstream::ColorChoice;
    anstream::AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

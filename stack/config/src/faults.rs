//! The heap that every reader throws its faults on.
//!
//! Readers share it by `&`, so that a fault can be recorded wherever it is seen and reading goes
//! on: a value with faults may be incomplete, and [`crate::parse`] hands none out that has any.

use std::cell::RefCell;
use std::ops::Range;

use crate::diagnostic::line_of;
use crate::{Diagnostic, Files};

/// The faults found so far in the files of a project.
pub struct Faults<'a> {
    files: &'a Files,
    found: RefCell<Vec<Diagnostic>>,
}

impl<'a> Faults<'a> {
    /// No faults yet.
    pub fn new(files: &'a Files) -> Self {
        Self { files, found: RefCell::default() }
    }

    /// Records one.
    pub fn push(&self, fault: Diagnostic) {
        self.found.borrow_mut().push(fault);
    }

    /// Where a place is, such as `on line 3`, for a message about another.
    pub fn where_is(&self, span: &Range<usize>, seen_from: &Range<usize>) -> String {
        self.files.where_is(span, seen_from)
    }

    /// Whether two places are on one line.
    pub fn on_one_line(&self, one: &Range<usize>, other: &Range<usize>) -> bool {
        line_of(self.files.text(), one.start) == line_of(self.files.text(), other.start)
    }

    /// What the user wrote at a place.
    pub fn written(&self, span: &Range<usize>) -> &'a str {
        self.files.text().get(span.clone()).unwrap_or_default()
    }

    /// All of them, as they were found.
    pub fn into_inner(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }
}

//! The heap that every reader throws its faults on.
//!
//! Readers share it by `&`, so that a fault can be recorded wherever it is seen and reading goes
//! on: a value with faults may be incomplete, and [`crate::parse`] hands none out that has any.

use std::cell::RefCell;
use std::ops::Range;

use crate::Diagnostic;
use crate::diagnostic::line_of;

/// The faults found so far in one text.
pub struct Faults<'a> {
    text: &'a str,
    found: RefCell<Vec<Diagnostic>>,
}

impl<'a> Faults<'a> {
    /// No faults yet.
    pub fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Records one.
    pub fn push(&self, fault: Diagnostic) {
        self.found.borrow_mut().push(fault);
    }

    /// The line of a place, for messages about two places.
    pub fn line(&self, span: &Range<usize>) -> usize {
        line_of(self.text, span.start)
    }

    /// What the user wrote at a place.
    pub fn written(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// All of them, as they were found.
    pub fn into_inner(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }
}

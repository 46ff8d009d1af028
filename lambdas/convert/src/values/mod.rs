//! From a field's bytes to a typed value, one file for each family of types.
//!
//! A parser gets trimmed bytes that are not empty, and says nothing but yes or no: the message is
//! the same for every refusal of a type, and failing must be cheap.

mod calendar;
mod comma;
mod date;
mod decimal;
mod float;
mod numbers;
mod pattern;
mod timestamp;

pub(crate) use comma::Comma;
pub(crate) use date::Dates;
pub(crate) use decimal::Decimals;
pub(crate) use numbers::{Bools, Floats32, Floats64, Ints32, Ints64};
pub(crate) use pattern::{BadPattern, Pattern};
pub(crate) use timestamp::Timestamps;

/// A parser of one type.
pub(crate) trait Parse: Send {
    /// What the column stores.
    type Value: Copy + Send;

    /// The value, or `None` when the text is none of the type.
    fn parse(&self, text: &[u8]) -> Option<Self::Value>;

    /// The same for a field in its text, as it stands there. It may say `None` of a field that
    /// needs a second look, and it may read what stands around the field.
    #[inline]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<Self::Value> {
        self.parse(trimmed(text.get(start..end)?))
    }
}

/// The text without the spaces and tabs around it.
#[inline]
pub(crate) fn trimmed(text: &[u8]) -> &[u8] {
    match text {
        [b' ' | b'\t', ..] | [.., b' ' | b'\t'] => trim(text),
        _ => text,
    }
}

#[cold]
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

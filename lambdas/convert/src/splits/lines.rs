//! Counts line breaks in pieces: LF, CR, and the two together as one, also across pieces.

use serde::{Deserialize, Serialize};

use crate::rows;

/// The line breaks of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lines {
    breaks: u64,
    /// The first byte is an LF: with a CR before the text it is no line break of its own.
    begins_with_lf: bool,
    ends_with_cr: bool,
    is_empty: bool,
}

impl Lines {
    pub const NONE: Self = Self { breaks: 0, begins_with_lf: false, ends_with_cr: false, is_empty: true };

    pub fn of(text: &[u8]) -> Self {
        Self {
            breaks: rows::line_breaks(text),
            begins_with_lf: text.first() == Some(&b'\n'),
            ends_with_cr: text.last() == Some(&b'\r'),
            is_empty: text.is_empty(),
        }
    }

    /// The same where only LF ends a line.
    pub fn of_feeds(text: &[u8]) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text).count() as u64;
        Self { breaks, begins_with_lf: false, ends_with_cr: false, is_empty: text.is_empty() }
    }

    pub fn breaks(self) -> u64 {
        self.breaks
    }

    /// Those of both texts, one behind the other.
    pub fn then(self, next: Self) -> Self {
        if self.is_empty || next.is_empty {
            return if self.is_empty { next } else { self };
        }
        Self {
            breaks: self.breaks + next.breaks - u64::from(self.ends_with_cr && next.begins_with_lf),
            begins_with_lf: self.begins_with_lf,
            ends_with_cr: next.ends_with_cr,
            is_empty: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_wherever_a_text_is_cut() {
        let text = b"a\nb\r\n\r\n\n\r\r\nc\r\"\n";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]].map(Lines::of);
                let sum = pieces.into_iter().fold(Lines::NONE, Lines::then);
                assert_eq!(sum, Lines::of(text), "{first} {second}");
            }
        }
        assert_eq!(Lines::of(text).breaks(), 8);
    }
}

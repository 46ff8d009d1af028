//! What stands around fields, and how it is written inside of them.

use std::borrow::Cow;

use tarn_lake::{Csv, Escape, Format};

/// How fields are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoting {
    /// With `None` no byte is a quote.
    pub quote: Option<u8>,
    pub escape: Escape,
}

impl Quoting {
    /// The declared one; its quote is one byte, which who makes a dialect has checked. In JSON none is
    /// left: who reads it has taken them off.
    pub fn of(csv: &Csv) -> Self {
        let quote = csv.quote.filter(|_| csv.format == Format::Csv);
        let quote = quote.and_then(|quote| u8::try_from(quote).ok());
        Self { quote, escape: csv.escape }
    }

    /// Whether a backslash makes the byte behind it that byte and nothing else, inside of quotes
    /// and outside of them.
    #[inline]
    pub fn has_backslashes(self) -> bool {
        self.escape == Escape::Backslash
    }

    /// Whether a byte behind a quote says that the quote is meant.
    #[inline]
    pub fn doubles(self, byte: u8) -> bool {
        self.escape == Escape::Doubled && self.quote == Some(byte)
    }

    /// The text that a field means. `quoted` says that it stood in quotes, which are not part of it.
    pub fn meant(self, field: &[u8], quoted: bool) -> Cow<'_, [u8]> {
        match self.quote {
            _ if self.has_backslashes() => without(b'\\', field),
            Some(quote) if quoted => without(quote, field),
            _ => field.into(),
        }
    }
}

/// The text without the bytes that only say that the next one, whichever it is, is meant. One at
/// the end has none to speak of, and stays.
fn without(escape: u8, text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(escape, text) else { return text.into() };
    let mut meant = Vec::with_capacity(text.len());
    let (plain, mut rest) = text.split_at(first);
    meant.extend_from_slice(plain);
    while let [_, next, after @ ..] = rest {
        meant.push(*next);
        let plain = memchr::memchr(escape, after).unwrap_or(after.len());
        meant.extend_from_slice(after.get(..plain).unwrap_or_default());
        rest = after.get(plain..).unwrap_or_default();
    }
    meant.extend_from_slice(rest);
    meant.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_means_what_its_dialect_says() {
        let cases: &[(Option<u8>, Escape, bool, &str, &str)] = &[
            (Some(b'"'), Escape::Doubled, true, r#"a""b"#, r#"a"b"#),
            (Some(b'"'), Escape::Doubled, true, r#""""""#, r#""""#),
            (Some(b'"'), Escape::Doubled, false, r#"5" a""b"#, r#"5" a""b"#),
            (Some(b'\''), Escape::Doubled, true, r#"it''s ""x"""#, r#"it's ""x"""#),
            (None, Escape::Doubled, false, r#"a""\b"#, r#"a""\b"#),
            (Some(b'"'), Escape::Backslash, true, r#"\"a\\\n\"#, r#""a\n\"#),
            (Some(b'"'), Escape::Backslash, false, r"a\,b", "a,b"),
            (None, Escape::Backslash, false, r"\\\\", r"\\"),
        ];
        for (quote, escape, quoted, field, wanted) in cases {
            let meant =
                Quoting { quote: *quote, escape: *escape }.meant(field.as_bytes(), *quoted).into_owned();
            assert_eq!(String::from_utf8(meant).unwrap(), *wanted, "{field}");
        }
    }
}

//! Keys on the wire. A key is any UTF-8, and neither a URL nor XML 1.0 can carry all of that.

use aws_sdk_s3::types::EncodingType;
use tarn_core::{Error, Kind, Result};

/// How the names of one listing are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As they are.
    Plain,
    /// As in a form of a web page: percent signs, and `+` for a space.
    Url,
}

impl Spelling {
    /// What the answer says of itself; what was asked for is not always what comes.
    pub(super) fn of(answered: Option<&EncodingType>) -> Self {
        if answered == Some(&EncodingType::Url) { Self::Url } else { Self::Plain }
    }

    /// A name of the listing, decoded.
    pub(super) fn read(self, name: String) -> Result<String> {
        match self {
            Self::Plain => Ok(name),
            Self::Url => decoded(&name).ok_or_else(|| {
                Error::new(Kind::Internal, format!("S3 listed a key that cannot be decoded: `{name}`"))
            }),
        }
    }
}

/// Percent-encodes a key for the copy-source header, which is a URL path: everything but letters,
/// digits, `-_.~` and `/`.
pub(super) fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(byte as char)
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Whether XML 1.0 can carry the key: <https://www.w3.org/TR/xml/#charsets>.
pub(super) fn fits_xml(key: &str) -> bool {
    key.chars().all(|character| match character {
        '\t' | '\n' | '\r' => true,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    })
}

fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                bytes.push(hexadecimal(digits[0])? << 4 | hexadecimal(digits[1])?);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: &str = "a/b c+d%20\n\r\t\u{1}\u{1f}~ü\u{1f30a}\u{ffff}";

    #[test]
    fn a_copy_source_is_encoded_byte_by_byte() {
        assert_eq!(encoded("a/b c+d%ü"), "a/b%20c%2Bd%25%C3%BC");
    }

    #[test]
    fn what_a_listing_encodes_is_decoded() {
        for (written, key) in [
            ("a/b.csv", "a/b.csv"),
            ("a+b%2Bc%20d", "a b+c d"),
            ("100%25%0A%01", "100%\n\u{1}"),
            ("%F0%9F%8C%8a", "\u{1f30a}"),
            (encoded(AWKWARD).as_str(), AWKWARD),
        ] {
            assert_eq!(Spelling::Url.read(written.into()).unwrap(), key, "{written}");
            assert_eq!(Spelling::Plain.read(written.into()).unwrap(), written);
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_told_and_never_taken_for_a_key() {
        for broken in ["%", "a%2", "%zz", "%+1", "%FF", "%C3"] {
            let error = Spelling::Url.read(broken.into()).unwrap_err();
            assert!(error.to_string().contains(broken), "{error}");
        }
    }

    #[test]
    fn a_listing_says_itself_how_it_is_written() {
        assert_eq!(Spelling::of(Some(&EncodingType::Url)), Spelling::Url);
        assert_eq!(Spelling::of(None), Spelling::Plain);
    }

    #[test]
    fn xml_carries_all_but_a_few_characters() {
        for (key, fits) in [
            ("a b\n\r\t<&>\u{85}\u{2028}\u{1f30a}\u{fffd}", true),
            ("\u{0}", false),
            ("\u{b}", false),
            ("\u{1f}", false),
            ("\u{fffe}", false),
            ("\u{ffff}", false),
        ] {
            assert_eq!(fits_xml(key), fits, "{key:?}");
        }
    }
}

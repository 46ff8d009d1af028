//! Backslashes in strings, and the characters that they stand for.

/// What a string with sound escapes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    /// Half of a pair that makes one character, or a NUL: columns must look at it.
    Suspect,
}

/// Stands for half of a pair: no UTF-8 text holds this byte.
const MALFORMED: u8 = 0xff;

/// What an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Character(char),
    LoneSurrogate,
}

/// What a string holds; `None` if an escape is none that JSON knows.
pub(super) fn content(raw: &[u8]) -> Option<Content> {
    let mut found = Content::Text;
    let mut rest = raw;
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        rest = rest.get(backslash..)?;
        let (meaning, length) = escape(rest)?;
        if matches!(meaning, Meaning::LoneSurrogate | Meaning::Character('\0')) {
            found = Content::Suspect;
        }
        rest = rest.get(length..)?;
    }
    Some(found)
}

/// The length of the escape at the front of a text; `None` if it is none.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    escape(text).map(|(_, length)| length)
}

/// A string in which escapes are resolved.
pub(crate) fn resolved(raw: &[u8]) -> Vec<u8> {
    let mut text = raw.to_vec();
    let length = resolve(&mut text);
    text.truncate(length);
    text
}

/// Puts characters in the place of their escapes, and gives the new length, which is never greater.
/// Half of a pair becomes [`MALFORMED`]; an escape that is none stays as it is.
pub(super) fn resolve(text: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(byte) = text.get(from).copied() {
        let mut utf8 = [byte, 0, 0, 0];
        let (kept, length) = match text.get(from..).filter(|_| byte == b'\\').and_then(escape) {
            None => (1, 1),
            Some((Meaning::LoneSurrogate, length)) => {
                utf8 = [MALFORMED, 0, 0, 0];
                (1, length)
            }
            Some((Meaning::Character(character), length)) => (character.encode_utf8(&mut utf8).len(), length),
        };
        for (place, byte) in text.iter_mut().skip(to).zip(utf8).take(kept) {
            *place = byte;
        }
        to += kept;
        from += length;
    }
    to
}

/// The escape at the front of a text: what it stands for, and its length.
fn escape(text: &[u8]) -> Option<(Meaning, usize)> {
    let [b'\\', kind, rest @ ..] = text else { return None };
    let character = match kind {
        b'"' | b'\\' | b'/' => char::from(*kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(rest),
        _ => return None,
    };
    Some((Meaning::Character(character), 2))
}

/// What follows `\u`: one unit of UTF-16, or two that belong together.
fn unicode(text: &[u8]) -> Option<(Meaning, usize)> {
    let first = unit(text)?;
    let second = text.get(4..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(unit);
    if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, second) {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        return char::from_u32(code).map(|character| (Meaning::Character(character), 12));
    }
    Some((char::from_u32(first).map_or(Meaning::LoneSurrogate, Meaning::Character), 6))
}

/// Four hexadecimal digits.
fn unit(text: &[u8]) -> Option<u32> {
    let digits: &[u8; 4] = text.first_chunk()?;
    digits.iter().try_fold(0, |unit, byte| Some(unit << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(raw: &str) -> String {
        String::from_utf8(resolved(raw.as_bytes())).unwrap()
    }

    #[test]
    fn escapes_become_their_characters() {
        for (raw, wanted) in [
            ("plain", "plain"),
            (r#"\"\\\/"#, "\"\\/"),
            (r"\b\f\n\r\t", "\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u20AC", "Aé€"),
            (r"a\ud83d\ude00b", "a😀b"),
            (r"\\n", "\\n"),
            (r"\\\n", "\\\n"),
            ("é\\né", "é\né"),
        ] {
            assert_eq!(content(raw.as_bytes()), Some(Content::Text), "{raw}");
            assert_eq!(text_of(raw), wanted, "{raw}");
            let judge: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
            assert_eq!(judge, wanted);
        }
    }

    #[test]
    fn what_no_column_can_take_is_told() {
        for (raw, found) in [
            (r"\ud800", Some(Content::Suspect)),
            (r"\udc00\ud800", Some(Content::Suspect)),
            (r"\ud800x\udc00", Some(Content::Suspect)),
            (r"\ud800\ud800\udc00", Some(Content::Suspect)),
            (r"\ud800\u00", None),
            (r"\u0000", Some(Content::Suspect)),
            (r"\u0000\ud800", Some(Content::Suspect)),
            (r"\x41", None),
            (r"\u12g4", None),
            (r"\u+123", None),
            (r"\U0041", None),
            (r"\", None),
            (r"\'", None),
        ] {
            assert_eq!(content(raw.as_bytes()), found, "{raw}");
            let text = resolved(raw.as_bytes());
            let malformed = raw.to_ascii_lowercase().contains("\\ud");
            assert_eq!(text.contains(&MALFORMED), malformed, "{raw}");
        }
    }
}

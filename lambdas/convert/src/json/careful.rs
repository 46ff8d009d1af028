//! Reads one line with care: the grammar of RFC 8259 to the letter, byte by byte, and what is wrong
//! where. It is the slow path beside `walk`, and the judge of what is an object.

use std::ops::Range;

use super::{escapes, number};

/// Objects and lists inside one another; the line's own object counts.
pub(super) const MOST_NESTED: usize = 128;

/// What is wrong with a line, without the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// It begins with something else than `{`.
    #[error("it begins with something else than `{{`")]
    NotAnObject,
    /// Something is there that cannot be.
    #[error("an unexpected character")]
    Unexpected,
    /// The line ends before the object does.
    #[error("the line ends before the object does")]
    Ended,
    /// The line ends inside a string.
    #[error("a string that is not closed")]
    OpenString,
    /// A control character stands in a string as it is.
    #[error("a control character in a string that is not escaped")]
    ControlCharacter,
    /// A backslash and something that it does not escape.
    #[error("an escape that JSON does not know")]
    UnknownEscape,
    /// A number that is not written as JSON writes them.
    #[error("a number that is not written as in JSON")]
    BadNumber,
    /// `NaN`, `None`, `undefined`, a key without quotes.
    #[error("a word that JSON does not know")]
    UnknownWord,
    /// A comma, and nothing behind it.
    #[error("a comma with nothing behind it")]
    TrailingComma,
    /// `//` or `/*`.
    #[error("a comment, which JSON does not have")]
    Comment,
    /// A second value, or something else.
    #[error("something behind the end of the object")]
    Behind,
    /// Objects and lists inside one another.
    #[error("objects and lists more than {MOST_NESTED} deep")]
    TooDeep,
}

/// A fault and the byte it is at, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub what: JsonFault,
    pub at: usize,
}

/// A key and its value, by their places in the line.
pub(crate) struct Member {
    /// Everything between the brace or comma before the key and its colon.
    pub written: Range<usize>,
    /// Without its quotes.
    pub key: Range<usize>,
    pub value: Value,
}

/// A value by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// A number, `true` or `false`.
    Scalar(Range<usize>),
    /// Without its quotes.
    Text {
        range: Range<usize>,
        escaped: bool,
    },
    /// An object or a list.
    Nested(Range<usize>),
}

type Read<T> = Result<T, Fault>;

/// Reads a line that is one object, member by member.
pub(crate) fn object(line: &[u8], member: &mut dyn FnMut(Member)) -> Read<()> {
    let mut cursor = Cursor { text: line, at: 0 };
    cursor.skip_space();
    if cursor.peek() != Some(b'{') {
        return cursor.fault(JsonFault::NotAnObject);
    }
    cursor.members(1, member)?;
    cursor.skip_space();
    if cursor.peek().is_some() { cursor.fault(JsonFault::Behind) } else { Ok(()) }
}

/// Where the object or list ends that begins at a place inside the line's object; `None` if it is
/// faulty.
pub(super) fn end_of_nested(text: &[u8], at: usize) -> Option<usize> {
    let mut cursor = Cursor { text, at };
    cursor.nested(2).ok()?;
    Some(cursor.at)
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fault<T>(&self, what: JsonFault) -> Read<T> {
        Err(Fault { what, at: self.at })
    }

    /// What stands where something else must.
    fn unexpected<T>(&self) -> Read<T> {
        self.fault(match self.peek() {
            None => JsonFault::Ended,
            Some(b'/') => JsonFault::Comment,
            Some(b'a'..=b'z' | b'A'..=b'Z') => JsonFault::UnknownWord,
            Some(b'+' | b'.') => JsonFault::BadNumber,
            Some(_) => JsonFault::Unexpected,
        })
    }

    /// The members of the object that begins here.
    fn members(&mut self, depth: usize, member: &mut dyn FnMut(Member)) -> Read<()> {
        self.elements(depth, b'}', &mut |cursor, from| {
            let (key, _) = cursor.string()?;
            cursor.skip_space();
            if cursor.peek() != Some(b':') {
                return cursor.unexpected();
            }
            let written = from..cursor.at;
            cursor.at += 1;
            let value = cursor.value(depth)?;
            member(Member { written, key, value });
            Ok(())
        })
    }

    /// What stands between a bracket and its counterpart, with commas between. An element is told
    /// where the bracket or comma before it ends.
    fn elements(
        &mut self,
        depth: usize,
        close: u8,
        element: &mut dyn FnMut(&mut Self, usize) -> Read<()>,
    ) -> Read<()> {
        if depth > MOST_NESTED {
            return self.fault(JsonFault::TooDeep);
        }
        let mut comma = None;
        loop {
            self.at += 1;
            let from = self.at;
            self.skip_space();
            match (self.peek(), comma) {
                (Some(byte), None) if byte == close => break,
                (Some(b'}' | b']'), Some(at)) => return Err(Fault { what: JsonFault::TrailingComma, at }),
                _ => element(self, from)?,
            }
            self.skip_space();
            match self.peek() {
                Some(b',') => comma = Some(self.at),
                Some(byte) if byte == close => break,
                _ => return self.unexpected(),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let (range, escaped) = self.string()?;
                Ok(Value::Text { range, escaped })
            }
            Some(b'{' | b'[') => {
                self.nested(depth + 1)?;
                Ok(Value::Nested(start..self.at))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            _ => self.unexpected(),
        }
    }

    fn nested(&mut self, depth: usize) -> Read<()> {
        if self.peek() == Some(b'{') {
            return self.members(depth, &mut |_| {});
        }
        self.elements(depth, b']', &mut |cursor, _| cursor.value(depth).map(drop))
    }

    fn number(&mut self) -> Read<Value> {
        let end = number::end(self.text, self.at);
        match end.filter(|end| self.text.get(*end).is_none_or(|byte| ends_value(*byte))) {
            Some(end) => Ok(Value::Scalar(std::mem::replace(&mut self.at, end)..end)),
            None => self.fault(JsonFault::BadNumber),
        }
    }

    fn word(&mut self) -> Read<Value> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| ends_value(*byte)).unwrap_or(rest.len());
        let (start, end) = (self.at, self.at + length);
        let value = match rest.get(..length) {
            Some(b"null") => Value::Null,
            Some(b"true" | b"false") => Value::Scalar(start..end),
            _ => return self.fault(JsonFault::UnknownWord),
        };
        self.at = end;
        Ok(value)
    }

    /// The string that begins here, without its quotes, and whether it holds escapes.
    fn string(&mut self) -> Read<(Range<usize>, bool)> {
        if self.peek() != Some(b'"') {
            return self.unexpected();
        }
        let open = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Fault { what: JsonFault::OpenString, at: open }),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    match escapes::length(rest) {
                        Some(length) => self.at += length,
                        None => return self.fault(JsonFault::UnknownEscape),
                    }
                }
                Some(0..=0x1f) => return self.fault(JsonFault::ControlCharacter),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok((open + 1..self.at - 1, escaped))
    }
}

fn ends_value(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b',' | b'}' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: &str) -> Option<(JsonFault, usize)> {
        object(line.as_bytes(), &mut |_| {}).err().map(|fault| (fault.what, fault.at))
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        for (line, what, at) in [
            ("[1]", JsonFault::NotAnObject, 0),
            (" 7", JsonFault::NotAnObject, 1),
            ("a,b", JsonFault::NotAnObject, 0),
            (r#"{"a":1"#, JsonFault::Ended, 6),
            (r#"{"a""#, JsonFault::Ended, 4),
            ("{", JsonFault::Ended, 1),
            (r#"{"a":[1,"#, JsonFault::Ended, 8),
            (r#"{"a":"b}"#, JsonFault::OpenString, 5),
            (r#"{"a":"b\"}"#, JsonFault::OpenString, 5),
            ("{\"a\":\"b\tc\"}", JsonFault::ControlCharacter, 7),
            (r#"{"a":"\x"}"#, JsonFault::UnknownEscape, 6),
            (r#"{"a":"\u12"}"#, JsonFault::UnknownEscape, 6),
            (r#"{"a":01}"#, JsonFault::BadNumber, 5),
            (r#"{"a":1.}"#, JsonFault::BadNumber, 5),
            (r#"{"a":+1}"#, JsonFault::BadNumber, 5),
            (r#"{"a":.5}"#, JsonFault::BadNumber, 5),
            (r#"{"a":-Infinity}"#, JsonFault::BadNumber, 5),
            (r#"{"a":NaN}"#, JsonFault::UnknownWord, 5),
            (r#"{"a":True}"#, JsonFault::UnknownWord, 5),
            (r#"{"a":nul}"#, JsonFault::UnknownWord, 5),
            (r#"{a:1}"#, JsonFault::UnknownWord, 1),
            (r#"{'a':1}"#, JsonFault::Unexpected, 1),
            (r#"{"a":'b'}"#, JsonFault::Unexpected, 5),
            (r#"{"a" 1}"#, JsonFault::Unexpected, 5),
            (r#"{"a":1 "b":2}"#, JsonFault::Unexpected, 7),
            (r#"{"a":1,}"#, JsonFault::TrailingComma, 6),
            (r#"{"a":[1,]}"#, JsonFault::TrailingComma, 7),
            (r#"{,"a":1}"#, JsonFault::Unexpected, 1),
            (r#"{"a":1,,"b":2}"#, JsonFault::Unexpected, 7),
            (r#"{"a":}"#, JsonFault::Unexpected, 5),
            (r#"{"a":[1}}"#, JsonFault::Unexpected, 7),
            (r#"{"a":1]"#, JsonFault::Unexpected, 6),
            (r#"{"a":1} // note"#, JsonFault::Behind, 8),
            (r#"{"a":/* note */1}"#, JsonFault::Comment, 5),
            (r#"{"a":1}{"a":2}"#, JsonFault::Behind, 7),
            (r#"{"a":1},"#, JsonFault::Behind, 7),
        ] {
            assert_eq!(fault(line), Some((what, at)), "{line}");
        }
    }

    #[test]
    fn nesting_ends_somewhere() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(fault(&nested(MOST_NESTED - 1)), None);
        assert_eq!(fault(&nested(MOST_NESTED)), Some((JsonFault::TooDeep, 4 + MOST_NESTED)));
        assert_eq!(fault(&"{\"a\":".repeat(1_000_000)).map(|(what, _)| what), Some(JsonFault::TooDeep));
    }

    #[test]
    fn serde_json_takes_the_same_lines() {
        const PIECES: [&str; 24] = [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\"",
            "\"b\"",
            "1",
            "-0.5e3",
            "01",
            "null",
            "true",
            "nul",
            " ",
            "\t",
            "\"\\n\"",
            "\"\\q\"",
            "\"",
            "\\",
            "{\"a\":",
            "}",
            "\"c\":2",
            ",\"d\":[]",
        ];
        let (mut state, mut good) = (7u64, 0);
        for _ in 0..60_000 {
            let mut line = String::from("{");
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize
            };
            for _ in 0..next() % 9 {
                line += PIECES[next() % PIECES.len()];
            }
            line.push('}');
            let judge = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line);
            assert_eq!(fault(&line).is_none(), judge.is_ok(), "{line}");
            good += usize::from(judge.is_ok());
        }
        assert!(good > 100, "{good}");
    }
}

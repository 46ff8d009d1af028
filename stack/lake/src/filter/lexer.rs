//! The words of a condition, with their places.

use std::ops::Range;

/// A word and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub word: Word,
    pub place: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// A name or a word of SQL, as it is written.
    Bare(String),
    /// A name in double quotes.
    Quoted(String),
    /// A text in single quotes, a doubled one inside read as one.
    Text(String),
    /// A number with its sign.
    Number(String),
    /// Anything else, such as `<=`.
    Sign(&'static str),
}

/// What is wrong, and where.
pub(super) type Fault = (Range<usize>, String);

const SIGNS: [&str; 10] = ["<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ","];

/// Cuts a text into its words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (word, length) = word(&text[at..], at)?;
        tokens.push(Token { word, place: at..at + length });
        at += length;
    }
    Ok(tokens)
}

/// The word that the text begins with, and its length.
fn word(rest: &str, at: usize) -> Result<(Word, usize), Fault> {
    let first = rest.chars().next().unwrap_or_default();
    let fault = |why: &str| (at..at + first.len_utf8(), why.to_owned());
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((Word::Sign(sign), sign.len()));
    }
    match first {
        '\'' | '"' => {
            let (inside, length) = quoted(rest, first).ok_or_else(|| fault("this quote is never closed"))?;
            Ok((if first == '"' { Word::Quoted(inside) } else { Word::Text(inside) }, length))
        }
        '0'..='9' | '-' | '+' | '.' => {
            let length = number(rest).ok_or_else(|| fault("this is no number"))?;
            Ok((Word::Number(rest[..length].to_owned()), length))
        }
        first if first.is_ascii_alphabetic() || first == '_' => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            Ok((Word::Bare(rest[..length].to_owned()), length))
        }
        _ => Err(fault("this is no part of a condition")),
    }
}

/// What stands between quotes, and the length with them.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            inside.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
            inside.push(quote);
            characters.next();
        } else {
            return Some((inside, at + 1));
        }
    }
    None
}

/// Digits with one point among them at most. An exponent makes a float of it in SQL, and engines read
/// those otherwise.
fn number(rest: &str) -> Option<usize> {
    let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let end = digits.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(digits.len());
    let (whole, fraction) = digits[..end].split_once('.').unwrap_or((&digits[..end], "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction)).then_some(rest.len() - digits.len() + end)
}

//! Numbers as half of the world writes them: `1.234.567,89`.
//!
//! The comma stands before the fraction. Points may stand in the whole part and group it by threes
//! from the right: the first group has one to three digits, every other one exactly three. So
//! `1.234` is one thousand two hundred and thirty-four, and `1.5`, `12.34` and `1234.567` are no
//! numbers: most files with points before the fraction are told from those with commas by that.
//! Neither points nor a second comma stand behind the comma.

use super::Parse;
use super::numbers::sign;

/// A parser of numbers with a point, for numbers with a comma.
pub(crate) struct Comma<P>(pub P);

impl<P: Parse> Parse for Comma<P> {
    type Value = P::Value;

    fn parse(&self, text: &[u8]) -> Option<P::Value> {
        const USUAL: usize = 48;
        let (mut short, mut long) = ([0; USUAL], Vec::new());
        let pointed = match short.get_mut(..text.len()) {
            Some(short) => short,
            None => {
                long.resize(text.len(), 0);
                &mut long
            }
        };
        let length = with_point(text, pointed)?;
        self.0.parse(pointed.get(..length)?)
    }
}

/// Writes the number without points and with a point for its comma, and gives its length.
fn with_point(text: &[u8], pointed: &mut [u8]) -> Option<usize> {
    let (_, unsigned) = sign(text);
    let in_whole = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let whole_length = unsigned.iter().position(|byte| !in_whole(byte)).unwrap_or(unsigned.len());
    let (whole, rest) = unsigned.split_at(whole_length);
    let tail = rest.strip_prefix(b",").unwrap_or(rest);
    if !is_grouped(whole) || tail.iter().any(|byte| matches!(byte, b'.' | b',')) {
        return None;
    }
    let written = text.iter().filter(|byte| **byte != b'.');
    let mut length = 0;
    for (to, byte) in pointed.iter_mut().zip(written) {
        *to = if *byte == b',' { b'.' } else { *byte };
        length += 1;
    }
    Some(length)
}

/// Whether points, if there are any, stand between groups of three.
fn is_grouped(whole: &[u8]) -> bool {
    let mut groups = whole.split(|byte| *byte == b'.').map(<[u8]>::len);
    let first = groups.next().unwrap_or_default();
    let mut others = groups.peekable();
    others.peek().is_none() || (1..=3).contains(&first) && others.all(|length| length == 3)
}

#[cfg(test)]
mod tests {
    use super::super::{Decimals, Floats32, Floats64};
    use super::*;

    #[test]
    fn the_comma_stands_before_the_fraction_and_points_group_by_threes() {
        let decimals = Comma(Decimals::<i64>::new(12, 2));
        for (text, value) in [
            ("1,5", 150),
            ("-1.234.567,89", -123_456_789),
            ("1.234", 123_400),
            ("+12.345,6", 1_234_560),
            ("1234567,8", 123_456_780),
            (",5", 50),
            ("5,", 500),
            ("0,500", 50),
            ("7", 700),
        ] {
            assert_eq!(decimals.parse(text.as_bytes()), Some(value), "{text}");
        }
        for bad in [
            "",
            "1.5",
            "12.34",
            "1234.567",
            "1.2345",
            "1..234",
            ".123",
            "1.234.",
            "1,2,3",
            "1,234.5",
            "1.234,5.6",
            "1'234,5",
            "1 234,5",
            ",",
            ".",
            "1,555",
            "1.23,4",
            "-.5",
            "1,5e3",
        ] {
            assert_eq!(decimals.parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn floats_have_commas_too() {
        for (text, value) in [
            ("1.234,5e-1", 123.45),
            ("-0,1", -0.1),
            ("1e3", 1000.0),
            ("inf", f64::INFINITY),
            ("1.000e3", 1e6),
        ] {
            assert_eq!(Comma(Floats64).parse(text.as_bytes()), Some(value), "{text}");
        }
        assert!(Comma(Floats32).parse(b"NaN").is_some_and(f32::is_nan));
        assert_eq!(Comma(Floats32).parse(b"1e999"), None);
        for bad in ["1e1,5", "1e1.5", "1.5", "n.an", "1,0,"] {
            assert_eq!(Comma(Floats64).parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_number_of_any_length_is_read() {
        let decimals = Comma(Decimals::<i128>::new(38, 2));
        let long = format!("{}1,5", "0".repeat(500));
        assert_eq!(decimals.parse(long.as_bytes()), Some(150));
        let grouped = format!("999{},99", ".999".repeat(11));
        assert_eq!(decimals.parse(grouped.as_bytes()), "9".repeat(38).parse().ok());
    }
}

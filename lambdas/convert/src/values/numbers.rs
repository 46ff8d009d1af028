//! Booleans, integers and floats.

use super::{Parse, float, trimmed};

pub(crate) struct Bools;
pub(crate) struct Ints32;
pub(crate) struct Ints64;
pub(crate) struct Floats32;
pub(crate) struct Floats64;

const TRUE: [&[u8]; 4] = [b"true", b"1", b"t", b"yes"];
const FALSE: [&[u8]; 4] = [b"false", b"0", b"f", b"no"];

impl Parse for Bools {
    type Value = bool;
    fn parse(&self, text: &[u8]) -> Option<bool> {
        let is_one_of = |words: [&[u8]; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        is_one_of(TRUE).then_some(true).or_else(|| is_one_of(FALSE).then_some(false))
    }
    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<bool> {
        match text.get(start..end)? {
            b"true" => Some(true),
            b"false" => Some(false),
            other => self.parse(trimmed(other)),
        }
    }
}

impl Parse for Ints32 {
    type Value = i32;
    #[inline]
    fn parse(&self, text: &[u8]) -> Option<i32> {
        integer(text)?.try_into().ok()
    }
    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<i32> {
        whole_in(text, start, end)?.try_into().ok()
    }
}

impl Parse for Ints64 {
    type Value = i64;
    #[inline]
    fn parse(&self, text: &[u8]) -> Option<i64> {
        integer(text)
    }
    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<i64> {
        whole_in(text, start, end)
    }
}

impl Parse for Floats32 {
    type Value = f32;
    fn parse(&self, text: &[u8]) -> Option<f32> {
        let value: f32 = float_text(text)?.parse().ok()?;
        (value.is_finite() || spells_no_number(text)).then_some(value)
    }
}

impl Parse for Floats64 {
    type Value = f64;
    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<f64> {
        float::plain(text, start, end).or_else(|| self.parse(trimmed(text.get(start..end)?)))
    }
    fn parse(&self, text: &[u8]) -> Option<f64> {
        let value: f64 = float_text(text)?.parse().ok()?;
        (value.is_finite() || spells_no_number(text)).then_some(value)
    }
}

/// What the standard library takes as a float is what we take: decimal digits, a point, an
/// exponent, `nan`, `inf` and `infinity`; no hexadecimal, no underscores.
fn float_text(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// A number too large for its type would become infinite in silence; only a word may be that.
fn spells_no_number(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_digit)
}

/// An integer with an optional sign.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    let magnitude = natural(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { magnitude.try_into().ok() }
}

/// The sign, true for minus, and what follows it.
#[inline]
pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Digits and nothing else, at least one. Lengths that are usual cost no loop, because the end of
/// a loop over digits is a branch that a processor guesses wrong.
#[inline]
pub(super) fn natural(digits: &[u8]) -> Option<u64> {
    match digits.len() {
        4..=7 => up_to_seven(digits),
        8 => eight_digits(*digits.first_chunk()?),
        9..=16 => up_to_sixteen(digits),
        _ => any_length(digits),
    }
}

/// One to sixteen digits in a text, read from their end by whole words, so that the length is no
/// branch; `None` for anything else, and at the very beginning of a text.
#[inline(always)]
pub(super) fn natural_in(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let length = end.wrapping_sub(start);
    let last = u64::from_le_bytes(*text.get(..end)?.last_chunk()?);
    match length {
        1..=8 => eight_digits(with_zeros(last, 8 - length).to_le_bytes()),
        9..=16 => {
            let first = u64::from_le_bytes(*text.get(..end - 8)?.last_chunk()?);
            let high = eight_digits(with_zeros(first, 16 - length).to_le_bytes())?;
            Some(high * 100_000_000 + eight_digits(last.to_le_bytes())?)
        }
        _ => None,
    }
}

/// The same with or without a minus before it.
#[inline(always)]
fn whole_in(text: &[u8], start: usize, end: usize) -> Option<i64> {
    natural_in(text, start, end).map(|value| value as i64).or_else(|| negative_in(text, start, end))
}

#[inline(never)]
fn negative_in(text: &[u8], start: usize, end: usize) -> Option<i64> {
    let magnitude = natural_in(text, start + 1, end)? as i64;
    (text.get(start) == Some(&b'-')).then_some(-magnitude)
}

/// A word of digits whose first bytes, at most seven, are none of the number's.
#[inline(always)]
pub(super) fn with_zeros(word: u64, bytes: usize) -> u64 {
    let others = (1u64 << (8 * bytes)) - 1;
    (word & !others) | (ZEROS & others)
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Four to seven digits: the first four and the last four overlap, zeros stand before them.
#[inline]
fn up_to_seven(digits: &[u8]) -> Option<u64> {
    let first = u64::from(u32::from_le_bytes(*digits.first_chunk()?));
    let last = u64::from(u32::from_le_bytes(*digits.last_chunk()?));
    let missing = 8 * (8 - digits.len());
    eight_digits(((last << 32) | (first << missing) | (ZEROS & ((1 << missing) - 1))).to_le_bytes())
}

/// Nine to sixteen digits: the last eight, with zeros for those that the first eight hold.
#[inline]
fn up_to_sixteen(digits: &[u8]) -> Option<u64> {
    const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    let last = u64::from_le_bytes(*digits.last_chunk()?);
    let known = 8 * (16 - digits.len());
    let known = (1 << known) - 1;
    let last = eight_digits(((last & !known) | (ZEROS & known)).to_le_bytes())?;
    Some(eight_digits(*digits.first_chunk()?)? * POWERS.get(digits.len() - 8)? + last)
}

fn any_length(digits: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for byte in digits {
        value = value.checked_mul(10)?.checked_add(digit(*byte)?)?;
    }
    (!digits.is_empty()).then_some(value)
}

/// So many digits, fixed by the type of the argument.
#[inline]
pub(super) fn fixed<const N: usize>(digits: &[u8; N]) -> Option<u32> {
    let mut value = 0u32;
    for byte in digits {
        value = value * 10 + digit(*byte)? as u32;
    }
    Some(value)
}

#[inline]
pub(super) fn digit(byte: u8) -> Option<u64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(u64::from(value))
}

/// Eight digits at once.
#[inline(always)]
pub(super) fn eight_digits(text: [u8; 8]) -> Option<u64> {
    Some(joined(digits_like(text, [b'0'; 8])?))
}

/// Digits as numbers, where a pattern has zeros; anywhere else the text must be the pattern's, and
/// becomes zero.
#[inline(always)]
pub(super) fn digits_like(text: [u8; 8], pattern: [u8; 8]) -> Option<u64> {
    // What brings the greatest byte that is right below 0x80, and any greater one to it.
    let room = pattern.map(|byte| if byte == b'0' { 0x7f - 9 } else { 0x7f });
    let low = u64::from_le_bytes(text).wrapping_sub(u64::from_le_bytes(pattern));
    let high = low.wrapping_add(u64::from_le_bytes(room));
    ((low | high) & 0x8080_8080_8080_8080 == 0).then_some(low)
}

/// Eight digits as one number: neighbours are joined to pairs, pairs to fours, fours to the whole.
#[inline(always)]
pub(super) fn joined(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bools_have_four_spellings_each() {
        for (text, value) in
            [("true", true), ("T", true), ("YES", true), ("1", true), ("No", false), ("f", false)]
        {
            assert_eq!(Bools.parse(text.as_bytes()), Some(value), "{text}");
        }
        for bad in ["", "2", "on", "truee", "y"] {
            assert_eq!(Bools.parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn integers_end_where_their_type_ends() {
        for value in [0, 1, -1, 12_345_678, 123_456_789, i64::MAX, i64::MIN] {
            assert_eq!(Ints64.parse(value.to_string().as_bytes()), Some(value));
        }
        assert_eq!(Ints64.parse(b"+007"), Some(7));
        assert_eq!(Ints64.parse(b"00000000000000000000000000000042"), Some(42));
        assert_eq!(Ints32.parse(b"-2147483648"), Some(i32::MIN));
        assert_eq!(Ints32.parse(b"2147483648"), None);
        for bad in [
            "",
            "-",
            "+",
            "1.0",
            "1e3",
            "--1",
            "0x1",
            "1_0",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999999999",
            "1234567a",
            "12345678a",
            "\u{661}",
            "1 2",
        ] {
            assert_eq!(Ints64.parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn every_length_is_read_right_and_every_place_is_looked_at() {
        for length in 1..=18 {
            let text = &b"987654321098765432"[..length];
            assert_eq!(natural(text), std::str::from_utf8(text).unwrap().parse().ok());
            for place in 0..length {
                for byte in [b'/', b':', 0, 0xb1] {
                    let mut text = text.to_vec();
                    text[place] = byte;
                    assert_eq!(natural(&text), None, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn every_byte_beside_the_digits_is_refused_in_a_run_of_eight() {
        for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
            for place in 0..8 {
                let mut text = *b"12345678";
                text[place] = byte;
                assert_eq!(eight_digits(text), None, "{text:?}");
            }
        }
    }

    #[test]
    fn floats_are_the_standard_librarys_without_overflow() {
        assert_eq!(Floats64.parse(b"-1.5e3"), Some(-1500.0));
        assert_eq!(Floats64.parse(b".5"), Some(0.5));
        assert_eq!(Floats64.parse(b"Infinity"), Some(f64::INFINITY));
        assert!(Floats32.parse(b"NaN").is_some_and(f32::is_nan));
        assert_eq!(Floats32.parse(b"3.4028235e38"), Some(f32::MAX));
        for bad in ["", "0x1p3", "1e39x", "1,5", "e5", "1e999", "--1"] {
            assert_eq!(Floats64.parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Floats32.parse(b"1e39"), None);
    }
}

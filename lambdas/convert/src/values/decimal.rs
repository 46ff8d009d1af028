//! Decimals as scaled integers, never rounded.

use super::numbers::{digit, eight_digits, natural_in, sign, with_zeros};
use super::{Parse, trimmed};

/// The parser of `decimal(precision,scale)`.
pub(crate) struct Decimals<Value> {
    scale: usize,
    /// 10 to the power of the scale, as far as 16 digits go.
    power: u64,
    /// The bytes of a word that stand behind a point before the last digits, if it has room for both.
    behind_point: Option<u64>,
    /// 10 to the power of the precision: the first magnitude that does not fit.
    beyond: u128,
    value: std::marker::PhantomData<fn() -> Value>,
}

impl<Value> Decimals<Value> {
    pub fn new(precision: u8, scale: u8) -> Self {
        let beyond = 10u128.checked_pow(u32::from(precision)).unwrap_or(u128::MAX);
        let power = 10u64.pow(u32::from(scale).min(16));
        let behind_point = (1..=7).contains(&scale).then(|| u64::MAX << (64 - 8 * u32::from(scale)));
        Self { scale: usize::from(scale), power, behind_point, beyond, value: std::marker::PhantomData }
    }

    /// Digits, and digits behind a point; those behind the scale must be zeros.
    fn scaled(&self, text: &[u8]) -> Option<i128> {
        let (negative, text) = sign(text);
        let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
        let (whole, fraction) = (text.get(..point)?, text.get(point + 1..).unwrap_or_default());
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (kept, dropped) = fraction.split_at(fraction.len().min(self.scale));
        if dropped.iter().any(|byte| *byte != b'0') {
            return None;
        }
        let magnitude = self.shifted(self.joined(whole, kept)?, self.scale - kept.len())?;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// The digits of both parts as one number.
    fn joined(&self, whole: &[u8], fraction: &[u8]) -> Option<u128> {
        const SURELY_IN_64_BITS: usize = 19;
        if whole.len() + fraction.len() <= SURELY_IN_64_BITS {
            let mut value = 0u64;
            for byte in whole.iter().chain(fraction) {
                value = value * 10 + digit(*byte)?;
            }
            return Some(u128::from(value));
        }
        let mut value = 0u128;
        for byte in whole.iter().chain(fraction) {
            value = value.checked_mul(10)?.checked_add(u128::from(digit(*byte)?))?;
            if value >= self.beyond {
                return None;
            }
        }
        Some(value)
    }

    fn shifted(&self, value: u128, zeros: usize) -> Option<i128> {
        let shifted = value.checked_mul(10u128.checked_pow(zeros as u32)?)?;
        if shifted < self.beyond { shifted.try_into().ok() } else { None }
    }
}

impl<Value: TryFrom<i128> + TryFrom<u64> + Copy + Send> Parse for Decimals<Value> {
    type Value = Value;
    fn parse(&self, text: &[u8]) -> Option<Value> {
        self.scaled(text)?.try_into().ok()
    }

    /// All digits behind the point or none, and at most 16 in all, as most sources write decimals,
    /// are read as whole numbers.
    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<Value> {
        let negative = text.get(start) == Some(&b'-');
        match self.plain(text, start + usize::from(negative), end) {
            Some(value) if negative => (-i128::from(value)).try_into().ok(),
            Some(value) => value.try_into().ok(),
            None => self.parse(trimmed(text.get(start..end)?)),
        }
    }
}

impl<Value> Decimals<Value> {
    #[inline(always)]
    fn plain(&self, text: &[u8], start: usize, end: usize) -> Option<u64> {
        let point = end.wrapping_sub(self.scale + 1);
        if self.scale > 16 || end.wrapping_sub(start) > 17 {
            return None;
        }
        let has_point = self.scale > 0 && text.get(point) == Some(&b'.') && point >= start;
        let value = match self.behind_point {
            Some(behind_point) if has_point => pointed(text, start, end, behind_point)?,
            _ if has_point => {
                natural_in(text, start, point)? * self.power + natural_in(text, point + 1, end)?
            }
            _ => natural_in(text, start, end)?.checked_mul(self.power)?,
        };
        (u128::from(value) < self.beyond).then_some(value)
    }
}

/// The digits of a number with a point among its last eight bytes, as if the point were not there:
/// what stands before it moves one byte up.
#[inline(always)]
fn pointed(text: &[u8], start: usize, end: usize, behind_point: u64) -> Option<u64> {
    let word = |end: usize| Some(u64::from_le_bytes(*text.get(..end)?.last_chunk()?));
    let last = word(end)? & behind_point | word(end - 1)? & !behind_point;
    match end - start - 1 {
        digits @ 1..=8 => eight_digits(with_zeros(last, 8 - digits).to_le_bytes()),
        digits @ 9..=16 => {
            let first = with_zeros(word(end - 9)?, 16 - digits);
            Some(eight_digits(first.to_le_bytes())? * 100_000_000 + eight_digits(last.to_le_bytes())?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(precision: u8, scale: u8, text: &str) -> Option<i128> {
        Decimals::<i128>::new(precision, scale).parse(text.as_bytes())
    }

    #[test]
    fn the_fast_way_finds_the_same() {
        let texts = [
            "1",
            "1.5",
            "-1",
            "-1.50",
            "12345678.12345678",
            "1234567890123456",
            "0.1",
            ".5",
            "5.",
            "x",
            ".50",
            "1.x0",
            "x.50",
            "1x.50",
            "1234567.89",
            "123456.789",
            "-12345678901234.56",
            "12345678901234.x6",
            "x2345678901234.56",
            "-.1234567",
            "123456789.1234567",
        ];
        for scale in [0, 1, 2, 3, 7, 8, 16, 17, 18] {
            let parser = Decimals::<i128>::new(38, scale);
            for text in texts {
                let padded = format!("{:16}{text}{:16}", "", "");
                let found = parser.parse_in(padded.as_bytes(), 16, 16 + text.len());
                assert_eq!(found, parser.parse(text.as_bytes()), "{text} with scale {scale}");
            }
        }
    }

    #[test]
    fn decimals_are_scaled_and_never_rounded() {
        for (text, value) in
            [("1.5", 150), ("-1.50", -150), ("1.5000", 150), (".5", 50), ("5.", 500), ("+007", 700), ("0", 0)]
        {
            assert_eq!(parse(10, 2, text), Some(value), "{text}");
        }
        for bad in ["", ".", "-", "1.555", "1e2", "1,5", "1.5.0", "1 5", "1.0x", "$1", "nan"] {
            assert_eq!(parse(10, 2, bad), None, "{bad}");
        }
    }

    #[test]
    fn the_precision_counts_all_digits_but_leading_zeros() {
        assert_eq!(parse(4, 2, "0000000000000000000000000000000000000000099.99"), Some(9999));
        assert_eq!(parse(4, 2, "100"), None);
        assert_eq!(parse(4, 4, "0.9999"), Some(9999));
        let nines = "9".repeat(38);
        assert_eq!(parse(38, 0, &nines), nines.parse().ok());
        assert_eq!(parse(38, 0, &format!("-{nines}")), format!("-{nines}").parse().ok());
        assert_eq!(parse(38, 0, &format!("{nines}0")), None);
        assert_eq!(parse(38, 38, "1"), None);
        assert_eq!(parse(38, 18, "1"), Some(10i128.pow(18)));
        assert_eq!(Decimals::<i32>::new(9, 0).parse(b"999999999"), Some(999_999_999));
    }
}

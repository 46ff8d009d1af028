//! Floats as most sources write them: digits, a point and digits. The nearest float to a whole
//! number over a power of ten needs no general algorithm when both fit into 64 bits.

use super::numbers::natural_in;

/// The nearest float to `-12.345`; `None` of anything else, and of more digits than 64 bits hold.
#[inline(always)]
pub(super) fn plain(text: &[u8], start: usize, end: usize) -> Option<f64> {
    let negative = text.get(start) == Some(&b'-');
    let start = start + usize::from(negative);
    let point = start + point_in(*text.get(start..)?.first_chunk()?)?;
    let digits = end.checked_sub(point + 1)?;
    if digits + (point - start) > MOST_DIGITS {
        return None;
    }
    let power = *POWERS.get(digits)?;
    let number = natural_in(text, start, point)? * power + natural_in(text, point + 1, end)?;
    let value = if number <= MOST_EXACT {
        // Both are exact floats, as powers of ten are up to 1e22: the processor rounds once.
        number as f64 / power as f64
    } else {
        quotient(number, power)
    };
    Some(if negative { -value } else { value })
}

/// Any number of so many digits fits into 64 bits.
const MOST_DIGITS: usize = 19;
/// Every whole number up to this is a float.
const MOST_EXACT: u64 = 1 << 53;
const POWERS: [u64; 17] = {
    let mut powers = [1; 17];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Where the first point stands.
#[inline(always)]
fn point_in(text: [u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(text) ^ u64::from_le_bytes([b'.'; 8]);
    let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
    (zeros != 0).then_some((zeros.trailing_zeros() / 8) as usize)
}

/// The nearest float to a quotient of two numbers, neither of them zero: both are shifted until
/// they fill 64 bits; the quotient then has 63 or 64, of which a float keeps 53, and its lowest bit
/// says whether anything is left, as rounding to even wants to know.
fn quotient(number: u64, power: u64) -> f64 {
    let (high, low) = (number.leading_zeros(), power.leading_zeros());
    let (dividend, divisor) = (u128::from(number << high) << 63, u128::from(power << low));
    let bits = (dividend / divisor) as u64 | u64::from(dividend % divisor != 0);
    let exponent = i64::from(low) - i64::from(high) - 63;
    bits as f64 * f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<f64> {
        let padded = format!("{:16}{text}{:16}", "", "");
        plain(padded.as_bytes(), 16, 16 + text.len())
    }

    #[test]
    fn every_float_is_the_standard_librarys_to_the_last_bit() {
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 31)
        };
        let mut read = 0;
        for _ in 0..400_000 {
            let (whole, fraction) = (random() % 10u64.pow((random() % 8) as u32), random());
            let digits = (1 + random() % 16) as usize;
            let sign = if random() % 4 == 0 { "-" } else { "" };
            let text = format!("{sign}{whole}.{:0digits$}", fraction % 10u64.pow(digits as u32));
            if let Some(value) = parse(&text) {
                read += 1;
                assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
            }
        }
        assert!(read > 300_000, "the fast way was seldom taken: {read}");
    }

    #[test]
    fn halves_between_two_floats_go_to_the_even_one() {
        for text in ["9007199.254740993", "9007199.2547409931", "0.0000000000000001", "900719.9254740995000"]
        {
            let wanted: f64 = text.parse().unwrap();
            assert_eq!(parse(text).map(f64::to_bits), Some(wanted.to_bits()), "{text}");
        }
        assert_eq!(parse("-0.0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    }

    #[test]
    fn the_rest_is_left_to_the_general_parser() {
        for text in ["", ".", "1.", ".5", "1", "+1.5", "1.5e3", "1..5", "--1.5", "1.x", "12345678.5", "nan"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

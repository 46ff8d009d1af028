//! Numbers as JSON writes them. Their value is the column's business.

/// Where the number at a place ends; `None` if there is none by JSON's grammar, which knows neither
/// `+1`, `.5` and `1.` nor leading zeros.
pub(super) fn end(text: &[u8], at: usize) -> Option<usize> {
    let whole = at + usize::from(text.get(at) == Some(&b'-'));
    let mut end = match text.get(whole) {
        Some(b'0') => whole + 1,
        _ => digits(text, whole)?,
    };
    if text.get(end) == Some(&b'.') {
        end = digits(text, end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let signed = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = digits(text, end + 1 + usize::from(signed))?;
    }
    Some(end)
}

/// Whether a range of a text is a number and nothing else.
#[inline(always)]
pub(super) fn is_number(text: &[u8], start: usize, range_end: usize) -> bool {
    are_few_digits(text, start, range_end) || end(text, start) == Some(range_end)
}

/// The place behind at least one digit.
fn digits(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(at + count)
}

/// One to sixteen digits that begin with no zero, looked at in words from their end; what stands
/// before them in a word counts as zeros.
#[inline(always)]
fn are_few_digits(text: &[u8], start: usize, end: usize) -> bool {
    let length = end.wrapping_sub(start);
    if text.get(start) == Some(&b'0') {
        return false;
    }
    match length {
        1..=8 => word_before(text, end).is_some_and(|last| are_digits(without(last, 8 - length))),
        9..=16 => {
            let words = word_before(text, end).zip(word_before(text, end - 8));
            words.is_some_and(|(last, first)| are_digits(last) && are_digits(without(first, 16 - length)))
        }
        _ => false,
    }
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

#[inline(always)]
fn word_before(text: &[u8], end: usize) -> Option<u64> {
    text.get(..end)?.last_chunk().map(|word| u64::from_le_bytes(*word))
}

/// A word whose first bytes, at most seven, are made zeros.
#[inline(always)]
fn without(word: u64, bytes: usize) -> u64 {
    let others = (1u64 << (8 * bytes)) - 1;
    (word & !others) | (ZEROS & others)
}

/// Whether each of eight bytes is a digit: none is less, and none becomes too great.
#[inline(always)]
fn are_digits(word: u64) -> bool {
    (word.wrapping_sub(ZEROS) | word.wrapping_add(0x4646_4646_4646_4646)) & 0x8080_8080_8080_8080 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> bool {
        // In the middle of a text, as numbers stand; what is around it must not matter.
        let around = format!("0000000099999999{text},9999999");
        is_number(around.as_bytes(), 16, 16 + text.len())
    }

    #[test]
    fn numbers_follow_jsons_grammar() {
        for good in [
            "0",
            "-0",
            "7",
            "12345678",
            "123456789",
            "1234567890123456",
            "12345678901234567",
            "0.5",
            "-1.50",
            "1e3",
            "1E+3",
            "1.5e-10",
            "100",
            "-922337203685477580800",
        ] {
            assert!(number(good), "{good}");
            assert_eq!(end(good.as_bytes(), 0), Some(good.len()), "{good}");
        }
        for bad in [
            "",
            "-",
            "+1",
            "01",
            "007",
            "-01",
            ".5",
            "1.",
            "1.e5",
            "e5",
            "1e",
            "1e+",
            "0x1",
            "1_0",
            "1,0",
            "NaN",
            "--1",
            "1a",
            "a1",
            "12345678a",
            "/1234567",
            "1234567:",
            "null",
            "1 ",
        ] {
            assert!(!number(bad), "{bad}");
        }
    }
}

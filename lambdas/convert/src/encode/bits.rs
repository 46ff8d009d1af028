//! Numbers in as few bits as the largest of them needs, lowest bits first, as Parquet packs them.

/// Values packed in one step, so that every step ends at a whole byte.
pub(crate) const LANE: usize = 32;

/// Bits that hold a number; none for zero.
pub(crate) fn width(largest: u64) -> u8 {
    (u64::BITS - largest.leading_zeros()) as u8
}

/// Appends 32 values of `width` bits each.
pub(crate) fn pack(values: &[u64; LANE], width: u8, out: &mut Vec<u8>) {
    macro_rules! by_width {
        ($($bits:literal)*) => {
            match width {
                $($bits => pack_bits::<$bits>(values, out),)*
                _ => pack_bits::<64>(values, out),
            }
        };
    }
    by_width!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63)
}

/// With the width known to the compiler every shift is a constant and the loop is unrolled.
#[inline]
fn pack_bits<const BITS: usize>(values: &[u64; LANE], out: &mut Vec<u8>) {
    if BITS == 0 {
        return;
    }
    let (mut word, mut filled) = (0u64, 0);
    for value in values {
        word |= value << filled;
        filled += BITS;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            word = if filled > 0 { value >> (BITS - filled) } else { 0 };
        }
    }
    if filled > 0 {
        let [low @ .., _, _, _, _] = word.to_le_bytes();
        out.extend_from_slice(&low);
    }
}

/// An unsigned number, seven bits a byte.
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A signed number, small magnitudes first, so that it is short as a varint.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_unpacks_to_what_was_packed() {
        for bits in 0..=64u8 {
            let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            let mut state = u64::from(bits) + 1;
            let values: [u64; LANE] = std::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state ^ (state >> 29)) & mask
            });
            let mut out = vec![7];
            pack(&values, bits, &mut out);
            assert_eq!(out.len(), 1 + usize::from(bits) * 4);
            let bit = |at: usize| u64::from(out[1 + at / 8] >> (at % 8) & 1);
            for (index, value) in values.iter().enumerate() {
                let start = index * usize::from(bits);
                let found = (0..usize::from(bits)).fold(0, |sum, at| sum | bit(start + at) << at);
                assert_eq!(found, *value, "{bits} bits, value {index}");
            }
        }
    }

    #[test]
    fn widths_varints_and_zigzag_are_as_parquet_has_them() {
        assert_eq!([0, 1, 2, 255, 256, u64::MAX].map(width), [0, 1, 2, 8, 9, 64]);
        assert_eq!([0, -1, 1, i64::MIN, i64::MAX].map(zigzag), [0, 1, 2, u64::MAX, u64::MAX - 1]);
        let mut out = Vec::new();
        varint(300, &mut out);
        varint(127, &mut out);
        assert_eq!(out, [0xac, 2, 127]);
    }
}

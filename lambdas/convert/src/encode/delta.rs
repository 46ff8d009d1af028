//! DELTA_BINARY_PACKED: differences between neighbours, in as few bits as a block's largest needs.
//! For whole numbers that do not repeat it is smaller and faster than plain numbers and zstd.

use super::bits::{self, LANE};

const BLOCK: usize = 128;
const LANES: usize = BLOCK / LANE;

/// An integer as Parquet stores it; arithmetic wraps within its width.
pub(crate) trait Integer: Copy + Ord + Default + Send + 'static {
    fn minus(self, other: Self) -> Self;
    /// Its bits, without a sign.
    fn bits(self) -> u64;
    fn widened(self) -> i64;
    fn extend_plain(values: &[Self], out: &mut Vec<u8>);
}

macro_rules! integer {
    ($($signed:ty, $unsigned:ty);*) => {
        $(impl Integer for $signed {
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self as $unsigned)
            }
            #[inline]
            fn widened(self) -> i64 {
                i64::from(self)
            }
            fn extend_plain(values: &[Self], out: &mut Vec<u8>) {
                out.reserve(size_of_val(values));
                for value in values {
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
        })*
    };
}
integer!(i32, u32; i64, u64);

/// Appends all values of a page.
pub(crate) fn encode<T: Integer>(values: &[T], out: &mut Vec<u8>) {
    for number in [BLOCK, LANES, values.len()] {
        bits::varint(number as u64, out);
    }
    let mut previous = values.first().copied().unwrap_or_default();
    bits::varint(bits::zigzag(previous.widened()), out);
    let mut deltas = [T::default(); BLOCK];
    for block in values.get(1..).unwrap_or_default().chunks(BLOCK) {
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = value.minus(previous);
            previous = *value;
        }
        encode_block(&mut deltas, block.len(), out);
    }
}

fn encode_block<T: Integer>(deltas: &mut [T; BLOCK], count: usize, out: &mut Vec<u8>) {
    let lowest = deltas.iter().take(count).copied().min().unwrap_or_default();
    deltas.iter_mut().skip(count).for_each(|unused| *unused = lowest);
    bits::varint(bits::zigzag(lowest.widened()), out);
    let widths_at = out.len();
    out.extend_from_slice(&[0; LANES]);
    let (lanes, _) = deltas.as_chunks::<LANE>();
    for (index, lane) in lanes.iter().enumerate().take(count.div_ceil(LANE)) {
        let lane: [u64; LANE] = std::array::from_fn(|at| lane[at].minus(lowest).bits());
        let width = bits::width(lane.iter().fold(0, |seen, value| seen | value));
        out[widths_at + index] = width;
        bits::pack(&lane, width, out);
    }
}

/// What `encode` would need for a sample of the values, in bits a value.
pub(crate) fn bits_a_value<T: Integer>(values: &[T]) -> usize {
    const SAMPLES: usize = 16;
    let step = (values.len() / SAMPLES).max(LANE + 1);
    let mut total = 0;
    let mut lanes = 0;
    for lane in values.chunks(step).filter_map(|part| part.get(..=LANE)) {
        let deltas = lane.iter().zip(lane.iter().skip(1)).map(|(before, after)| after.minus(*before));
        let lowest = deltas.clone().min().unwrap_or_default();
        total += usize::from(bits::width(deltas.fold(0, |seen, delta| seen | delta.minus(lowest).bits())));
        lanes += 1;
    }
    total.checked_div(lanes).unwrap_or(size_of::<T>() * 8)
}

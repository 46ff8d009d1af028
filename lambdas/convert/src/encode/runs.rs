//! Parquet's hybrid of runs and packed bits: for dictionary codes and for definition levels.

use super::bits::{self, LANE};

/// Appends codes of `width` bits. Lanes of 32 that all hold one code, at least two in a row,
/// become a run; whatever stands between is packed.
pub(crate) fn codes(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    let (lanes, _) = codes.as_chunks::<LANE>();
    let mut packed_from = 0;
    let mut at = 0;
    while let Some(lane) = lanes.get(at) {
        let length = run_length(lane, lanes.get(at..).unwrap_or_default());
        if length >= 2 {
            pack(codes.get(packed_from * LANE..at * LANE).unwrap_or_default(), width, out);
            run(u64::from(lane[0]), length * LANE, width, out);
            packed_from = at + length;
        }
        at += length.max(1);
    }
    pack(codes.get(packed_from * LANE..).unwrap_or_default(), width, out);
}

/// How many lanes hold nothing but the first lane's first code.
#[inline]
fn run_length(first: &[u32; LANE], lanes: &[[u32; LANE]]) -> usize {
    if first[LANE - 1] != first[0] {
        return 0;
    }
    let uniform = |lane: &[u32; LANE]| lane.iter().fold(0, |seen, code| seen | (code ^ first[0])) == 0;
    lanes.iter().take_while(|lane| uniform(lane)).count()
}

/// Appends whether values are present, one bit each, as definition levels of width 1.
pub(crate) fn levels(bits: &[u8], count: usize, out: &mut Vec<u8>) {
    const SHORTEST_RUN: usize = 4;
    let whole = bits.get(..count / 8).unwrap_or_default();
    let mut packed_from = 0;
    let mut at = 0;
    while let Some(byte) = whole.get(at) {
        let same = whole.iter().skip(at).take_while(|next| *next == byte).count();
        if same >= SHORTEST_RUN && matches!(byte, 0 | 0xff) {
            pack_levels(bits.get(packed_from..at).unwrap_or_default(), out);
            run(u64::from(byte & 1), same * 8, 1, out);
            packed_from = at + same;
        }
        at += same;
    }
    pack_levels(bits.get(packed_from..count.div_ceil(8)).unwrap_or_default(), out);
}

/// Appends `count` times the same value.
pub(crate) fn run(value: u64, count: usize, width: u8, out: &mut Vec<u8>) {
    bits::varint((count as u64) << 1, out);
    let bytes = value.to_le_bytes();
    out.extend_from_slice(bytes.get(..usize::from(width.div_ceil(8))).unwrap_or(&bytes));
}

fn pack_levels(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        bits::varint((bytes.len() as u64) << 1 | 1, out);
        out.extend_from_slice(bytes);
    }
}

/// Packs codes in groups of eight; the last group is filled up with zeros.
fn pack(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    let groups = codes.len().div_ceil(8);
    bits::varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    let (lanes, rest) = codes.as_chunks::<LANE>();
    for lane in lanes {
        bits::pack(&lane.map(u64::from), width, out);
    }
    if !rest.is_empty() {
        let mut lane = [0; LANE];
        lane.iter_mut().zip(rest).for_each(|(value, code)| *value = u64::from(*code));
        bits::pack(&lane, width, out);
    }
    out.truncate(end);
}

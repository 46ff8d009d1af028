//! The order of rows by some of their columns.
//!
//! Every row gets a key of bytes that compare as its values do: the columns one after the other,
//! values before nulls. Rows with the same key stay in the order of the file, so the order is a
//! function of the rows alone.
//!
//! | value | in the key |
//! |---|---|
//! | number, date, timestamp, bool | how many bytes it has, less than 128 for negative ones, and those bytes |
//! | float | 8 bytes in the total order of IEEE 754: -0 before 0, NaN behind infinity |
//! | text | its bytes, each zero followed by `ff`, and two zeros behind |

use tarn_lake::ColumnName;

use crate::columns::Worth;
use crate::group::Group;
use crate::kept::Kept;

/// The rows in the order of some columns of a group.
pub(crate) fn order(kept: &Kept, group: &Group, columns: &[ColumnName]) -> Vec<u32> {
    let slots: Vec<usize> = columns.iter().filter_map(|column| group.slot(column)).collect();
    let mut keys = Vec::with_capacity(kept.rows() * 8 * slots.len());
    let mut rows = Vec::with_capacity(kept.rows());
    for row in 0..kept.rows() {
        let start = keys.len();
        for slot in &slots {
            push(&group.worth(*slot, kept.text(), |field| kept.field(row, field)), &mut keys);
        }
        rows.push(Row {
            front: front(keys.get(start..).unwrap_or_default()),
            key: start as u32,
            row: row as u32,
        });
    }
    let ends: Vec<u32> = rows.iter().skip(1).map(|row| row.key).chain([keys.len() as u32]).collect();
    let key = |row: &Row| {
        let end = ends.get(row.row as usize).copied().unwrap_or_default();
        keys.get(row.key as usize..end as usize).unwrap_or_default()
    };
    rows.sort_unstable_by(|one, other| {
        let by_key = one.front.cmp(&other.front).then_with(|| key(one).cmp(key(other)));
        by_key.then(one.row.cmp(&other.row))
    });
    rows.into_iter().map(|row| row.row).collect()
}

/// A row by the front of its key, which decides most comparisons, and the place of the whole.
struct Row {
    front: u64,
    key: u32,
    row: u32,
}

fn front(key: &[u8]) -> u64 {
    if let Some(front) = key.first_chunk::<8>() {
        return u64::from_be_bytes(*front);
    }
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key).for_each(|(byte, front)| *byte = *front);
    u64::from_be_bytes(bytes)
}

const VALUE: u8 = 0;
const NULL: u8 = 1;

fn push(worth: &Worth<'_>, key: &mut Vec<u8>) {
    key.push(if *worth == Worth::Null { NULL } else { VALUE });
    match worth {
        Worth::Null => {}
        Worth::Whole(whole) => push_whole(*whole, key),
        Worth::Real(real) => {
            let bits = real.to_bits();
            let turned = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
            key.extend_from_slice(&turned.to_be_bytes());
        }
        Worth::Text(text) => {
            for byte in text.iter() {
                key.push(*byte);
                if *byte == 0 {
                    key.push(0xff);
                }
            }
            key.extend_from_slice(&[0, 0]);
        }
    }
}

/// Few bytes for small numbers, so that most keys are compared by their front alone. The bytes of a
/// negative number are those of its two's complement, which rise with it; the nearer to zero, the fewer.
fn push_whole(whole: i128, key: &mut Vec<u8>) {
    let magnitude = if whole < 0 { !whole } else { whole };
    let length = (i128::BITS - magnitude.leading_zeros()).div_ceil(8) as u8;
    key.push(if whole < 0 { 0x7f - length } else { 0x80 + length });
    let bytes = whole.to_be_bytes();
    key.extend_from_slice(bytes.get(bytes.len() - usize::from(length)..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_as_values_do() {
        let texts = ["", "\0", "\0a", "a", "a\0", "a\0b", "ab", "b", "ü"];
        let reals = [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY, f64::NAN];
        let wholes =
            [i128::MIN, -65_537, -65_536, -257, -256, -255, -2, -1, 0, 1, 255, 256, 1 << 70, i128::MAX];
        let texts = texts.iter().map(|text| Worth::Text(text.as_bytes().into())).collect::<Vec<_>>();
        let reals = reals.iter().map(|real| Worth::Real(*real)).collect();
        let wholes = wholes.iter().map(|whole| Worth::Whole(*whole)).collect();
        for mut values in [texts, reals, wholes] {
            values.push(Worth::Null);
            let keys: Vec<Vec<u8>> = values
                .iter()
                .map(|value| {
                    let mut key = Vec::new();
                    push(value, &mut key);
                    push(&Worth::Text(b"behind"[..].into()), &mut key);
                    key
                })
                .collect();
            assert!(keys.is_sorted_by(|one, other| one < other), "{values:?}");
        }
    }
}

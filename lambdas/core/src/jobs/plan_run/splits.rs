//! Which files are converted in parts. The one place that says so; the engine looks at the bytes
//! besides, and a file that it cannot split is converted whole after all.

use tarn_lake::{Compression, Encoding, Escape, Lake, Table};

use crate::{Portions, Split, WorkItem};

/// Names of files that are packed whatever their table says.
const PACKED: [&str; 5] = [".gz", ".gzip", ".zst", ".zstd", ".bz2"];

/// The ranges of a file that is to be converted in parts; none of any other.
pub(super) fn ranges(lake: &Lake, item: &WorkItem, portions: &Portions) -> Vec<Split> {
    let size_bytes = item.source.size_bytes;
    let allowed = lake.table(&item.table).is_some_and(|table| may_be_split(table, &item.source.key));
    if !allowed || size_bytes < portions.split_from_bytes {
        return Vec::new();
    }
    let range_bytes = portions.range_bytes.max(1);
    let of = u32::try_from(size_bytes.div_ceil(range_bytes)).unwrap_or(u32::MAX);
    (0..of).map(|nth| Split { item: item.clone(), nth, of, range_bytes }).collect()
}

/// Rules that need all rows at once keep a file whole: keys that no two rows share, and folders, whose
/// number has a limit. How many rows may be bad is added up over the parts. Packed text and text that
/// must be decoded can only be read from its beginning.
fn may_be_split(table: &Table, key: &str) -> bool {
    let csv = &table.csv;
    let key = key.to_ascii_lowercase();
    table.unique.is_empty()
        && table.placement.partition_by.is_empty()
        && csv.escape == Escape::Doubled
        && matches!(csv.encoding, Encoding::Auto | Encoding::Utf8)
        && matches!(csv.compression, Compression::Auto | Compression::None)
        && !PACKED.iter().any(|packed| key.ends_with(packed))
}

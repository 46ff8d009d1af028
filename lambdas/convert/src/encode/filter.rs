//! The bloom filter of a column chunk: which values it surely does not have.
//!
//! Split block filters, as Parquet has them. A filter begins large enough for a value in every row
//! and is folded to what the values that came need, so that its size follows from them alone.

use parquet::bloom_filter::Sbbf;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

use crate::columns::Stored;

/// Of so many look-ups for a value that is not there, one is told that it may be.
const FALSE_HITS: f64 = 0.01;

/// A filter in the making.
pub(crate) struct Filter {
    bits: Sbbf,
    value: Vec<u8>,
}

impl Filter {
    /// An empty filter for at most so many different values.
    pub fn new(values: usize) -> Result<Self> {
        Ok(Self { bits: Sbbf::new_with_ndv_fpp(values.max(1) as u64, FALSE_HITS)?, value: Vec::new() })
    }

    /// Notes a value by its bytes.
    pub fn insert(&mut self, value: &[u8]) {
        self.bits.insert(value);
    }

    /// Notes values, each as often as it differs from the one before it.
    pub fn insert_fixed<T: Stored>(&mut self, values: &[T], column: &ColumnDescPtr) {
        for same in values.chunk_by(T::same) {
            self.value.clear();
            T::plain(same.get(..1).unwrap_or_default(), column, &mut self.value);
            self.bits.insert(self.value.as_slice());
        }
    }

    /// The filter, as small as its values allow.
    pub fn finish(mut self) -> Sbbf {
        self.bits.fold_to_target_fpp(FALSE_HITS);
        self.bits
    }
}

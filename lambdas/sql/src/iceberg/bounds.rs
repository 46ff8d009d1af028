//! What a manifest says of the values in a file, from what Parquet's footer says.

use std::collections::HashMap;

use iceberg::Result;
use iceberg::spec::{DataFileBuilder, Datum, PrimitiveType, Schema};
use parquet::basic::Type as Physical;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

/// Puts sizes, counts and bounds of every column into a data file. Columns of the file stand in the
/// order of the schema.
pub(super) fn put(file: &mut DataFileBuilder, schema: &Schema, groups: &[RowGroupMetaData]) -> Result<()> {
    let (mut sizes, mut values, mut nulls) = (HashMap::new(), HashMap::new(), HashMap::new());
    let (mut lower, mut upper) = (HashMap::new(), HashMap::new());
    for group in groups {
        for (column, field) in group.columns().iter().zip(schema.as_struct().fields()) {
            *sizes.entry(field.id).or_insert(0) += column.compressed_size() as u64;
            *values.entry(field.id).or_insert(0) += column.num_values() as u64;
            let (Some(found), Some(kind)) = (column.statistics(), field.field_type.as_primitive_type())
            else {
                continue;
            };
            *nulls.entry(field.id).or_insert(0) += found.null_count_opt().unwrap_or_default();
            if let Some((least, most)) = bounds(found, kind)? {
                widen(&mut lower, field.id, least, |new, old| new < old);
                widen(&mut upper, field.id, most, |new, old| new > old);
            }
        }
    }
    file.column_sizes(sizes).value_counts(values).null_value_counts(nulls);
    file.lower_bounds(lower).upper_bounds(upper);
    Ok(())
}

fn widen(bounds: &mut HashMap<i32, Datum>, id: i32, new: Datum, is_wider: fn(&Datum, &Datum) -> bool) {
    match bounds.get_mut(&id) {
        None => drop(bounds.insert(id, new)),
        Some(old) if is_wider(&new, old) => *old = new,
        Some(_) => {}
    }
}

/// Parquet's bytes of a value are Iceberg's, but for decimals, which Parquet may keep as numbers.
fn bounds(found: &Statistics, kind: &PrimitiveType) -> Result<Option<(Datum, Datum)>> {
    let (Some(least), Some(most)) = (found.min_bytes_opt(), found.max_bytes_opt()) else { return Ok(None) };
    let datum = |bytes: &[u8]| match (kind, found.physical_type()) {
        (PrimitiveType::Decimal { .. }, Physical::INT32 | Physical::INT64) => {
            let turned: Vec<u8> = bytes.iter().rev().copied().collect();
            Datum::try_from_bytes(&turned, kind.clone())
        }
        _ => Datum::try_from_bytes(bytes, kind.clone()),
    };
    Ok(Some((datum(least)?, datum(most)?)))
}

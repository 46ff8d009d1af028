//! How the columns of a table become others: ids stay, so that files of any age are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, Type};
use tarn_lake::ColumnName;

use crate::fault::{ANEW, Fault, Result};
use crate::types::{TypedColumn, iceberg_of};

/// New names and the old ones in whose place they stand.
pub type Renamed = BTreeMap<ColumnName, ColumnName>;

/// A schema without a past.
pub(super) fn fresh(columns: &[TypedColumn]) -> Result<Schema> {
    let field = |(nth, column): (usize, &TypedColumn)| -> NestedFieldRef {
        Arc::new(NestedField::optional(nth as i32 + 1, column.name.as_str(), iceberg_of(column.kind)))
    };
    Ok(Schema::builder().with_fields(columns.iter().enumerate().map(field)).build()?)
}

/// The schema that follows another. A column of an old name keeps its id, one that was renamed keeps
/// that of its old name, others are new; those that are not there any more are gone. A type may only
/// become wider.
pub(super) fn evolved(
    old: &Schema,
    last_id: i32,
    columns: &[TypedColumn],
    renamed: &Renamed,
) -> Result<Schema> {
    let mut last_id = last_id;
    let renames = pending(old, columns, renamed);
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let wanted = iceberg_of(column.kind);
        let id = match before(old, &column.name, &renames) {
            None => {
                last_id += 1;
                last_id
            }
            Some(there) if widens(&there.field_type, &wanted) => there.id,
            Some(there) => return Err(narrower(column, &there.field_type).into()),
        };
        fields.push(Arc::new(NestedField::optional(id, column.name.as_str(), wanted)));
    }
    Ok(Schema::builder().with_fields(fields).build()?)
}

/// The renames that were not made yet. One that was made is none any more: its new name is there.
fn pending<'r>(
    old: &Schema,
    columns: &[TypedColumn],
    renamed: &'r Renamed,
) -> BTreeMap<&'r ColumnName, &'r ColumnName> {
    let is_wanted = |new: &ColumnName| columns.iter().any(|column| column.name == *new);
    let is_pending = |(new, from): &(&'r ColumnName, &'r ColumnName)| {
        is_wanted(new)
            && old.field_by_name(new.as_str()).is_none()
            && old.field_by_name(from.as_str()).is_some()
    };
    renamed.iter().filter(is_pending).collect()
}

/// The field that a column goes on. Who takes the name of one that is renamed at the same time is new.
fn before<'s>(
    old: &'s Schema,
    name: &ColumnName,
    renames: &BTreeMap<&ColumnName, &ColumnName>,
) -> Option<&'s NestedFieldRef> {
    if let Some(from) = renames.get(name) {
        return old.field_by_name(from.as_str());
    }
    let is_given_up = renames.values().any(|from| *from == name);
    old.field_by_name(name.as_str()).filter(|_| !is_given_up)
}

/// Whether Iceberg lets a type become another.
fn widens(from: &Type, to: &Type) -> bool {
    let (Some(from), Some(to)) = (from.as_primitive_type(), to.as_primitive_type()) else { return false };
    match (from, to) {
        (from, to) if from == to => true,
        (PrimitiveType::Int, PrimitiveType::Long) | (PrimitiveType::Float, PrimitiveType::Double) => true,
        (
            PrimitiveType::Decimal { precision, scale },
            PrimitiveType::Decimal { precision: wider, scale: same },
        ) => scale == same && wider >= precision,
        _ => false,
    }
}

fn narrower(column: &TypedColumn, there: &Type) -> Fault {
    let message = format!("`{}` was {there} and would be {}", column.name, column.kind);
    let help = "cast it to what it was, or give it another name; int becomes long, float becomes double, and a \
                decimal gets more digits, nothing else";
    Fault::new(message, format!("{help}; or {ANEW}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(pairs: &[(&str, &str)]) -> Vec<TypedColumn> {
        let column = |(name, kind): &(&str, &str)| TypedColumn {
            name: ColumnName::new(*name).unwrap(),
            kind: kind.parse().unwrap(),
        };
        pairs.iter().map(column).collect()
    }

    fn renames(pairs: &[(&str, &str)]) -> Renamed {
        pairs
            .iter()
            .map(|(new, old)| (ColumnName::new(*new).unwrap(), ColumnName::new(*old).unwrap()))
            .collect()
    }

    fn ids(schema: &Schema) -> Vec<(i32, &str)> {
        schema.as_struct().fields().iter().map(|field| (field.id, field.name.as_str())).collect()
    }

    #[test]
    fn ids_stay_with_their_columns() {
        let old = fresh(&columns(&[("day", "date"), ("total", "int32"), ("kind", "string")])).unwrap();
        let new = columns(&[("kind", "string"), ("sum", "int64"), ("count", "int64")]);
        let new = evolved(&old, 3, &new, &renames(&[("sum", "total")])).unwrap();
        assert_eq!(ids(&new), [(3, "kind"), (2, "sum"), (4, "count")]);
        let again = columns(&[("kind", "string"), ("sum", "int64"), ("count", "int64"), ("total", "string")]);
        let again = evolved(&new, 4, &again, &renames(&[("sum", "total")])).unwrap();
        assert_eq!(ids(&again), [(3, "kind"), (2, "sum"), (4, "count"), (5, "total")]);
    }

    #[test]
    fn a_name_that_is_given_up_can_be_taken_at_once() {
        let old = fresh(&columns(&[("a", "int32"), ("b", "string")])).unwrap();
        let new = columns(&[("b", "int32"), ("a", "string"), ("c", "date")]);
        let swapped = evolved(&old, 2, &new, &renames(&[("c", "a")]));
        assert!(swapped.is_err(), "b was text, and is no number");
        let new = columns(&[("a", "date"), ("b", "string"), ("was_a", "int32")]);
        let new = evolved(&old, 2, &new, &renames(&[("was_a", "a")])).unwrap();
        assert_eq!(ids(&new), [(3, "a"), (2, "b"), (1, "was_a")]);
    }

    #[test]
    fn types_only_become_wider() {
        let known = [
            "bool",
            "int32",
            "int64",
            "float32",
            "float64",
            "decimal(9,2)",
            "decimal(12,2)",
            "decimal(12,3)",
            "date",
            "timestamp(us)",
            "string",
            "binary",
        ];
        let allowed = [("int32", "int64"), ("float32", "float64"), ("decimal(9,2)", "decimal(12,2)")];
        for (from, to) in known.iter().flat_map(|from| known.iter().map(move |to| (*from, *to))) {
            let old = fresh(&columns(&[("a", from)])).unwrap();
            let evolved = evolved(&old, 1, &columns(&[("a", to)]), &Renamed::new());
            assert_eq!(evolved.is_ok(), from == to || allowed.contains(&(from, to)), "{from} to {to}");
        }
    }
}

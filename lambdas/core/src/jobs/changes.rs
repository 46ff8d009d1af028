//! Marks of change: a small object in the ops bucket for each table, written anew whenever the table's
//! objects in silver were. By its tag a sync sees that nothing has changed since it looked, and lists
//! neither silver nor the zone.
//!
//! A mark is written behind the objects and before the ledger says that they are there. Who dies in
//! between is followed by somebody who does the same again, and marks it.

use std::collections::BTreeMap;

use serde_json::json;
use tarn_lake::TableName;

use super::documents;
use crate::Result;
use crate::ports::ObjectStore;

const PREFIX: &str = "changes/";

/// Marks a table as changed. `by` is another text every time.
pub(super) async fn mark(store: &dyn ObjectStore, ops: &str, table: &TableName, by: &str) -> Result<()> {
    documents::write(store, ops, &key(table), &json!({ "by": by })).await
}

/// The tags of all marks, by the names of their tables.
pub(super) async fn marks(store: &dyn ObjectStore, ops: &str) -> Result<BTreeMap<String, String>> {
    let listed = store.list(ops, PREFIX).await?;
    let mark = |key: &str| Some(key.strip_prefix(PREFIX)?.strip_suffix(".json")?.to_owned());
    Ok(listed.into_iter().filter_map(|object| Some((mark(&object.key)?, object.tag))).collect())
}

fn key(table: &TableName) -> String {
    format!("{PREFIX}{table}.json")
}

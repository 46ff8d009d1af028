//! Two lakes compared in their own words: tables, columns, zones, who may have what.
//!
//! Values are compared as a stored lake has them, so that a key which is new to tarn is told without a
//! line here.

use serde::Serialize;
use serde_json::{Map, Value};
use tarn_lake::{Lake, Layout, Model, Table, Zone};

use super::Change;

/// What changes between two lakes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LakeChange {
    /// What is said of the lake and its environment, called as `lake.toml` does.
    pub settings: Vec<KeyChange>,
    /// Tables, in the order of the new lake, then those that are gone.
    pub tables: Vec<TableChange>,
    /// Models, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelChange>,
    /// Zones, in the same order.
    pub zones: Vec<ZoneChange>,
    /// Who gets or loses what.
    pub rights: Vec<Right>,
}

/// A value that is another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyChange {
    /// Such as `schedule.daily`.
    pub key: String,
    /// What it was; `None` is nothing.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// What becomes of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableChange {
    /// Its name.
    pub table: String,
    /// What becomes of it as a whole.
    pub change: Change,
    /// Columns of its newest layout that are not what they were.
    pub columns: Vec<ColumnChange>,
    /// Its other keys.
    pub keys: Vec<KeyChange>,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnChange {
    /// Its name.
    pub column: String,
    /// What becomes of it.
    pub change: Change,
    /// The type it had.
    pub before: Option<String>,
    /// The type it has.
    pub after: Option<String>,
}

/// What becomes of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelChange {
    /// Its name.
    pub model: String,
    /// What becomes of it as a whole.
    pub change: Change,
    /// Its keys, and `sql`.
    pub keys: Vec<KeyChange>,
}

/// What becomes of a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZoneChange {
    /// Its name.
    pub zone: String,
    /// What becomes of it as a whole.
    pub change: Change,
    /// Its keys, but for those that are rights.
    pub keys: Vec<KeyChange>,
}

/// A right that is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// Whose zone.
    pub zone: String,
    /// The table that the zone may have, if the right is on one ...
    pub table: Option<String>,
    /// ... or who may read the zone: an ARN, or `None` for whoever IAM lets.
    pub reader: Option<String>,
    /// Whether it is there now.
    pub gained: bool,
}

impl LakeChange {
    /// Whether nothing changes.
    pub fn is_none(&self) -> bool {
        let unchanged = self.settings.is_empty() && self.tables.is_empty() && self.zones.is_empty();
        unchanged && self.models.is_empty()
    }
}

/// What changes between two lakes.
pub fn lakes(before: &Lake, after: &Lake) -> LakeChange {
    let zones = pairs(&before.zones, &after.zones, |zone| zone.name.as_str());
    let tables = pairs(&before.tables, &after.tables, |table| table.name.as_str());
    let models = pairs(&before.models, &after.models, |model| model.name.as_str());
    LakeChange {
        models: models.iter().filter_map(|(name, pair)| model(name, *pair)).collect(),
        settings: settings(before, after),
        tables: tables.iter().filter_map(|(name, pair)| table(name, *pair)).collect(),
        zones: zones.iter().filter_map(|(name, pair)| zone(name, *pair)).collect(),
        rights: zones.iter().flat_map(|(name, pair)| rights(name, *pair)).collect(),
    }
}

type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

/// What is called the same, in the order of the second list.
fn pairs<'a, T>(before: &'a [T], after: &'a [T], name: impl Fn(&T) -> &str) -> Vec<(String, Pair<'a, T>)> {
    let find = |list: &'a [T], wanted: &str| list.iter().find(|it| name(it) == wanted);
    let new = after.iter().map(|it| (name(it).to_owned(), (find(before, name(it)), Some(it))));
    let gone = before.iter().filter(|it| find(after, name(it)).is_none());
    new.chain(gone.map(|it| (name(it).to_owned(), (Some(it), None)))).collect()
}

fn settings(before: &Lake, after: &Lake) -> Vec<KeyChange> {
    let leaves = |lake: &Lake| {
        let mut leaves = Map::new();
        let stored = serde_json::to_value(lake).unwrap_or_default();
        flatten("", &without(stored, &["tables", "zones", "models"]), &mut leaves);
        leaves.into_iter().map(|(key, value)| (setting(&key), value)).collect()
    };
    key_changes(&leaves(before), &leaves(after))
}

/// How `lake.toml` calls what a stored lake calls otherwise.
fn setting(key: &str) -> String {
    let known = [("environment.deployment.", "aws."), ("environment.name", "env"), ("environment.", "")];
    let renamed =
        known.iter().find_map(|(stored, written)| Some(format!("{written}{}", key.strip_prefix(stored)?)));
    renamed.unwrap_or_else(|| if key.contains('.') { key.to_owned() } else { format!("lake.{key}") })
}

fn table(name: &str, (before, after): Pair<Table>) -> Option<TableChange> {
    let change = Change::of(&before, &after).filter(|_| before != after)?;
    let (old, new) = (before.map(Table::newest_layout), after.map(Table::newest_layout));
    let columns = columns(old, new);
    let keys = match (before, after) {
        (Some(before), Some(after)) => [keys_of(before, after), layouts(before, after)].concat(),
        _ => Vec::new(),
    };
    Some(TableChange { table: name.to_owned(), change, columns, keys })
}

fn keys_of(before: &Table, after: &Table) -> Vec<KeyChange> {
    let leaves = |table: &Table| {
        let mut leaves = Map::new();
        let stored = serde_json::to_value(table).unwrap_or_default();
        flatten("", &without(stored, &["name", "layouts"]), &mut leaves);
        leaves.into_iter().map(|(key, value)| (table_key(&key), value)).collect()
    };
    key_changes(&leaves(before), &leaves(after))
}

fn table_key(key: &str) -> String {
    match key {
        "bad_rows.action" => "on_bad_row".into(),
        "bad_rows.max_rows" => "max_bad_rows".into(),
        "bad_rows.max_share" => "max_bad_share".into(),
        key => key
            .trim_start_matches("csv.")
            .trim_start_matches("placement.")
            .trim_start_matches("arrival.")
            .into(),
    }
}

/// Layouts that come, go, or are others although they begin on the same day.
fn layouts(before: &Table, after: &Table) -> Vec<KeyChange> {
    let leaves = |table: &Table| -> Map<String, Value> {
        let layout = |layout: &Layout| {
            let from = layout.from.map_or_else(|| "columns".into(), |day| format!("layout from {day}"));
            let columns = layout.columns.iter().map(|column| column.name.to_string());
            (from, Value::from(columns.collect::<Vec<_>>().join(", ")))
        };
        table.layouts.iter().map(layout).collect()
    };
    let is_dated = before.layouts.len() + after.layouts.len() > 2;
    if is_dated { key_changes(&leaves(before), &leaves(after)) } else { Vec::new() }
}

fn columns(before: Option<&Layout>, after: Option<&Layout>) -> Vec<ColumnChange> {
    let list = |layout: Option<&Layout>| layout.map(|layout| layout.columns.clone()).unwrap_or_default();
    let (before, after) = (list(before), list(after));
    let pairs = pairs(&before, &after, |column| column.name.as_str()).into_iter();
    let change =
        pairs.filter(|(_, (before, after))| before != after).filter_map(|(column, (before, after))| {
            let change = Change::of(&before, &after)?;
            let kind = |column: Option<&tarn_lake::Column>| column.map(|column| column.kind.to_string());
            Some(ColumnChange { column, change, before: kind(before), after: kind(after) })
        });
    change.collect()
}

fn model(name: &str, (before, after): Pair<Model>) -> Option<ModelChange> {
    let change = Change::of(&before, &after).filter(|_| before != after)?;
    let leaves = |model: &Model| {
        let mut leaves = Map::new();
        let stored = serde_json::to_value(model).unwrap_or_default();
        flatten("", &without(stored, &["name", "inputs"]), &mut leaves);
        leaves
    };
    let keys = match (before, after) {
        (Some(before), Some(after)) => key_changes(&leaves(before), &leaves(after)),
        _ => Vec::new(),
    };
    Some(ModelChange { model: name.to_owned(), change, keys })
}

fn zone(name: &str, (before, after): Pair<Zone>) -> Option<ZoneChange> {
    let change = Change::of(&before, &after).filter(|_| before != after)?;
    let leaves = |zone: &Zone| {
        let mut leaves = Map::new();
        let stored = serde_json::to_value(zone).unwrap_or_default();
        flatten("", &without(stored, &["name", "tables", "readers", "principals"]), &mut leaves);
        for table in &zone.tables {
            let stored = serde_json::to_value(table).unwrap_or_default();
            // One that is all of a table is stored as its name, and says nothing else.
            if stored.is_object() {
                flatten(&format!("tables.{}", table.name), &without(stored, &["name"]), &mut leaves);
            }
        }
        leaves
    };
    let keys = match (before, after) {
        (Some(before), Some(after)) => key_changes(&leaves(before), &leaves(after)),
        _ => Vec::new(),
    };
    Some(ZoneChange { zone: name.to_owned(), change, keys })
}

fn rights(name: &str, (before, after): Pair<Zone>) -> Vec<Right> {
    let tables = |zone: Option<&Zone>| -> Vec<(Option<String>, Option<String>)> {
        let tables = zone.into_iter().flat_map(|zone| &zone.tables);
        tables.map(|table| (Some(table.name.to_string()), None)).collect()
    };
    let readers = |zone: Option<&Zone>| -> Vec<(Option<String>, Option<String>)> {
        let Some(zone) = zone else { return Vec::new() };
        let all = zone.readers.iter().chain(&zone.principals).map(|reader| (None, Some(reader.to_string())));
        let anyone = zone.readers.is_empty().then_some((None, None));
        anyone.into_iter().chain(all).collect()
    };
    let all = |zone| [tables(zone), readers(zone)].concat();
    let (before, after) = (all(before), all(after));
    let right = |(table, reader): &(Option<String>, Option<String>), gained| Right {
        zone: name.to_owned(),
        table: table.clone(),
        reader: reader.clone(),
        gained,
    };
    let gained = after.iter().filter(|it| !before.contains(it)).map(|it| right(it, true));
    let lost = before.iter().filter(|it| !after.contains(it)).map(|it| right(it, false));
    gained.chain(lost).collect()
}

fn key_changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<KeyChange> {
    let keys = super::keys(before.keys(), after.keys()).into_iter();
    let change = |key: &String| {
        let value = |map: &Map<String, Value>| map.get(key).filter(|value| !value.is_null()).cloned();
        let (before, after) = (value(before), value(after));
        (before != after).then(|| KeyChange { key: key.clone(), before, after })
    };
    keys.filter_map(change).collect()
}

fn without(mut value: Value, keys: &[&str]) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !keys.contains(&key.as_str()));
    }
    value
}

/// The values of a document that are no documents themselves, under their paths.
fn flatten(path: &str, value: &Value, leaves: &mut Map<String, Value>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, inner, leaves);
            }
        }
        value => {
            leaves.insert(path.to_owned(), value.clone());
        }
    }
}

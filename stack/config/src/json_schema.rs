//! The format of `lake.toml` as a JSON Schema, so that editors complete, explain and check the file
//! while it is written.
//!
//! It is made of the lists that the reader follows: which keys a block has, of which type, which must
//! be there. What the reader checks beyond a type stands here once more, as far as a schema can say it
//! of one value; what holds between values only the reader knows.

use serde_json::{Map, Value, json};
use tarn_lake::{
    BadRows, ColumnName, ColumnType, Compression, Csv, Encoding, Engine, EnvironmentName, Escape, Format,
    Frequency, LakeName, Materialise, Mode, ModelFormat, OnBadRow, OnOverwrite, Pii, Placement, Retention,
    SchemaChange, TableName, Uncleared, Zone, ZoneName,
};

use crate::keys::{Block, Key, Wants};
use crate::name::Name;
use crate::{alarms, aws, backup, column, document, model, placement, quality, zone_table};

/// The schema of a whole `lake.toml`, in draft 2020-12. What the header of a model's file may say is its
/// definition `model`, to which nothing in `lake.toml` refers.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let mut root = object(&document::BLOCK, &mut definitions);
    let column = described_column(&mut definitions);
    definitions.insert("column".into(), column);
    let model = object(&model::BLOCK, &mut definitions);
    definitions.insert("model".into(), model);
    if let Some(required) = root.get_mut("required").and_then(Value::as_array_mut) {
        // Tables may all stand in files of their own.
        required.retain(|key| key != "table");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lake.toml",
        "description": "A data lake, described for tarn.",
    });
    if let (Some(schema), Value::Object(root)) = (schema.as_object_mut(), root) {
        schema.extend(root);
        schema.insert("$defs".into(), definitions.into());
    }
    schema
}

/// A block: its keys and no others.
fn object(block: &'static Block, definitions: &mut Map<String, Value>) -> Value {
    let properties: Map<_, _> =
        block.keys.iter().map(|key| (key.name.to_owned(), property(block, key, definitions))).collect();
    let required: Vec<&str> = block.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        extend(&mut object, json!({ "required": required }));
    }
    if block.header == "[[zone]]" {
        extend(&mut object, json!({ "anyOf": [{ "required": ["tables"] }, { "required": ["groups"] }] }));
    }
    if block.header == "[[table]]" {
        extend(&mut object, json!({ "oneOf": [{ "required": ["columns"] }, { "required": ["layout"] }] }));
    }
    object
}

fn property(block: &'static Block, key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut property = value(key, definitions);
    extend(&mut property, json!({ "description": description(key) }));
    if let Some((_, _, refine)) = REFINED.iter().find(|(b, k, _)| (*b, *k) == (block.header, key.name)) {
        extend(&mut property, refine());
    }
    property
}

fn description(key: &Key) -> String {
    let mut letters = key.meaning.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    match key.wants {
        Wants::Block(_) | Wants::NamedBlocks(_) | Wants::Blocks(_) => format!("{first}{}.", letters.as_str()),
        _ => format!("{first}{}. For example: {}", letters.as_str(), key.example),
    }
}

fn value(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let literal = || json!({ "type": ["string", "number", "boolean"] });
    match key.wants {
        Wants::Text => json!({ "type": "string" }),
        Wants::Flag => json!({ "type": "boolean" }),
        Wants::Version => json!({ "const": 1 }),
        Wants::Count => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Wants::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Wants::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Wants::Day => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Wants::Literal => literal(),
        Wants::Literals => json!({ "type": "array", "minItems": 1, "items": literal() }),
        Wants::Mask => {
            json!({ "anyOf": [{ "type": "string" }, reference(&quality::MASK_BLOCK, definitions)] })
        }
        Wants::Names => names(),
        Wants::Pii => json!({ "anyOf": [{ "type": "boolean" }, words(Pii::WORDS, Some(&Pii::None))] }),
        Wants::ZoneTables => zone_tables(definitions),
        Wants::Groups => json!({
            "type": "object",
            "additionalProperties": { "type": "array", "minItems": 1, "items": name::<TableName>() },
        }),
        Wants::Keys => json!({ "anyOf": [names(), { "type": "array", "minItems": 1, "items": names() }] }),
        Wants::Columns => columns(),
        Wants::Tags => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Wants::Block(block) => reference(block, definitions),
        Wants::NamedBlocks(block) => json!({
            "type": "object", "propertyNames": name::<EnvironmentName>(),
            "additionalProperties": reference(block, definitions),
        }),
        Wants::Blocks(block) => {
            json!({ "type": "array", "minItems": 1, "items": reference(block, definitions) })
        }
    }
}

/// A list of names and blocks, or blocks by name, which need no other.
fn zone_tables(definitions: &mut Map<String, Value>) -> Value {
    let named = reference(&zone_table::BLOCK, definitions);
    let mut block = object(&zone_table::BLOCK, definitions);
    if let Some(block) = block.as_object_mut() {
        block.remove("required");
    }
    json!({ "anyOf": [
        { "type": "array", "minItems": 1, "items": { "anyOf": [name::<TableName>(), named] } },
        {
            "type": "object", "minProperties": 1, "propertyNames": name::<TableName>(),
            "additionalProperties": block,
        },
    ] })
}

/// A block that several keys have stands in the schema once.
fn reference(block: &'static Block, definitions: &mut Map<String, Value>) -> Value {
    let name = definition(block);
    if !definitions.contains_key(&name) {
        // Its place is taken before it is looked into.
        definitions.insert(name.clone(), Value::Null);
        let object = object(block, definitions);
        definitions.insert(name.clone(), object);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// `[[table.layout]]` is `table.layout`, `mask = { ... }` is `mask`.
fn definition(block: &Block) -> String {
    let header = block.header.trim_matches(['[', ']']);
    header.split(' ').next().unwrap_or(header).to_owned()
}

fn columns() -> Value {
    json!({
        "type": "object", "minProperties": 1, "propertyNames": name::<ColumnName>(),
        "additionalProperties": { "anyOf": [kind(), { "$ref": "#/$defs/column" }] },
    })
}

fn described_column(definitions: &mut Map<String, Value>) -> Value {
    object(&column::BLOCK, definitions)
}

fn names() -> Value {
    json!({ "type": "array", "minItems": 1, "items": name::<ColumnName>() })
}

/// What a name is by the rule of its kind, but for words that the lake itself uses.
fn name<N: Name>() -> Value {
    let joint = N::JOINT;
    let pattern = match joint {
        '-' => "^[a-z][a-z0-9]*(-[a-z0-9]+)*$".to_owned(),
        _ => format!("^[a-z][a-z0-9{joint}]*$"),
    };
    json!({ "type": "string", "pattern": pattern, "maxLength": N::LONGEST })
}

/// A column's type.
fn kind() -> Value {
    let decimal = "^decimal\\( *[0-9]{1,2} *, *[0-9]{1,2} *\\)$";
    let spellings: Vec<&str> = ColumnType::spellings().collect();
    json!({ "anyOf": [{ "enum": spellings }, { "type": "string", "pattern": decimal }] })
}

fn words<T: PartialEq>(words: &[(&'static str, T)], default: Option<&T>) -> Value {
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let default = words.iter().find(|(_, meaning)| Some(meaning) == default).map(|(word, _)| *word);
    match default {
        Some(default) => json!({ "enum": all, "default": default }),
        None => json!({ "enum": all }),
    }
}

/// A time of day behind what says the day.
fn time_behind(day: &str) -> Value {
    json!({ "pattern": format!("^{day}([01][0-9]|2[0-3]):[0-5][0-9]$") })
}

fn character() -> Value {
    json!({ "minLength": 1, "maxLength": 1 })
}

fn days() -> Value {
    json!({ "minimum": 1 })
}

fn by_default(value: impl Into<Value>) -> Value {
    json!({ "default": value.into() })
}

/// What is known of a block's key beside its type.
type Refinement = (&'static str, &'static str, fn() -> Value);

static REFINED: &[Refinement] = &[
    ("[lake]", "name", name::<LakeName>),
    ("[schedule]", "daily", || time_behind("")),
    ("[schedule]", "weekly", || time_behind("(mon|tue|wed|thu|fri|sat|sun) ")),
    ("[schedule]", "monthly", || time_behind("(0*([1-9]|1[0-9]|2[0-8])) ")),
    ("[schedule]", "on_arrival", || by_default(false)),
    ("[aws]", "account", || json!({ "pattern": "^[0-9]{12}$" })),
    ("[aws]", "architecture", || words(&aws::ARCHITECTURES, Some(&Default::default()))),
    ("[backup]", "keep", || json!({ "minimum": 1, "maximum": backup::MOST })),
    ("[alarms]", "silent_hours", || json!({ "minimum": 1, "maximum": alarms::LONGEST_SILENCE })),
    ("[retention]", "landing_days", days),
    ("[retention]", "quarantine_days", days),
    ("[retention]", "old_versions_days", days),
    ("[retention]", "runs_days", days),
    ("[retention]", "query_results_days", days),
    ("[retention]", "access_logs_days", days),
    ("[retention]", "logs_days", || json!({ "enum": Retention::LOG_DAYS })),
    ("[[table]]", "name", name::<TableName>),
    ("[[table]]", "format", || words(Format::WORDS, Some(&Csv::default().format))),
    ("[[table]]", "delimiter", || json!({ "minLength": 1, "maxLength": 1, "default": "," })),
    ("[[table]]", "header", || by_default(Csv::default().header)),
    ("[[table]]", "escape", || words(Escape::WORDS, Some(&Csv::default().escape))),
    ("[[table]]", "comment", character),
    ("[[table]]", "skip_lines", || by_default(0)),
    ("[[table]]", "encoding", || words(Encoding::WORDS, Some(&Csv::default().encoding))),
    ("[[table]]", "compression", || words(Compression::WORDS, Some(&Csv::default().compression))),
    ("[[table]]", "decimal_comma", || by_default(false)),
    ("[[table]]", "schema_change", || words(SchemaChange::WORDS, Some(&SchemaChange::default()))),
    ("[[table]]", "frequency", || words(Frequency::WORDS, Some(&Frequency::default()))),
    ("[[table]]", "on_overwrite", || words(OnOverwrite::WORDS, Some(&OnOverwrite::default()))),
    ("[[table]]", "on_bad_row", || words(OnBadRow::WORDS, Some(&BadRows::default().action))),
    ("[[table]]", "partition_by", names),
    (
        "[[table]]",
        "max_partitions",
        || json!({ "minimum": 1, "maximum": placement::MOST_PARTITIONS, "default": Placement::MAX_PARTITIONS }),
    ),
    ("[[table]]", "cluster_by", names),
    ("{ type = ... }", "type", kind),
    ("{ type = ... }", "format", || by_default("iso")),
    ("{ type = ... }", "required", || by_default(false)),
    ("{ type = ... }", "drop", || by_default(false)),
    ("{ type = ... }", "trim", || by_default(false)),
    ("{ type = ... }", "hash", || json!({ "enum": [quality::HASH_WORD] })),
    ("mask = { ... }", "keep_last", || json!({ "minimum": 1, "maximum": u8::MAX })),
    ("[[zone]]", "name", name::<ZoneName>),
    ("[[zone]]", "clearance", || words(Pii::WORDS, Some(&Pii::None))),
    ("[[zone]]", "uncleared", || words(Uncleared::WORDS, Some(&Uncleared::Drop))),
    ("[[zone]]", "max_deletions", || by_default(Zone::MAX_DELETIONS)),
    ("[zone.tables.NAME]", "name", name::<TableName>),
    ("[zone.tables.NAME]", "mode", || words(Mode::WORDS, Some(&Mode::Copy))),
    ("[zone.tables.NAME]", "frequency", || words(Frequency::WORDS, Some(&Frequency::default()))),
    ("[lake]", "clearance", || words(Pii::WORDS, Some(&Pii::None))),
    ("[[zone]]", "scan_limit_gb", || by_default(Zone::SCAN_LIMIT_GB)),
    ("models/NAME.sql", "materialise", || words(Materialise::WORDS, Some(&Materialise::Replace))),
    ("models/NAME.sql", "new_files_of", name::<TableName>),
    ("models/NAME.sql", "format", || words(ModelFormat::WORDS, Some(&ModelFormat::Iceberg))),
    // The last one is a word of the lake, and nothing runs it yet.
    ("models/NAME.sql", "engine", || words(&Engine::WORDS[..2], Some(&Engine::DataFusion))),
    ("models/NAME.sql", "renamed", || json!({ "propertyNames": name::<ColumnName>() })),
    ("[tests.accepted_values]", "column", name::<ColumnName>),
    ("[tests.accepted_values]", "values", || json!({ "minItems": 1 })),
    ("[tests.relationship]", "column", name::<ColumnName>),
    ("[tests.relationship]", "to", name::<TableName>),
    ("[tests.relationship]", "field", name::<ColumnName>),
];

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(value), Value::Object(more)) = (value, more) {
        value.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use tarn_lake::{DailyTime, MonthlyTime, WeeklyTime};

    use super::*;

    /// Every block that can be reached, with its keys.
    fn known(block: &'static Block, found: &mut Vec<(&'static str, &'static str)>) {
        if found.iter().any(|(header, _)| *header == block.header) {
            return;
        }
        for key in block.keys {
            found.push((block.header, key.name));
        }
        for key in block.keys {
            match key.wants {
                Wants::Block(inner) | Wants::NamedBlocks(inner) | Wants::Blocks(inner) => known(inner, found),
                Wants::Columns => known(&column::BLOCK, found),
                Wants::Mask => known(&quality::MASK_BLOCK, found),
                Wants::ZoneTables => known(&zone_table::BLOCK, found),
                _ => {}
            }
        }
    }

    #[test]
    fn what_is_refined_is_a_key() {
        let mut keys = Vec::new();
        known(&document::BLOCK, &mut keys);
        known(&model::BLOCK, &mut keys);
        for (block, key, _) in REFINED {
            assert!(keys.contains(&(block, key)), "{block} has no `{key}`");
        }
    }

    #[test]
    fn patterns_accept_the_names_that_the_reader_accepts() {
        fn check<N: Name>(texts: &[String]) {
            let rule = name::<N>();
            let pattern = Regex::new(rule["pattern"].as_str().unwrap()).unwrap();
            for text in texts {
                let fits = pattern.is_match(text) && text.len() as u64 <= rule["maxLength"].as_u64().unwrap();
                let is_reserved =
                    ["landing", "bronze", "silver", "gold", "ops", "logs"].contains(&text.as_str());
                assert_eq!(fits, N::try_from(text.clone()).is_ok() || is_reserved, "{text:?}");
            }
        }
        let pieces = ["a", "z9", "-", "_", "A", "1", "--", "ü", " ", "silver"];
        let mut texts = vec![String::new()];
        for length in 0..4 {
            let shorter: Vec<String> = texts.iter().filter(|text| text.len() >= length).cloned().collect();
            texts.extend(shorter.iter().flat_map(|text| pieces.map(|piece| text.clone() + piece)));
            texts.truncate(20_000);
        }
        texts.extend([8, 9, 16, 17, 20, 21, 64, 65, 128, 129].map(|length| "a".repeat(length)));
        check::<LakeName>(&texts);
        check::<EnvironmentName>(&texts);
        check::<TableName>(&texts);
        check::<ColumnName>(&texts);
    }

    #[test]
    fn patterns_accept_the_times_that_the_reader_accepts() {
        fn check<T: std::str::FromStr>(key: &str) {
            let (_, _, rule) = REFINED.iter().find(|(_, name, _)| *name == key).unwrap();
            let pattern = Regex::new(rule()["pattern"].as_str().unwrap()).unwrap();
            for day in ["", "mon ", "sun ", "day ", "0 ", "1 ", "01 ", "9 ", "19 ", "28 ", "29 ", "+1 "] {
                for time in ["00:00", "23:59", "24:00", "2:30", "02:60", "", "02:30 "] {
                    let text = format!("{day}{time}");
                    assert_eq!(pattern.is_match(&text), text.parse::<T>().is_ok(), "{key} {text:?}");
                }
            }
        }
        check::<DailyTime>("daily");
        check::<WeeklyTime>("weekly");
        check::<MonthlyTime>("monthly");
    }

    #[test]
    fn no_reference_leads_nowhere() {
        let schema = json_schema();
        let text = schema.to_string();
        for (place, _) in text.match_indices("#/$defs/") {
            let name = text[place + 8..].split('"').next().unwrap();
            assert!(schema["$defs"][name].is_object(), "{name}");
        }
    }
}

//! The tags of columns as they are rendered, over random lakes, beside what the file's words say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod rules;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{of_type, rendered, retail, texts};
use tarn_lake::{Column, ColumnName, ColumnType, Lake, Layout, Pii, StackId};

const LEVELS: [Pii; 3] = [Pii::None, Pii::Low, Pii::High];

/// Two tables with two layouts: `c0` to `c2`, and `c1` to `c3`; the last one may stay out of silver.
fn lakes() -> impl Strategy<Value = Lake> {
    prop::collection::vec((0usize..3, any::<bool>()), 12).prop_map(|told| {
        let tables: Vec<_> = (0..2).map(|n| support::table(&format!("t{n}"))).collect();
        let mut lake = Lake { tables, ..retail() };
        lake.zones.clear();
        for (n, table) in lake.tables.iter_mut().enumerate() {
            let layout = |first: usize| {
                let column = |c: usize| {
                    let (level, drop) = told[6 * n + 3 * first + c];
                    let name = ColumnName::new(format!("c{}", first + c)).unwrap();
                    Column {
                        pii: LEVELS[level],
                        drop: drop && c == 2,
                        ..Column::new(name, ColumnType::String)
                    }
                };
                Layout { from: None, columns: (0..3).map(column).collect() }
            };
            table.layouts = vec![layout(0), layout(1)];
        }
        lake
    })
}

/// `table.column` and its value, as storage's template has it.
fn tagged(lake: &Lake) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for template in &rendered(lake) {
        assert_eq!(rules::breaches(template.body()), [], "{}", template.name);
        for (_, list) in of_type(template, &["Custom::LakeFormationTags"]) {
            assert_eq!(template.id, StackId::Storage);
            let properties = &list["Properties"];
            assert_eq!(
                (&properties["Key"], &properties["Values"]),
                (&json!("retail_dev_pii"), &json!(["low", "high"]))
            );
            for table in properties["Tables"].as_array().unwrap() {
                assert_eq!(table["Database"], "retail_dev_silver");
                let name = table["Name"].as_str().unwrap();
                assert!(
                    registered(template.body()).contains(&(name, columns_of(lake, name))),
                    "{name} may not be there"
                );
                for (column, value) in table["Columns"].as_object().unwrap() {
                    found.insert(format!("{name}.{column}"), value.as_str().unwrap().to_owned());
                }
            }
        }
    }
    found
}

/// Tables that the grants, which come before, register with their columns.
fn registered(body: &Value) -> BTreeSet<(&str, Vec<&str>)> {
    let tables = body["Resources"]["Grants"]["Properties"]["Tables"].as_array().into_iter().flatten();
    let columns = |table: &'_ Value| table["Columns"].as_array().unwrap().clone();
    tables
        .map(|table| {
            let names = columns(table).len();
            let names = (0..names).map(|n| texts(&table["Columns"][n])[0]).collect();
            (table["Name"].as_str().unwrap(), names)
        })
        .collect()
}

fn columns_of<'l>(lake: &'l Lake, table: &str) -> Vec<&'l str> {
    let table = lake.tables.iter().find(|known| known.name.as_str() == table).unwrap();
    let newest = table.layouts.last().unwrap().columns.iter();
    newest.filter(|column| !column.drop).map(|column| column.name.as_str()).collect()
}

/// The most that any layout says of a column of the newest one.
fn meant(lake: &Lake) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    for table in &lake.tables {
        for name in columns_of(lake, table.name.as_str()) {
            let all = table.layouts.iter().flat_map(|layout| &layout.columns);
            let said: Vec<Pii> = all
                .filter(|column| column.name.as_str() == name && !column.drop)
                .map(|column| column.pii)
                .collect();
            let word = ["high", "low"]
                .into_iter()
                .zip([Pii::High, Pii::Low])
                .find(|(_, level)| said.contains(level));
            wanted.extend(word.map(|(word, _)| (format!("{}.{name}", table.name), word.to_owned())));
        }
    }
    wanted
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn columns_that_tell_of_a_person_are_tagged(lake in lakes()) {
        prop_assert_eq!(tagged(&lake), meant(&lake));
    }
}

/// The role must be able to take the last tag away: foundation is updated first.
#[test]
fn a_lake_without_tags_has_no_list_and_keeps_the_rights() {
    let set = rendered(&retail());
    assert!(set.iter().all(|template| of_type(template, &["Custom::LakeFormationTags"]).is_empty()));
    let foundation = set.get(&StackId::Foundation).unwrap();
    let rights: Vec<&str> = support::statements(foundation)
        .into_iter()
        .flat_map(|statement| texts(&statement["Action"]))
        .collect();
    for right in ["RemoveLFTagsFromResource", "UpdateLFTag", "DeleteLFTag"] {
        assert!(rights.contains(&format!("lakeformation:{right}").as_str()), "{right}");
    }
}

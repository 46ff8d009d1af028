//! What changes between two lakes, told of real ones.

#![allow(clippy::unwrap_used, reason = "clippy spares only functions marked #[test], not their helpers")]

mod support;

use proptest::prelude::*;
use tarn_lake::{EnvironmentName, Lake, Zone, ZoneName};
use tarn_render::diff::{Change, KeyChange, LakeChange, Right, at_risk, lakes, stacks};
use tarn_render::{Options, Target, render};

const RETAIL: &str = include_str!("../../../examples/retail/lake.toml");
const FINANCE: &str = "\n[[zone]]\nname = \"finance\"\ntables = [\"events\"]\n";

fn lake(text: &str, environment: &str) -> Lake {
    tarn_config::parse(text, &EnvironmentName::new(environment).unwrap()).unwrap().lake
}

fn changes(before: &Lake, after: &Lake) -> Vec<tarn_render::diff::StackChange> {
    let options =
        Options { handlers_key: "handlers/x.zip".into(), gold_key: "gold/x.zip".into(), target: Target::Aws };
    let bodies = |lake: &Lake| render(lake, &options).unwrap().bodies();
    stacks(&bodies(before), &bodies(after))
}

#[test]
fn the_same_lake_differs_in_nothing() {
    let retail = lake(RETAIL, "dev");
    assert!(lakes(&retail, &retail).is_none());
    assert!(!lakes(&retail, &lake(&RETAIL.replace("02:30", "03:00"), "dev")).is_none());
    assert!(changes(&retail, &retail).is_empty());
}

#[test]
fn a_zone_is_one_stack_and_its_rights() {
    let (before, after) = (lake(RETAIL, "dev"), lake(&format!("{RETAIL}{FINANCE}"), "dev"));
    let change = lakes(&before, &after);
    assert_eq!((change.tables.len(), change.zones.len(), change.zones[0].change), (0, 1, Change::Added));
    let rights: Vec<_> = change.rights.iter().map(|right| (right.table.as_deref(), right.gained)).collect();
    assert_eq!(rights, [(Some("events"), true), (None, true)]);
    let stacks = changes(&before, &after);
    assert_eq!((stacks.len(), stacks[0].stack.as_str()), (1, "retail-dev-zone-finance"));
    assert!(lakes(&after, &before).rights.iter().all(|right| !right.gained));
}

#[test]
fn columns_keys_and_settings_are_told_by_their_names() {
    let text = RETAIL
        .replace("visitorid = \"int64\", event = \"string\", itemid", "visitorid = \"string\", kind = \"string\", itemid")
        .replace("files = \"events*.csv\"", "files = \"clicks*.csv\"\ndelimiter = \";\"\non_bad_row = \"fail\"")
        .replace("daily = \"02:30\"", "daily = \"03:00\"")
        .replace("name = \"marketing\"\ndescription = \"Campaign reports\"\ntables = [\"events\", \"category_tree\"]",
                 "name = \"marketing\"\ndescription = \"Ads\"\ntables = [\"events\"]");
    let change = lakes(&lake(RETAIL, "dev"), &lake(&text, "dev"));
    let [table] = change.tables.as_slice() else { panic!("{change:?}") };
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|it| (it.column.as_str(), it.change, it.before.as_deref(), it.after.as_deref()))
        .collect();
    assert_eq!(
        columns,
        [
            ("visitorid", Change::Changed, Some("int64"), Some("string")),
            ("kind", Change::Added, None, Some("string")),
            ("event", Change::Removed, Some("string"), None),
        ]
    );
    let keys = |keys: &[KeyChange]| keys.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&table.keys), ["files", "delimiter", "on_bad_row"]);
    assert_eq!(keys(&change.settings), ["schedule.daily"]);
    assert_eq!(keys(&change.zones[0].keys), ["description"]);
    let rights: Vec<_> = change.rights.iter().map(|right| (right.table.as_deref(), right.gained)).collect();
    assert_eq!(rights, [(Some("category_tree"), false)]);
}

#[test]
fn a_layout_more_is_told_with_its_day() {
    let dated = |more: &str| {
        let columns = "\n[[table.layout]]\nfrom = 2025-01-01\ncolumns = { a = \"int64\" }\n";
        lake(&format!("{RETAIL}\n[[table]]\nname = \"dated\"\nfiles = \"d*\"\n{columns}{more}"), "dev")
    };
    let more = "[[table.layout]]\nfrom = 2026-01-01\ncolumns = { a = \"int64\", b = \"date\" }\n";
    let change = lakes(&dated(""), &dated(more));
    assert_eq!(change.tables[0].columns[0].column, "b");
    assert_eq!(change.tables[0].keys[0].key, "layout from 2026-01-01");
}

#[test]
fn nothing_that_holds_data_is_replaced_when_a_lake_grows() {
    let before = lake(RETAIL, "prod");
    let grown = format!(
        "{RETAIL}{FINANCE}\n[[table]]\nname = \"more\"\nfiles = \"more*\"\ncolumns = {{ a = \"int64\" }}\n"
    );
    let grown = changes(&before, &lake(&grown, "prod"));
    assert_eq!(at_risk(&grown).count(), 0, "{grown:?}");
}

#[test]
fn data_at_risk_is_found_in_rendered_templates() {
    let retail = lake(RETAIL, "dev");
    let options =
        Options { handlers_key: "handlers/x.zip".into(), gold_key: "gold/x.zip".into(), target: Target::Aws };
    let before = render(&retail, &options).unwrap().bodies();
    let mut after = before.clone();
    let storage = after.get_mut("retail-dev-storage").unwrap()["Resources"].as_object_mut().unwrap();
    storage["Silver"]["Properties"]["BucketName"] = "another".into();
    storage.remove("EmptyBronze").unwrap();
    let changes = stacks(&before, &after);
    let found: Vec<&str> = at_risk(&changes).map(|(_, resource)| resource.id.as_str()).collect();
    for id in ["Silver", "EmptySilver", "EmptyBronze"] {
        assert!(found.contains(&id), "{found:?} lacks {id}");
    }
}

/// The example with other zones, fewer columns of one table, and another time.
fn some_lake() -> impl Strategy<Value = Lake> {
    let zones = prop::collection::btree_map(0..4usize, prop::collection::btree_set(0..3usize, 1..4), 0..4);
    (zones, 1..6usize, any::<bool>()).prop_map(|(zones, columns, on_arrival)| {
        let mut lake = lake(RETAIL, "dev");
        lake.schedule.on_arrival = on_arrival;
        lake.tables[0].layouts[0].columns.truncate(columns);
        let names: Vec<_> = lake.tables.iter().map(|table| table.name.clone()).collect();
        let zone = |(zone, tables): (usize, std::collections::BTreeSet<usize>)| {
            let tables = tables.into_iter().map(|table| names[table].clone()).collect();
            Zone::new(ZoneName::new(format!("z{zone}")).unwrap(), "", tables)
        };
        lake.zones = zones.into_iter().map(zone).collect();
        lake
    })
}

/// What a lake grants, and what it grants after a change.
fn granted(lake: &Lake, change: &LakeChange) -> Vec<(String, String)> {
    let pairs = |zone: &Zone| {
        zone.tables.iter().map(|table| (zone.name.to_string(), table.name.to_string())).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = lake.zones.iter().flat_map(pairs).collect();
    let on_table = |right: &Right| right.table.clone().map(|table| (right.zone.clone(), table));
    for right in &change.rights {
        let Some(pair) = on_table(right) else { continue };
        match right.gained {
            true => all.push(pair),
            false => all.retain(|other| *other != pair),
        }
    }
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_leads_from_one_lake_to_the_other(before in some_lake(), after in some_lake()) {
        let (forth, back) = (lakes(&before, &after), lakes(&after, &before));
        prop_assert_eq!(forth.is_none(), before == after);
        prop_assert_eq!(granted(&before, &forth), granted(&after, &LakeChange::default()));
        prop_assert_eq!(forth.rights.len(), back.rights.len());
        let columns = |change: &LakeChange| change.tables.iter().map(|table| table.columns.len()).sum::<usize>();
        let difference = before.tables[0].layouts[0].columns.len().abs_diff(after.tables[0].layouts[0].columns.len());
        prop_assert_eq!((columns(&forth), columns(&back)), (difference, difference));
        let names = |change: &LakeChange, wanted| {
            change.zones.iter().filter(|zone| zone.change == wanted).map(|zone| zone.zone.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(names(&forth, Change::Added), names(&back, Change::Removed));
        prop_assert_eq!(names(&forth, Change::Removed), names(&back, Change::Added));
    }
}

#[test]
fn models_are_told_in_their_own_words() {
    let before = support::modelled();
    let mut after = before.clone();
    after.models[1].sql = "select 2".into();
    after.models[1].description = "Views".into();
    after.models[0].name = tarn_lake::TableName::new("best_items").unwrap();
    let change = lakes(&before, &after);
    assert!(change.settings.is_empty() && !change.is_none(), "{change:?}");
    let told: Vec<_> = change
        .models
        .iter()
        .map(|it| {
            (it.model.as_str(), it.change, it.keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>())
        })
        .collect();
    let wanted = [
        ("best_items", Change::Added, vec![]),
        ("views_by_day", Change::Changed, vec!["description", "sql"]),
        ("top_items", Change::Removed, vec![]),
    ];
    assert_eq!(told, wanted);
}

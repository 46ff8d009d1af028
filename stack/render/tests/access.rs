//! Who sees what before and after a change, as it is told, compared with what the templates of both
//! lakes grant to whom.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;

use proptest::prelude::*;
use serde_json::Value;
use support::{of_type, rendered, retail, texts};
use tarn_lake::{
    Column, ColumnName, ColumnType, Disguise, Lake, PrincipalArn, StackId, Table, TableName, Zone, ZoneName,
};
use tarn_render::diff::{Principal, Sight, Turn, access};

/// Who, where, which table, which column.
type Cell = (String, Option<String>, String, String);
/// What can be known of a column's values.
type Known = BTreeSet<String>;

const WHOEVER: &str = "whoever";

/// All that is seen in a lake, found in its templates.
fn matrix(lake: &Lake) -> BTreeMap<Cell, Known> {
    let set = rendered(lake);
    let mut matrix = BTreeMap::new();
    for template in &set {
        let zone = match &template.id {
            StackId::Zone(zone) => Some(lake.zone(zone).unwrap()),
            _ => None,
        };
        for grant in of_type(template, &["Custom::LakeFormationGrants"])
            .into_iter()
            .flat_map(|(_, list)| list["Properties"]["Grants"].as_array().unwrap())
            .filter(|grant| texts(&grant["Permissions"]).contains(&"SELECT"))
        {
            let database = grant["Resource"]["Tables"]["Database"].as_str().unwrap();
            let tables: Vec<&Table> = match zone {
                Some(zone) => {
                    assert!(database.ends_with(&format!("_{}", zone.name)));
                    zone.tables.iter().map(|part| lake.table(&part.name).unwrap()).collect()
                }
                None => {
                    assert!(database.ends_with("_silver"));
                    lake.tables.iter().collect()
                }
            };
            for who in whom(template.body(), &grant["Principal"]) {
                for table in &tables {
                    for column in &table.layouts.last().unwrap().columns {
                        let zone = zone.map(|zone| zone.name.to_string());
                        let cell = (who.clone(), zone, table.name.to_string(), column.name.to_string());
                        matrix.insert(cell, known(column));
                    }
                }
            }
        }
    }
    matrix
}

/// A role of the template and who may take it, or somebody named.
fn whom(template: &Value, principal: &Value) -> Vec<String> {
    let Some(id) = principal["Fn::GetAtt"][0].as_str() else { return vec![plain(principal)] };
    let trust = &template["Resources"][id]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    let takers = match &trust["Principal"]["AWS"] {
        Value::Array(readers) => readers.iter().map(plain).collect(),
        root => {
            assert!(root["Fn::Sub"].as_str().unwrap().ends_with(":root"));
            vec![WHOEVER.to_owned()]
        }
    };
    [vec![id.to_owned()], takers].concat()
}

/// A principal as lake.toml spells it.
fn plain(principal: &Value) -> String {
    let text = principal.as_str().or(principal["Fn::Sub"].as_str()).unwrap();
    text.trim_start_matches("arn:${AWS::Partition}:iam::${AWS::AccountId}:").to_owned()
}

fn known(column: &Column) -> Known {
    let last = |count: u8| (1..=count).map(|n| format!("the last {n}"));
    let known: Vec<String> = match &column.quality.disguise {
        _ if column.drop => vec![],
        None => {
            last(u8::MAX).chain(["it is there", "which are equal", "all of it"].map(Into::into)).collect()
        }
        Some(Disguise::Text(_)) => vec!["it is there".into()],
        Some(Disguise::Sha256) => vec!["it is there".into(), "which are equal".into()],
        Some(Disguise::KeepLast(count)) => last(count.get()).chain(["it is there".into()]).collect(),
    };
    known.into_iter().collect()
}

/// What turns between two matrices.
fn turned(before: &BTreeMap<Cell, Known>, after: &BTreeMap<Cell, Known>) -> BTreeSet<(Cell, Turn)> {
    let cells: BTreeSet<&Cell> = before.keys().chain(after.keys()).collect();
    let known = |matrix: &BTreeMap<Cell, Known>, cell: &Cell| matrix.get(cell).cloned().unwrap_or_default();
    let turn = |cell: &Cell| {
        let (before, after) = (known(before, cell), known(after, cell));
        match (after.is_subset(&before), before.is_subset(&after)) {
            (false, _) => Some((cell.clone(), Turn::Gained)),
            (true, false) => Some((cell.clone(), Turn::Lost)),
            (true, true) => None,
        }
    };
    cells.into_iter().filter_map(turn).collect()
}

fn told(before: &Lake, after: &Lake) -> BTreeSet<(Cell, Turn)> {
    let changes = access(Some(before), after);
    let count = changes.len();
    let each = changes.into_iter().map(|change| {
        let who = match change.principal {
            Principal::ReaderRole(zone) => {
                assert_eq!(Some(zone), change.zone);
                "ReaderRole".to_owned()
            }
            Principal::WhoeverIamLets(_) => WHOEVER.to_owned(),
            Principal::Named(arn) => arn,
        };
        ((who, change.zone, change.table, change.column), change.change)
    });
    let told: BTreeSet<_> = each.collect();
    assert_eq!(told.len(), count, "nothing is told twice");
    told
}

fn some_column() -> impl Strategy<Value = Column> {
    let disguise = prop_oneof![
        Just(None),
        Just(Some(Disguise::Sha256)),
        Just(Some(Disguise::Text("x".into()))),
        (1u8..5).prop_map(|count| Some(Disguise::KeepLast(NonZeroU8::new(count).unwrap()))),
    ];
    (0..4usize, any::<bool>(), disguise).prop_map(|(n, drop, disguise)| {
        let mut column = Column::new(ColumnName::new(format!("c{n}")).unwrap(), ColumnType::String);
        column.drop = drop;
        column.quality.disguise = disguise;
        column
    })
}

fn some_table(name: usize) -> impl Strategy<Value = Table> {
    prop::collection::vec(some_column(), 0..4).prop_map(move |mut columns| {
        let mut seen = BTreeSet::new();
        columns.retain(|column| seen.insert(column.name.clone()));
        let mut table = support::table(&format!("t{name}"));
        table.layouts[0].columns.extend(columns);
        table
    })
}

fn some_readers() -> impl Strategy<Value = Vec<PrincipalArn>> {
    let all = ["role/Ana", "user/ben", PrincipalArn::EXAMPLE].map(|arn| PrincipalArn::new(arn).unwrap());
    prop::sample::subsequence(all.to_vec(), 0..=3)
}

fn some_lake() -> impl Strategy<Value = Lake> {
    let zone = (prop::sample::subsequence(vec![0usize, 1, 2], 1..=3), some_readers());
    let zones = prop::collection::btree_map(0..3usize, zone, 0..3);
    let tables = (some_table(0), some_table(1), some_table(2));
    (tables, 1..4usize, zones, some_readers()).prop_map(|((a, b, c), count, zones, readers)| {
        let mut tables = vec![a, b, c];
        tables.truncate(count);
        let zone = |(zone, (picked, readers)): (usize, (Vec<usize>, Vec<PrincipalArn>))| {
            let names = picked.into_iter().filter(|n| *n < count);
            let names: Vec<_> = names.map(|n| TableName::new(format!("t{n}")).unwrap()).collect();
            let name = ZoneName::new(format!("z{zone}")).unwrap();
            (!names.is_empty()).then(|| Zone { readers, ..Zone::new(name, "", names) })
        };
        let zones = zones.into_iter().filter_map(zone).collect();
        Lake { readers, tables, zones, ..retail() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_the_difference_of_what_the_templates_grant(before in some_lake(), after in some_lake()) {
        let (one, two) = (matrix(&before), matrix(&after));
        prop_assert_eq!(told(&before, &after), turned(&one, &two));
        prop_assert_eq!(access(Some(&before), &before), vec![]);
        let first = access(None, &after);
        prop_assert!(first.iter().all(|change| change.change == Turn::Gained && change.before == Sight::Nothing));
        prop_assert_eq!(first.len(), two.values().filter(|known| !known.is_empty()).count());
    }
}

#[test]
fn a_column_that_is_hidden_no_more_is_told_apart_from_a_new_one() {
    let with = |disguise: Option<Disguise>| {
        let mut lake = retail();
        let mut email = Column::new(ColumnName::new("email").unwrap(), ColumnType::String);
        email.quality.disguise = disguise;
        lake.tables[0].layouts[0].columns.push(email);
        lake
    };
    let unveiled = access(Some(&with(Some(Disguise::Sha256))), &with(None));
    // Two zones, each with its role and whoever IAM lets in.
    assert_eq!(unveiled.len(), 4, "{unveiled:#?}");
    assert!(unveiled.iter().all(|change| change.is_unveiled() && change.column == "email"));
    let new = access(Some(&retail()), &with(None));
    assert!(new.iter().all(|change| change.change == Turn::Gained && !change.is_unveiled()), "{new:#?}");
    let hidden = access(Some(&with(None)), &with(Some(Disguise::Sha256)));
    assert!(hidden.iter().all(|change| change.change == Turn::Lost && change.after != Sight::Nothing));
}

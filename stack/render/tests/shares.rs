//! Who may read which column of silver, computed from the grants in the templates, over random lakes: no
//! column that tells more of a person than somebody is cleared for, and all that is meant.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod rules;
mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use support::{of_type, rendered, retail, texts};
use tarn_lake::{
    ColumnName, Lake, Mode, Pick, Pii, PrincipalArn, RowFilter, StackId, TableName, Zone, ZoneName, ZoneTable,
};

/// The stack that grants, whom, and `table.column`.
type Cell = (String, String, String);

const ROWS: &str = "c0 <> 7";

const LEVELS: [Pii; 3] = [Pii::None, Pii::Low, Pii::High];

/// Three tables of four columns with levels, a lake's reader, and zones that share some of them.
fn lakes() -> impl Strategy<Value = Lake> {
    let levels = prop::collection::vec(0usize..3, 12);
    let part = (any::<bool>(), any::<bool>(), 0u8..16, any::<bool>());
    let zone = (0usize..3, prop::collection::vec(part, 3), any::<bool>());
    (levels, 0usize..3, any::<bool>(), prop::collection::vec(zone, 1..4)).prop_map(
        |(levels, clearance, has_reader, zones)| {
            let tables: Vec<_> = (0..3).map(|n| support::table(&format!("t{n}"))).collect();
            let mut lake = Lake { tables, zones: Vec::new(), readers: Vec::new(), ..retail() };
            for (n, table) in lake.tables.iter_mut().enumerate() {
                let layout = table.layouts.last_mut().unwrap();
                let kind = layout.columns[0].kind;
                layout.columns = (0..4)
                    .map(|c| tarn_lake::Column {
                        pii: LEVELS[levels[4 * n + c]],
                        ..tarn_lake::Column::new(ColumnName::new(format!("c{c}")).unwrap(), kind)
                    })
                    .collect();
            }
            lake.clearance = LEVELS[clearance];
            if has_reader {
                lake.readers = vec![PrincipalArn::new("role/Engineer").unwrap()];
            }
            lake.zones = zones.into_iter().enumerate().map(|(n, zone)| a_zone(n, zone)).collect();
            lake
        },
    )
}

/// Of a table: whether the zone has it, shares it, the columns that it is without, whether it has some rows only.
type Part = (bool, bool, u8, bool);

fn a_zone(n: usize, (clearance, parts, named): (usize, Vec<Part>, bool)) -> Zone {
    let mut zone = Zone::new(ZoneName::new(format!("z{n}")).unwrap(), "", Vec::new());
    zone.clearance = LEVELS[clearance];
    if named {
        zone.principals = vec![PrincipalArn::new("role/Dashboard").unwrap()];
    }
    for (t, (has, shares, mask, some_rows)) in parts.into_iter().enumerate() {
        let some = (0..4).filter(|c| mask & (1 << c) != 0);
        let some: BTreeSet<ColumnName> = some.map(|c| ColumnName::new(format!("c{c}")).unwrap()).collect();
        let mode = if shares { Mode::Share } else { Mode::Copy };
        let columns = if some.is_empty() { Pick::All } else { Pick::Except(some) };
        let name = TableName::new(format!("t{t}")).unwrap();
        if has || t == 0 {
            let rows = some_rows.then(|| RowFilter::new(ROWS).unwrap());
            zone.tables.push(ZoneTable { mode, columns, rows, ..ZoneTable::whole(name) });
        }
    }
    zone
}

fn whom(principal: &Value) -> String {
    let named = principal["Fn::Sub"].as_str().map(|arn| arn.rsplit('/').next().unwrap().to_owned());
    named.or_else(|| principal["Fn::GetAtt"][0].as_str().map(str::to_owned)).unwrap_or_default()
}

/// What the templates grant on silver.
fn granted(lake: &Lake) -> BTreeSet<Cell> {
    let mut cells = BTreeSet::new();
    for template in &rendered(lake) {
        assert_eq!(rules::breaches(template.body()), [], "{}", template.name);
        for (_, list) in of_type(template, &["Custom::LakeFormationGrants"]) {
            let registered: Vec<&str> =
                list["Properties"]["Tables"].as_array().map_or(Vec::new(), |tables| {
                    tables.iter().map(|table| table["Name"].as_str().unwrap()).collect()
                });
            for grant in list["Properties"]["Grants"].as_array().unwrap() {
                let (resource, who) = (&grant["Resource"], whom(&grant["Principal"]));
                let is_silver = |name: &Value| name.as_str().is_some_and(|name| name.ends_with("_silver"));
                if !texts(&grant["Permissions"]).contains(&"SELECT") {
                    continue;
                }
                let stack = template.id.to_string();
                if is_silver(&resource["Tables"]["Database"]) {
                    let all =
                        lake.tables.iter().flat_map(|t| (0..4).map(move |c| format!("{}.c{c}", t.name)));
                    cells.extend(all.map(|place| (stack.clone(), who.clone(), place)));
                } else if is_silver(&resource["Table"]["Database"]) {
                    let table = resource["Table"]["Name"].as_str().unwrap();
                    assert!(registered.contains(&table), "{table} is granted, and may not be there");
                    let columns = texts(&resource["Table"]["Columns"]["Only"]);
                    assert!(!columns.is_empty(), "{grant}");
                    let places = columns.iter().map(|column| format!("{table}.{column}"));
                    cells.extend(places.map(|place| (stack.clone(), who.clone(), place)));
                } else if is_silver(&resource["Filter"]["Database"]) {
                    let filters = list["Properties"]["Filters"].as_array().unwrap();
                    let address = ["Database", "Table", "Name"];
                    let same =
                        |filter: &&Value| address.iter().all(|part| filter[part] == resource["Filter"][part]);
                    let found: Vec<&Value> = filters.iter().filter(same).collect();
                    assert_eq!(found.len(), 1, "{grant}");
                    let table = found[0]["Table"].as_str().unwrap();
                    assert!(registered.contains(&table), "{table} is filtered, and may not be there");
                    assert_eq!(found[0]["Rows"], "\"c0\" <> 7");
                    assert_eq!(
                        found[0]["Name"],
                        format!("retail-dev-{}", template.id.to_string().trim_start_matches("zone-"))
                    );
                    let places = texts(&found[0]["Columns"])
                        .into_iter()
                        .map(|column| format!("{table}.{column} (some)"));
                    cells.extend(places.map(|place| (stack.clone(), who.clone(), place)));
                }
            }
        }
    }
    cells
}

/// What is meant, by the file's words alone.
fn meant(lake: &Lake) -> BTreeSet<Cell> {
    let mut cells = BTreeSet::new();
    let level = |table: &TableName, column: &str| {
        let columns = &lake.table(table).unwrap().layouts.last().unwrap().columns;
        columns.iter().find(|known| known.name.as_str() == column).unwrap().pii
    };
    let columns = ["c0", "c1", "c2", "c3"];
    for table in lake.tables.iter().filter(|_| !lake.readers.is_empty()) {
        let seen = columns.into_iter().filter(|column| level(&table.name, column) <= lake.clearance);
        let storage = StackId::Storage.to_string();
        cells.extend(seen.map(|c| (storage.clone(), "Engineer".to_owned(), format!("{}.{c}", table.name))));
    }
    for zone in &lake.zones {
        let stack = StackId::Zone(zone.name.clone()).to_string();
        for part in zone.tables.iter().filter(|part| part.mode == Mode::Share) {
            for column in columns {
                let is_left_out = match &part.columns {
                    Pick::Except(these) => these.iter().any(|name| name.as_str() == column),
                    _ => false,
                };
                if is_left_out || level(&part.name, column) > zone.clearance {
                    continue;
                }
                let some = if part.rows.is_some() { " (some)" } else { "" };
                let place = format!("{}.{column}{some}", part.name);
                cells.insert((stack.clone(), "ReaderRole".into(), place.clone()));
                if !zone.principals.is_empty() {
                    cells.insert((stack.clone(), "Dashboard".into(), place));
                }
            }
        }
    }
    cells
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_granted_a_column_of_silver_that_he_is_not_cleared_for(lake in lakes()) {
        prop_assert_eq!(granted(&lake), meant(&lake));
    }
}

//! Who may do what: computed from the grants as they are rendered, over lakes of any shape, and
//! compared with what the lake says.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use support::{all_sets, of_type, rendered, retail, texts};
use tarn_lake::{Lake, StackId, TableName, Zone};
use tarn_render::{Template, TemplateSet};

/// A stack and the logical id of a role in it.
type Principal = (String, String);

/// Every entry of a stack's list.
fn grants(template: &Template) -> Vec<&Value> {
    let lists = of_type(template, &["Custom::LakeFormationGrants"]).into_iter();
    lists.flat_map(|(_, list)| list["Properties"]["Grants"].as_array().unwrap()).collect()
}

/// A role of the stack by its logical id, or somebody whom the lake names.
fn role(grant: &Value) -> &str {
    let principal = &grant["Principal"];
    if let Some(named) = principal.as_str().or(principal["Fn::Sub"].as_str()) {
        return named;
    }
    let path = &principal["Fn::GetAtt"];
    assert_eq!(path[1], "Arn", "{grant}");
    path[0].as_str().unwrap()
}

/// Whether a grant gives a right on a column of a table; the rules of Lake Formation, once more.
fn gives(grant: &Value, right: &str, database: &str, table: &str, column: &str) -> bool {
    let rights = texts(&grant["Permissions"]);
    let resource = &grant["Resource"];
    let on_tables = resource["Tables"]["Database"] == database;
    let named = &resource["Table"];
    let on_table = named["Database"] == database
        && named["Name"] == table
        && (named["Columns"]["Only"].is_null() || texts(&named["Columns"]["Only"]).contains(&column))
        && !texts(&named["Columns"]["Except"]).contains(&column);
    (rights.contains(&right) || rights.contains(&"ALL")) && (on_tables || on_table)
}

/// The databases, each with its tables, and these with their columns.
fn catalog(lake: &Lake) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let table = |name: &TableName| {
        let table = lake.table(name).unwrap();
        let columns = table.layouts.iter().flat_map(|layout| &layout.columns);
        (name.to_string(), columns.map(|column| column.name.to_string()).collect())
    };
    let prefix = format!("{}_{}", lake.name, lake.environment.name).replace('-', "_");
    let silver = lake.tables.iter().map(|t| table(&t.name)).collect();
    let zones = lake.zones.iter().map(|zone| {
        let name = format!("{prefix}_{}", zone.name).replace('-', "_");
        (name, zone.copies().map(|part| table(&part.name)).collect())
    });
    std::iter::once((format!("{prefix}_silver"), silver)).chain(zones).collect()
}

/// Who may use a right on what, column by column.
fn access(set: &TemplateSet, lake: &Lake, right: &str) -> BTreeSet<(Principal, String)> {
    let mut found = BTreeSet::new();
    for (database, tables) in catalog(lake) {
        for (table, columns) in tables {
            for column in columns {
                for template in set {
                    let giving = grants(template)
                        .into_iter()
                        .filter(|grant| gives(grant, right, &database, &table, &column));
                    let place = format!("{database}.{table}.{column}");
                    found.extend(
                        giving
                            .map(|grant| ((template.id.to_string(), role(grant).to_owned()), place.clone())),
                    );
                }
            }
        }
    }
    found
}

/// The same, as the lake says it: `who` of each stack on the database of that stack.
fn meant(lake: &Lake, who: &[(&str, &str)]) -> BTreeSet<(Principal, String)> {
    let mut found = BTreeSet::new();
    for (database, tables) in catalog(lake) {
        let zone =
            lake.zones.iter().find(|zone| database.ends_with(&format!("_{}", zone.name).replace('-', "_")));
        for (stack, role) in who {
            let stack = match (zone, *stack) {
                (Some(zone), "zone") => StackId::Zone(zone.name.clone()).to_string(),
                (None, other) if other != "zone" => other.to_owned(),
                _ => continue,
            };
            for (table, columns) in &tables {
                let places = columns.iter().map(|column| format!("{database}.{table}.{column}"));
                found.extend(places.map(|place| ((stack.clone(), (*role).to_owned()), place)));
            }
        }
    }
    found
}

/// Some tables, and zones that each have some of them.
fn lakes() -> impl Strategy<Value = Lake> {
    let zones = prop::collection::btree_map("[a-z][a-z0-9]{1,8}(-[a-z]{1,4})?", any::<u8>(), 0..4);
    (1usize..7, zones).prop_filter_map("names of tiers are no zones", |(count, zones)| {
        let names: Vec<String> = (0..count).map(|n| format!("table_{n}")).collect();
        let zone = |(name, mask): (String, u8)| -> Option<Zone> {
            let picked = names.iter().enumerate().filter(|(n, _)| *n == 0 || mask & (1 << n) != 0);
            let tables = picked.map(|(_, name)| TableName::new(name.clone()).unwrap()).collect();
            Some(Zone::new(tarn_lake::ZoneName::new(name.clone()).ok()?, name, tables))
        };
        let zones = zones.into_iter().map(zone).collect::<Option<Vec<_>>>()?;
        let tables = names.iter().map(|name| support::table(name)).collect();
        let readers = match count % 3 {
            0 => vec!["role/Engineer", tarn_lake::PrincipalArn::EXAMPLE],
            1 => vec!["user/ana"],
            _ => vec![],
        };
        let readers = readers.into_iter().map(|arn| tarn_lake::PrincipalArn::new(arn).unwrap()).collect();
        Some(Lake { readers, tables, zones, ..retail() })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn access_is_what_the_lake_says(lake in lakes()) {
        let set = rendered(&lake);
        let named = |reader: &tarn_lake::PrincipalArn| match reader.as_str().starts_with("arn:") {
            true => reader.to_string(),
            false => format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{reader}"),
        };
        let named: Vec<String> = lake.readers.iter().map(named).collect();
        let mut reading = vec![("zone", "ReaderRole")];
        reading.extend(named.iter().map(|reader| ("storage", reader.as_str())));
        prop_assert_eq!(access(&set, &lake, "SELECT"), meant(&lake, &reading));
        let registering = [
            ("storage", "CrawlerRole"),
            ("pipeline", "CommitRole"),
            ("zone", "CrawlerRole"),
            ("zone", "SyncRole"),
        ];
        prop_assert_eq!(access(&set, &lake, "ALTER"), meant(&lake, &registering));
        prop_assert_eq!(access(&set, &lake, "INSERT"), meant(&lake, &registering));
        // What a zone may not have any more, its sync function takes away; nobody else takes anything.
        for taking in ["DELETE", "DROP"] {
            prop_assert_eq!(access(&set, &lake, taking), meant(&lake, &[("zone", "SyncRole")]));
        }
    }
}

/// What else is granted is on the stack's own database and bucket.
#[test]
fn nobody_registers_anything_in_a_foreign_database_or_bucket() {
    for set in all_sets() {
        for template in &set {
            let own = match &template.id {
                StackId::Storage | StackId::Pipeline => vec!["silver".to_owned(), "gold".to_owned()],
                StackId::Zone(zone) => vec![zone.to_string()],
                _ => {
                    assert!(grants(template).is_empty(), "{}", template.name);
                    continue;
                }
            };
            assert!(!grants(template).is_empty(), "{}", template.name);
            for grant in grants(template) {
                assert!(grant["Grantable"].is_null(), "{grant}");
                let resource = &grant["Resource"];
                let name = [&resource["Database"]["Name"], &resource["Tables"]["Database"]];
                match (name.into_iter().find_map(Value::as_str), &resource["Location"]["Arn"]["Fn::Sub"]) {
                    (Some(name), _) => {
                        let is_own = |own: &String| name.ends_with(&format!("_{}", own.replace('-', "_")));
                        assert!(own.iter().any(is_own), "{grant}");
                    }
                    (None, arn) => {
                        let arn = arn.as_str().unwrap();
                        assert!(own.iter().any(|own| arn.contains(&format!("-{own}-$"))), "{grant}");
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_open_to_whom_iam_allows() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for (id, database) in of_type(template, &["AWS::Glue::Database"]) {
            let input = &database["Properties"]["DatabaseInput"];
            assert_eq!(input["CreateTableDefaultPermissions"], Value::Array(vec![]), "{id}");
        }
        assert!(!template.as_json().contains("IAM_ALLOWED_PRINCIPALS"), "{}", template.name);
    }
}

/// A list without an administrator of its own stands on the stack that has one.
#[test]
fn who_is_granted_elsewhere_stands_on_storage() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        let has = |id: &str| !template.body()["Resources"][id].is_null();
        let is_governed = has("Grants") && !has("Administrator");
        assert!(!is_governed || template.depends_on.contains(&StackId::Storage), "{}", template.name);
    }
}

/// Athena writes results to no bucket that Lake Formation looks after.
#[test]
fn no_result_of_a_query_lies_in_a_governed_bucket() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        let (governed, _): (Vec<_>, Vec<_>) =
            of_type(template, &["AWS::S3::Bucket"]).into_iter().partition(|(id, _)| {
                let locations = of_type(template, &["Custom::LakeFormationLocation"]);
                locations.iter().any(|(_, l)| l["Properties"]["Location"]["Fn::GetAtt"][0] == *id)
            });
        for (_, group) in of_type(template, &["AWS::Athena::WorkGroup"]) {
            let output =
                &group["Properties"]["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"];
            let output = output["Fn::Sub"].as_str().unwrap();
            for (id, bucket) in &governed {
                let name = bucket["Properties"]["BucketName"]["Fn::Sub"].as_str().unwrap();
                assert!(!output.contains(name), "{}: {output} is in {id}", template.name);
            }
        }
    }
}

#[test]
fn an_administrator_that_the_user_names_is_added_beside_ours() {
    let mut lake = retail();
    let arn = "arn:aws:iam::123456789012:role/DataLakeAdmin";
    lake.environment.deployment.lake_formation_admin = Some(tarn_lake::RoleArn::new(arn).unwrap());
    let set = rendered(&lake);
    let storage = set.get(&StackId::Storage).unwrap();
    let named = of_type(storage, &["Custom::LakeFormationSettings"]);
    let of_the_lake: Vec<_> =
        named.iter().map(|(id, settings)| (*id, &settings["Properties"]["OfTheLake"])).collect();
    let (yes, no) = (Value::from("true"), Value::from("false"));
    assert_eq!(of_the_lake, [("Administrator", &yes), ("BroughtAdministrator", &no)]);
    assert_eq!(named[1].1["Properties"]["Administrator"], arn);
}

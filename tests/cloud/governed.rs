//! What Lake Formation holds while a lake stands, and that it holds what it held before when the
//! lake is gone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::lake::LocalLake;

/// The account's Lake Formation, before the lake came.
pub struct Past(Value);

/// An account that others share, with a past.
pub fn shared(lake: &LocalLake) -> Past {
    lake.lake_formation(&["seed", "retail_e2e_silver"]);
    Past(lake.lake_formation(&["show"]))
}

/// A grant as `(role, resource, permissions)`, without what CloudFormation appends to the role.
type Given = (String, String, Vec<String>);

fn given(grant: &Value) -> Given {
    let role = grant["principal"].as_str().unwrap().rsplit('/').next().unwrap();
    let role = role.rsplit_once('-').map_or(role, |(role, _)| role).to_owned();
    let resource = &grant["resource"];
    let table = &resource["Table"];
    let resource = match (&resource["Database"]["Name"], &table["DatabaseName"], &resource["DataLocation"]) {
        (Value::String(name), _, _) => name.clone(),
        (_, Value::String(database), _) if table["TableWildcard"] == json!({}) => format!("{database}.*"),
        (_, _, location) => location["ResourceArn"].as_str().unwrap().to_owned(),
    };
    let permissions = grant["permissions"].as_array().unwrap().iter();
    (role, resource, permissions.map(|p| p.as_str().unwrap().to_owned()).collect())
}

/// What the function has that copies: it takes away too.
fn keeps(lake: &LocalLake, zone: &str) -> Vec<Given> {
    let mut given = registers(lake, &format!("zone-{zone}"), "SyncRole", zone);
    given[1].2.extend(["DELETE", "DROP"].map(str::to_owned));
    given[1].2.sort();
    given
}

/// What a role has that registers tables.
fn registers(lake: &LocalLake, stack: &str, role: &str, word: &str) -> Vec<Given> {
    let role = format!("retail-e2e-{stack}-{role}");
    let database = format!("retail_e2e_{word}");
    let arn = format!("arn:aws:s3:::{}", lake.bucket(word));
    let permissions = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        (role.clone(), database.clone(), permissions(&["CREATE_TABLE", "DESCRIBE"])),
        (role.clone(), format!("{database}.*"), permissions(&["ALTER", "DESCRIBE", "INSERT"])),
        (role, arn, permissions(&["DATA_LOCATION_ACCESS"])),
    ]
}

fn reads(zone: &str) -> Vec<Given> {
    let role = format!("retail-e2e-zone-{zone}-ReaderRole");
    let permissions = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let database = format!("retail_e2e_{zone}");
    vec![
        (role.clone(), database.clone(), permissions(&["DESCRIBE"])),
        (role, format!("{database}.*"), permissions(&["DESCRIBE", "SELECT"])),
    ]
}

/// Each role has exactly what it needs, each bucket is registered under a role of its own stack, and
/// of what was there only the default right on the lake's database is gone.
pub fn grants_are_those_of(lake: &LocalLake, zones: &[&str], past: &Past) {
    let now = lake.lake_formation(&["show"]);
    let mut wanted = registers(lake, "storage", "CrawlerRole", "silver");
    wanted.extend(registers(lake, "pipeline", "CommitRole", "silver"));
    // Who tags columns registers their table before. The region is cut off like CloudFormation's ending.
    wanted.extend(registers(lake, "govern", "us-east", "silver"));
    for zone in zones {
        wanted.extend(registers(lake, &format!("zone-{zone}"), "CrawlerRole", zone));
        wanted.extend(keeps(lake, zone));
        wanted.extend(reads(zone));
    }
    let theirs = past.0["grants"].as_array().unwrap();
    let (ours, others): (Vec<_>, Vec<_>) =
        now["grants"].as_array().unwrap().iter().partition(|grant| !theirs.contains(grant));
    let ours: Vec<Given> = ours.into_iter().map(given).collect();
    assert_eq!(ours.len(), wanted.len(), "{ours:#?}");
    assert_eq!(BTreeSet::from_iter(ours), BTreeSet::from_iter(wanted));
    let gone: Vec<_> = theirs.iter().filter(|grant| !others.contains(grant)).collect();
    assert_eq!(gone.len(), 1, "{gone:#?}");
    assert_eq!(gone[0]["principal"], "IAM_ALLOWED_PRINCIPALS");
    assert_eq!(gone[0]["resource"]["Database"]["Name"], "retail_e2e_silver");

    let tags = &now["tags"];
    assert_eq!(tags["keys"], json!([["retail_e2e_pii", ["high", "low"]], ["stage", ["done", "raw"]]]));
    let on_mail = &tags["columns"]["mail"]["LFTagsOnColumns"][0]["LFTags"][0];
    assert_eq!((&on_mail["TagKey"], &on_mail["TagValues"]), (&json!("retail_e2e_pii"), &json!(["high"])));
    assert_eq!(tags["columns"]["city"], json!({}), "it tells nothing of a person");
    assert_eq!(tags["foreign"], past.0["tags"]["foreign"]);

    let administrators = now["settings"]["DataLakeAdmins"].as_array().unwrap();
    assert_eq!(administrators.len(), 6, "{administrators:#?}");
    let ours = &administrators[5]["DataLakePrincipalIdentifier"];
    assert_eq!(ours, "arn:aws:iam::000000000000:role/retail-e2e-govern-us-east-1");

    let readers = now["settings"]["ReadOnlyAdmins"].as_array().unwrap();
    let backup = readers[1]["DataLakePrincipalIdentifier"].as_str().unwrap();
    assert!(readers.len() == 2 && backup.contains("/retail-e2e-pipeline-BackupRole-"), "{readers:#?}");

    let locations = now["locations"].as_object().unwrap();
    assert_eq!(locations.len(), 2 + zones.len(), "{locations:#?}");
    for (stack, word) in
        zones.iter().map(|zone| (format!("zone-{zone}"), *zone)).chain([("storage".into(), "silver")])
    {
        let role = locations[&format!("arn:aws:s3:::{}", lake.bucket(word))].as_str().unwrap();
        assert!(role.contains(&format!("/retail-e2e-{stack}-LocationRole-")), "{role}");
    }
}

/// To the letter, and in the same order.
pub fn nothing_is_left(lake: &LocalLake, past: &Past) {
    assert_eq!(lake.lake_formation(&["show"]).to_string(), past.0.to_string());
}

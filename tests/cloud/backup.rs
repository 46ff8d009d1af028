//! A lake is backed up by its own function, destroyed, deployed anew and given back what it had.

use std::fs;

use serde_json::{Value, json};
use tarn_tests::python;

use crate::lake::LocalLake;

#[test]
fn a_lake_that_was_destroyed_gets_back_catalog_grants_tags_and_ledger() {
    let lake = LocalLake::start("retail", "kept");
    lake.lake_formation(&["seed", "retail_kept_silver"]);
    one_column_is_tagged(&lake);
    lake.project.json(&["deploy", "--local", "--yes"]);
    let wrote = lake.generate("data", &["--rows", "3000"]);
    lake.project.write("data/events_other.csv", "a,b\n1,2\n");
    let files = lake.push("data");
    assert_eq!(lake.run()["converted"]["files"], files - 1);

    let id = the_function_makes_one_under_its_own_role(&lake);
    let copied = lake.project.json(&["backup", "--local", "--id", &id, "--to", "copies"]);
    assert_eq!(copied["id"], json!(id));
    a_bucket_of_its_own_takes_one_too(&lake, &id);
    let before = (kept(&lake), governed(&lake));
    assert!(
        before.0["ledger"].as_array().unwrap().len() == files
            && before.0["catalog"].as_object().unwrap().len() == 4
    );
    let auditor = before.1["grants"].to_string().contains("role/auditor");
    assert!(auditor && before.1["tags"].to_string().contains("retail_kept_pii"), "{:#}", before.1);

    let destroyed = lake.project.json(&["destroy", "--local", "--yes"]);
    assert_eq!(destroyed["good"], true, "{destroyed:#}");
    lake.lake_formation(&["revoke", "role/auditor", "DESCRIBE"]);
    lake.project.json(&["deploy", "--local", "--yes"]);
    assert_ne!(kept(&lake), before.0, "there is something to give back");
    assert_ne!(governed(&lake), before.1);

    a_broken_part_is_refused_by_its_name(&lake, &id);
    let restored = lake.project.json(&["restore", "--local", "--from", "copies"]);
    assert_eq!((&restored["failed"], &restored["lacks"]), (&json!([]), &json!([])), "{restored:#}");
    assert_eq!(kept(&lake), before.0);
    assert_eq!(governed(&lake), before.1);
    let again = lake.project.json(&["restore", "--local", "--from", "copies"]);
    for kind in ["tables", "partitions", "rights", "tags", "records", "reports"] {
        assert_eq!(again[kind]["written"], 0, "{again:#}");
    }

    // The files come again: under other versions, and no row is there twice or not at all.
    assert_eq!(lake.push("data"), files);
    assert_eq!(lake.run()["converted"]["files"], files - 1);
    for (table, rows) in &wrote {
        assert_eq!(lake.count(table, None), *rows, "{table}");
    }
    assert_eq!(lake.project.json(&["destroy", "--local", "--yes"])["good"], true);
}

fn one_column_is_tagged(lake: &LocalLake) {
    let text = fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    let block = "\n[[table]]\nname = \"customers\"\nfiles = \"customers*.csv\"\n\
                 columns = { mail = { type = \"string\", pii = \"high\" } }\n\n[backup]\nkeep = 1\n";
    lake.project.write("lake.toml", text + block);
}

/// Twice: of the lake's one that is kept, the older one goes.
fn the_function_makes_one_under_its_own_role(lake: &LocalLake) -> String {
    let called = |input: &str| -> Value {
        let answer = python("invoke.py", &[&lake.endpoint, &lake.stack("backup"), input]);
        assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    };
    let first = called("{}");
    assert_eq!((&first["moving"], &first["too_many"]), (&json!([]), &json!([])), "{first:#}");
    let told = called(r#"{"keep_all":true}"#);
    assert_eq!((&told["too_many"], &told["removed"]), (&json!([first["id"]]), &json!(false)), "{told:#}");
    let last = called("{}");
    assert_eq!(last["too_many"].as_array().unwrap().len(), 2, "{last:#}");
    let listed = lake.project.json(&["backup", "list", "--local"]);
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1, "{listed:#}");
    assert_eq!(listed["backups"][0]["id"], last["id"]);
    lake.project.done(&["restore", "--local", "--check"]);
    last["id"].as_str().unwrap().to_owned()
}

fn a_bucket_of_its_own_takes_one_too(lake: &LocalLake, id: &str) {
    let bucket = "company-backups";
    lake.stranger_bucket("make", bucket);
    let place = format!("s3://{bucket}/lakes");
    lake.project.json(&["backup", "--local", "--id", id, "--to", &place]);
    let checked = lake.project.json(&["restore", "--local", "--check", "--from", &place]);
    assert_eq!((&checked["good"], &checked["id"]), (&json!(true), &json!(id)));
}

fn a_broken_part_is_refused_by_its_name(lake: &LocalLake, id: &str) {
    let name = "catalog/retail_kept_silver.jsonl";
    let part = lake.project.path(&format!("copies/{id}/{name}"));
    let whole = fs::read(&part).unwrap();
    let mut broken = whole.clone();
    broken[20] ^= 1;
    fs::write(&part, broken).unwrap();
    let refused = lake.project.tarn(&["restore", "--local", "--from", "copies"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains(name), "{}", refused.stderr);
    assert_eq!(kept(lake)["ledger"], json!([]), "nothing was touched");
    fs::write(&part, whole).unwrap();
}

fn kept(lake: &LocalLake) -> Value {
    let listed = python("kept.py", &[&lake.endpoint, "retail-kept"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    serde_json::from_str(&listed.stdout).unwrap()
}

/// Lake Formation, with the roles of the lake without what CloudFormation appends.
fn governed(lake: &LocalLake) -> Value {
    let mut shown = lake.lake_formation(&["show", "retail_kept_silver"]);
    fn cut(value: &mut Value) {
        match value {
            Value::String(text) if text.contains(":role/retail-kept-") => {
                *text = text.rsplit_once('-').unwrap().0.to_owned();
            }
            Value::Array(all) => all.iter_mut().for_each(cut),
            Value::Object(all) => all.values_mut().for_each(cut),
            _ => {}
        }
    }
    cut(&mut shown);
    let sorted = |value: &Value| {
        let mut all: Vec<String> = value.as_array().unwrap().iter().map(Value::to_string).collect();
        all.sort();
        json!(all)
    };
    json!({"grants": sorted(&shown["grants"]), "tags": shown["tags"], "locations": shown["locations"]})
}

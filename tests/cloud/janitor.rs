//! The scheduled janitor, called as its schedule calls it, under its own role.

use std::sync::Arc;

use serde_json::Value;
use tarn_tests::python;

use crate::between::{Between, Call};
use crate::lake::LocalLake;

const OLD: &str = "calls/transferred_date=2026-06-15/part-00000000000000000000000000000001.parquet";
const YOUNG: &str = "calls/transferred_date=2026-06-15/part-00000000000000000000000000000002.parquet";

/// The emulator has no objects older than itself, so the janitor sees it through a proxy that ages one.
pub fn the_janitor_removes_an_orphan_that_is_old_and_nothing_else(lake: &LocalLake) {
    let before = (lake.objects("silver"), lake.objects("quarantine"), lake.objects("landing"));
    let silver = lake.bucket("silver");
    for key in [OLD, YOUNG] {
        let put = python("bucket.py", &[&lake.endpoint, "put", &silver, key]);
        assert_eq!(put.code, 0, "{}", put.stderr);
    }
    let between = Between::stand(lake, &["janitor"], Arc::new(aged));
    let looked = called(lake, r#"{"dry_run":true}"#);
    assert_eq!((&looked["objects"], &looked["removed"]), (&1.into(), &false.into()), "{looked:#}");
    assert_eq!(lake.objects("silver").len(), before.0.len() + 2, "it was only told");
    let swept = called(lake, "{}");
    assert_eq!((&swept["objects"], &swept["unfinished"]), (&1.into(), &Value::Null), "{swept:#}");
    assert!(swept["examples"][0].as_str().unwrap().starts_with(OLD), "{swept:#}");
    assert_eq!(called(lake, "{}")["objects"], 0);
    drop(between);

    let mut left = lake.objects("silver");
    let young = left.iter().position(|key| key == YOUNG).expect("what is young stays");
    left.remove(young);
    assert_eq!((left, lake.objects("quarantine"), lake.objects("landing")), before);
    assert!(lake.objects("ops").contains(&"janitor/report.json".to_owned()));
}

fn called(lake: &LocalLake, input: &str) -> Value {
    let answer = python("invoke.py", &[&lake.endpoint, &lake.stack("janitor"), input]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// What the cloud answers, with the old object some years older.
fn aged(_: &Call, forward: &dyn Fn() -> Vec<u8>) -> Option<Vec<u8>> {
    const MODIFIED: &str = "<LastModified>";
    let answer = forward();
    let Ok(mut text) = String::from_utf8(answer.clone()) else { return Some(answer) };
    // S3 lists keys as they stand in an address, so only the name of the object is looked for.
    let name = format!("{}</Key>", OLD.rsplit('/').next().unwrap());
    let keys: Vec<usize> = text.match_indices(&name).map(|(at, _)| at).collect();
    for key in keys {
        let at = key + text[key..].find(MODIFIED).unwrap() + MODIFIED.len();
        text.replace_range(at..at + 4, "2020");
    }
    Some(text.into_bytes())
}

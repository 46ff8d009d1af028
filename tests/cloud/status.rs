//! Whether a lake that stands says how it is: well after a deployment, and what is amiss by its name.

use serde_json::{Value, json};
use tarn_tests::python;

use crate::lake::LocalLake;

#[test]
fn a_lake_says_whether_it_is_well_and_is_repaired() {
    let lake = LocalLake::start("retail", "stat");
    let absent = lake.project.tarn(&["status", "--local"]);
    assert_eq!(absent.code, 1, "{}", absent.stderr);
    assert!(absent.stderr.contains("is not deployed as `stat`"), "{}", absent.stderr);
    lake.lake_formation(&["seed", "retail_stat_silver"]);
    lake.project.json(&["deploy", "--local"]);
    is_well_after_a_deployment(&lake);
    a_right_that_was_revoked_is_named_and_given_back(&lake);
    what_governs_is_given_back_too(&lake);
    a_dead_letter_is_shown(&lake);
    drift_is_asked_for_on_demand(&lake);
    a_plan_tells_costs_and_access(&lake);
}

/// All findings, and the exit status.
fn status(lake: &LocalLake, options: &[&str]) -> (i32, Value) {
    let answer = lake.project.tarn(&[&["status", "--local", "--json"], options].concat());
    let told = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
    (answer.code, told)
}

fn amiss(told: &Value) -> Vec<&str> {
    let findings = told["findings"].as_array().unwrap().iter();
    findings.filter(|it| it["state"] != "good").map(|it| it["part"].as_str().unwrap()).collect()
}

fn finding<'t>(told: &'t Value, part: &str) -> &'t Value {
    let mut findings = told["findings"].as_array().unwrap().iter();
    findings.find(|it| it["part"] == part).unwrap_or_else(|| panic!("no {part}: {told:#}"))
}

fn is_well_after_a_deployment(lake: &LocalLake) {
    let (code, told) = status(lake, &[]);
    assert_eq!((code, &told["healthy"]), (0, &true.into()), "{told:#}");
    assert_eq!(finding(&told, "stacks")["facts"].as_object().unwrap().len(), 6, "{told:#}");
    let zone = finding(&told, "grants of zone marketing");
    assert_eq!(zone["found"], "17 of 17 rights stand, 0 more than the lake says", "{told:#}");
    let others = &finding(&told, "grants of silver")["facts"]["others"];
    assert_eq!(others[0]["permission"], "DESCRIBE", "the auditor's: {told:#}");
    assert_eq!(finding(&told, "last run")["found"], "none has ended yet");
}

fn a_right_that_was_revoked_is_named_and_given_back(lake: &LocalLake) {
    let before = lake.lake_formation(&["show"]);
    lake.lake_formation(&["revoke", "retail-stat-zone-marketing-ReaderRole", "SELECT"]);
    let (code, told) = status(lake, &[]);
    assert_eq!((code, amiss(&told)), (1, vec!["grants of zone marketing"]), "{told:#}");
    let missing = &finding(&told, "grants of zone marketing")["facts"]["missing"];
    assert_eq!(missing.as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(missing[0]["permission"], "SELECT");
    assert!(missing[0]["principal"].as_str().unwrap().contains("marketing-ReaderRole"), "{missing:#}");

    let (code, told) = status(lake, &["--repair"]);
    assert_eq!((code, &told["repaired"]), (0, &json!(["the grants of zone-marketing"])), "{told:#}");
    assert_eq!(lake.lake_formation(&["show"]), before, "and nothing else was touched");
}

fn what_governs_is_given_back_too(lake: &LocalLake) {
    let before = lake.lake_formation(&["show"]);
    lake.lake_formation(&["forget", "retail-stat-govern", &lake.bucket("recommender")]);
    let (code, told) = status(lake, &[]);
    assert_eq!((code, amiss(&told)), (1, vec!["governor", "location of zone recommender"]), "{told:#}");
    let (code, told) = status(lake, &["--repair"]);
    assert_eq!((code, told["repaired"].as_array().unwrap().len()), (0, 2), "{told:#}");
    assert_eq!(lake.lake_formation(&["show"]), before);
}

fn a_dead_letter_is_shown(lake: &LocalLake) {
    let sent = python("message.py", &[&lake.endpoint, "retail-stat-dead-letters"]);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let (code, told) = status(lake, &[]);
    let queue = finding(&told, "queue retail-stat-dead-letters");
    assert_eq!(
        (code, &queue["state"], &queue["facts"]["waiting"]),
        (1, &"wrong".into(), &1.into()),
        "{told:#}"
    );
    let shown = lake.project.tarn(&["status", "--local"]);
    assert!(shown.stdout.contains("1 message waits"), "{}", shown.stdout);
    assert!(shown.stderr.contains("purge the queue"), "{}", shown.stderr);
}

/// The local cloud calls every stack in sync; what drift is told of, the tests of the judgement show.
fn drift_is_asked_for_on_demand(lake: &LocalLake) {
    let parts = |told: &Value| told["findings"].to_string().contains("\"drift\"");
    assert!(!parts(&status(lake, &[]).1));
    let (_, told) = status(lake, &["--drift"]);
    assert_eq!(finding(&told, "drift")["found"], "6 stacks are as CloudFormation made them", "{told:#}");
}

fn a_plan_tells_costs_and_access(lake: &LocalLake) {
    lake.project.done(&["zone", "add", "finance", "--tables", "events"]);
    let planned = lake.project.json(&["plan", "--local"]);
    let access = planned["access"].as_array().unwrap();
    // The zone's reader role and whoever IAM lets in, five columns each.
    assert_eq!(access.len(), 10, "{planned:#}");
    assert!(access.iter().all(|it| it["change"] == "gained" && it["table"] == "events"), "{planned:#}");
    let (now, then) = (&planned["costs"]["usd"], &planned["costs"]["deployed_usd"]);
    let run = |sums: &Value| sums["run"].as_f64().unwrap();
    assert!(run(now) - run(then) > 0.14, "a crawl more: {planned:#}");
    let shown = lake.project.done(&["plan", "--local"]).stdout;
    for part in
        ["costs, estimated by the list prices of us-east-1", "(+$", "1 x KMS key", "+ events: event, itemid"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

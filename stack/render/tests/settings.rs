//! What an environment and a zone say, found again in the templates.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{governed, objects, of_type, options, protected, rendered, retail, statements, texts, zone};
use tarn_lake::{KeyArn, Lake, PolicyArn, PrincipalArn, StackId};
use tarn_render::{Target, Template, TemplateSet, render};

fn all<'t>(set: &'t TemplateSet, kind: &str) -> Vec<(&'t str, &'t Value)> {
    set.iter().flat_map(|template| of_type(template, &[kind])).collect()
}

fn pipeline(set: &TemplateSet) -> &Template {
    set.get(&StackId::Pipeline).unwrap()
}

#[test]
fn a_boundary_bounds_every_role() {
    let set = rendered(&governed());
    let roles = all(&set, "AWS::IAM::Role");
    assert!(roles.len() > 10);
    for (id, role) in roles {
        assert_eq!(role["Properties"]["PermissionsBoundary"], PolicyArn::EXAMPLE, "{id}");
    }
    for (id, role) in all(&rendered(&protected()), "AWS::IAM::Role") {
        assert!(role["Properties"]["PermissionsBoundary"].is_null(), "{id}");
    }
}

#[test]
fn functions_run_on_what_the_lake_says() {
    for (lake, wanted) in [(retail(), "x86_64"), (governed(), "arm64")] {
        for (id, function) in all(&rendered(&lake), "AWS::Lambda::Function") {
            assert_eq!(function["Properties"]["Architectures"], json!([wanted]), "{id}");
        }
    }
}

#[test]
fn a_key_that_the_user_brings_is_the_only_one() {
    let set = rendered(&governed());
    assert!(all(&set, "AWS::KMS::Key").is_empty() && all(&set, "AWS::KMS::Alias").is_empty());
    let names = ["KMSMasterKeyID", "KMSMasterKeyId", "KmsKeyArn", "KmsKeyId", "KmsMasterKeyId", "KmsKey"];
    let mut found = 0;
    for object in set.iter().flat_map(|template| objects(template.body())) {
        for key in names.iter().filter_map(|name| object.get(*name)) {
            let imported = key["Fn::ImportValue"] == "retail-prod-KeyArn";
            assert!(imported || *key == KeyArn::EXAMPLE, "{key}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
    let export = &set.get(&StackId::Foundation).unwrap().body()["Outputs"]["KeyArn"]["Value"];
    assert_eq!(export, KeyArn::EXAMPLE);
}

/// The days of each lifecycle rule, by bucket and rule.
fn lifecycles(set: &TemplateSet) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (id, bucket) in all(set, "AWS::S3::Bucket") {
        for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"].as_array().unwrap() {
            let old = &rule["NoncurrentVersionExpiration"]["NoncurrentDays"];
            found.insert(format!("{id} {} {} {old}", rule["Id"].as_str().unwrap(), rule["ExpirationInDays"]));
        }
    }
    found
}

#[test]
fn things_are_kept_as_long_as_the_lake_says() {
    let found = lifecycles(&rendered(&governed()));
    for wanted in [
        "Landing expire-deliveries 401 401",
        "Silver expire-old-versions null 13",
        "Quarantine expire-quarantine 182 null",
        "Ops expire-papers-of-runs 94 null",
        "Ops expire-parts 3 null",
        "Ops expire-query-results 6 null",
        "Logs expire-logs 125 7",
    ] {
        assert!(found.contains(wanted), "{wanted} is not among {found:#?}");
    }
    for (id, group) in all(&rendered(&governed()), "AWS::Logs::LogGroup") {
        assert_eq!(group["Properties"]["RetentionInDays"], 60, "{id}");
    }
}

#[test]
fn no_delivery_and_nothing_in_quarantine_goes_unless_the_lake_says_so() {
    let found = lifecycles(&rendered(&retail()));
    assert!(found.iter().any(|rule| rule.starts_with("Silver expire-old-versions null 30")));
    let kept = ["Landing expire", "Quarantine expire-quarantine"];
    assert!(!found.iter().any(|rule| kept.iter().any(|kept| rule.starts_with(kept))), "{found:#?}");
}

#[test]
fn each_time_of_a_schedule_starts_runs() {
    let set = rendered(&governed());
    let times: Vec<_> = all(&set, "AWS::Scheduler::Schedule")
        .into_iter()
        .map(|(id, schedule)| (id, schedule["Properties"]["ScheduleExpression"].as_str().unwrap()))
        .collect();
    let wanted = [
        ("Daily", "cron(30 2 * * ? *)"),
        ("Weekly", "cron(0 3 ? * SUN *)"),
        ("Monthly", "cron(5 4 28 * ? *)"),
        ("JanitorWeekly", "cron(20 3 ? * SUN *)"),
        ("BackupWeekly", "cron(20 4 ? * SUN *)"),
    ];
    assert_eq!(times, wanted);
}

#[test]
fn the_janitor_only_looks_where_the_environment_is_protected() {
    for (lake, input) in [(retail(), "{}"), (protected(), r#"{"dry_run":true}"#)] {
        let set = rendered(&lake);
        let pipeline = pipeline(&set);
        assert_eq!(pipeline.body()["Resources"]["JanitorWeekly"]["Properties"]["Target"]["Input"], input);
        let role = pipeline.body()["Resources"]["JanitorRole"].to_string();
        assert_eq!(role.contains("s3:Delete"), input == "{}", "{role}");
    }
}

#[test]
fn the_backup_removes_none_where_the_environment_is_protected() {
    for (lake, input) in [(retail(), "{}"), (protected(), r#"{"keep_all":true}"#)] {
        let set = rendered(&lake);
        let pipeline = pipeline(&set);
        assert_eq!(pipeline.body()["Resources"]["BackupWeekly"]["Properties"]["Target"]["Input"], input);
        let role = pipeline.body()["Resources"]["BackupRole"].to_string();
        assert_eq!(role.contains("s3:Delete"), input == "{}", "{role}");
    }
}

#[test]
fn whoever_is_to_be_told_has_a_subscription_that_others_do_not_move() {
    let subscriptions = |lake: &Lake| -> Vec<(String, Value)> {
        let set = rendered(lake);
        let found = of_type(pipeline(&set), &["AWS::SNS::Subscription"]);
        found.into_iter().map(|(id, it)| (id.to_owned(), it["Properties"]["Endpoint"].clone())).collect()
    };
    let both = subscriptions(&governed());
    assert_eq!(both.len(), 2);
    let mut without_the_first = governed();
    without_the_first.environment.alarms.emails.remove(0);
    assert_eq!(subscriptions(&without_the_first), both[1..]);
    let set = rendered(&governed());
    let silent = &pipeline(&set).body()["Resources"]["SilentAlarm"]["Properties"];
    assert_eq!(
        (&silent["EvaluationPeriods"], &silent["TreatMissingData"]),
        (&json!(26), &json!("breaching"))
    );
    assert!(pipeline(&rendered(&retail())).body()["Resources"]["SilentAlarm"].is_null());
}

#[test]
fn only_the_readers_of_a_zone_may_take_its_role() {
    let set = rendered(&governed());
    let of = |zone: usize| {
        let zone = set.get(&StackId::Zone(governed().zones[zone].name.clone())).unwrap();
        let resources = &zone.body()["Resources"];
        let trust = &resources["ReaderRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
        let limit =
            &resources["Workgroup"]["Properties"]["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"];
        (trust["Principal"]["AWS"].clone(), limit.as_u64().unwrap())
    };
    assert_eq!(of(0), (json!([PrincipalArn::EXAMPLE]), 3 << 30));
    assert_eq!(of(1), (json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}), 100 << 30));
}

/// What statements of a name say in all policies of a template.
fn named(template: &Template, sid: &str, of: &str) -> BTreeSet<String> {
    let statements = statements(template).into_iter().filter(|statement| statement["Sid"] == sid);
    let subs = statements.flat_map(|statement| objects(&statement[of]));
    subs.filter_map(|sub| sub.get("Fn::Sub")?.as_str().map(str::to_owned)).collect()
}

#[test]
fn tables_that_do_not_fit_into_a_role_stand_in_further_policies() {
    let names: Vec<String> = (0..200).map(|n| format!("a_table_with_a_long_name_{n}")).collect();
    let mut lake = Lake { tables: names.iter().map(|name| support::table(name)).collect(), ..governed() };
    lake.zones = vec![zone("all", &names.iter().map(String::as_str).collect::<Vec<_>>())];
    let set = rendered(&lake);
    let template = set.get(&StackId::Zone(lake.zones[0].name.clone())).unwrap();
    let policies = of_type(template, &["AWS::IAM::ManagedPolicy"]).len();
    assert!((2..20).contains(&policies), "{policies}");
    let read: BTreeSet<_> = names.iter().map(|name| format!("${{Bucket.Arn}}/{name}/*")).collect();
    assert_eq!(named(template, "ReadTables", "Resource"), read);
    assert_eq!(named(template, "ReadTablesOfZone", "Resource").len(), names.len());
    let listed = statements(template).into_iter().filter(|statement| statement["Sid"] == "ListTablesOfZone");
    let prefixes: BTreeSet<_> =
        listed.flat_map(|statement| texts(&statement["Condition"]["StringLike"]["s3:prefix"])).collect();
    assert_eq!(prefixes.len(), names.len());
}

#[test]
fn too_many_readers_are_refused_with_advice() {
    let mut lake = retail();
    let reader = |n: usize| PrincipalArn::new(format!("arn:aws:iam::123456789012:role/teams/Analyst{n:03}"));
    lake.zones[0].readers = (0..60).map(|n| reader(n).unwrap()).collect();
    let error = render(&lake, &options(Target::Aws)).unwrap_err().to_string();
    assert!(error.contains("at ReaderRole: ") && error.contains("name fewer readers"), "{error}");
}

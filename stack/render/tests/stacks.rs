//! The stacks of a lake: their order, what they need of each other, what a change of the lake
//! changes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeSet, HashMap};

use support::{
    all_sets, modelled, objects, of_type, options, protected, rendered, retail, unscheduled, zone,
};
use tarn_lake::{Names, StackId, ZoneName};
use tarn_render::{RenderError, Target, TemplateSet, render};

#[test]
fn stacks_come_in_the_order_of_deployment() {
    let set = rendered(&retail());
    let names: Vec<&str> = set.iter().map(|template| template.name.as_str()).collect();
    let expected = ["foundation", "storage", "pipeline", "consumption", "zone-marketing", "zone-recommender"];
    assert_eq!(names, expected.map(|word| format!("retail-dev-{word}")));
    let mut earlier = BTreeSet::new();
    for template in &set {
        assert!(template.depends_on.iter().all(|id| earlier.contains(id)), "{}", template.name);
        earlier.insert(template.id.clone());
        assert_eq!(set.get(&template.id), Some(template));
    }
}

#[test]
fn what_a_stack_imports_a_stack_it_depends_on_exports() {
    for set in all_sets() {
        let mut exporters = HashMap::new();
        for template in &set {
            for map in objects(template.body()) {
                if let Some(name) = map.get("Export") {
                    exporters.insert(name["Name"].as_str().unwrap().to_owned(), template.id.clone());
                }
                if let Some(name) = map.get("Fn::ImportValue") {
                    let exporter = &exporters[name.as_str().unwrap()];
                    assert!(template.depends_on.contains(exporter), "{} imports {name}", template.name);
                }
            }
        }
    }
}

#[test]
fn a_new_zone_changes_no_other_stack() {
    let mut larger = retail();
    larger.zones.insert(0, zone("audit", &["events"]));
    let (before, after) = (rendered(&retail()), rendered(&larger));
    for template in &before {
        assert_eq!(
            after.get(&template.id).map(|t| t.as_json()),
            Some(template.as_json()),
            "{}",
            template.name
        );
    }
    assert!(after.get(&StackId::Zone(ZoneName::new("audit").unwrap())).is_some());
}

#[test]
fn a_lake_without_a_schedule_has_nothing_that_wakes_its_pipeline() {
    let set = rendered(&unscheduled());
    let pipeline = set.get(&StackId::Pipeline).unwrap();
    let wakers = ["AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"];
    let found: Vec<_> = of_type(pipeline, &wakers).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["JanitorWeekly", "BackupWeekly"]);
    assert_eq!(of_type(pipeline, &["AWS::StepFunctions::StateMachine"]).len(), 1);
}

#[test]
fn local_cloud_adds_rights_and_changes_nothing_else() {
    let aws = rendered(&retail());
    let local = render(&retail(), &options(Target::LocalCloud)).unwrap();
    let differing = |aws: &TemplateSet| {
        let mut ids = BTreeSet::new();
        for (one, other) in aws.iter().zip(local.iter()) {
            let (one, other) = (&one.body()["Resources"], &other.body()["Resources"]);
            ids.extend(one.as_object().unwrap().keys().filter(|id| one[*id] != other[*id]).cloned());
        }
        ids
    };
    assert_eq!(
        differing(&aws),
        BTreeSet::from(["BackupRole", "JanitorRole", "ReaderRole", "RunCrawlersRole"].map(str::to_owned))
    );
}

#[test]
fn no_two_resources_have_the_same_name() {
    const NAMES: [&str; 12] = [
        "BucketName",
        "FunctionName",
        "LogGroupName",
        "QueueName",
        "TopicName",
        "TableName",
        "Name",
        "AliasName",
        "AlarmName",
        "StateMachineName",
        "RoleName",
        "DatabaseInput",
    ];
    for set in all_sets() {
        let mut seen = BTreeSet::new();
        for template in &set {
            for (id, kind) in template.resources().filter(|(_, kind)| !kind.starts_with("Custom::")) {
                let properties = &template.body()["Resources"][id]["Properties"];
                for name in NAMES.iter().map(|name| &properties[*name]).filter(|name| !name.is_null()) {
                    let name = if name["Name"].is_null() { name } else { &name["Name"] };
                    if name.get("Ref").is_none() {
                        assert!(
                            seen.insert(format!("{kind} {name}")),
                            "{} {id}: {name} twice",
                            template.name
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn handlers_find_what_the_templates_name() {
    let lake = modelled();
    let names = Names::for_template(lake.name.clone(), lake.environment.name.clone());
    let text: String = rendered(&lake).iter().map(|template| template.as_json()).collect();
    let zone = &lake.zones[0].name;
    let mut wanted =
        vec![names.ledger(), names.state_machine(), names.key_alias(), names.sync_function(zone)];
    wanted.extend(lake.own_buckets().iter().map(|bucket| names.bucket(bucket)));
    wanted.push(names.database(&tarn_lake::Database::Gold));
    let handlers = tarn_lake::Handler::ALL.into_iter().filter(|h| *h != tarn_lake::Handler::Sync);
    wanted.extend(handlers.map(|handler| names.function(handler)));
    for database in [tarn_lake::Database::Silver, tarn_lake::Database::Zone(zone.clone())] {
        wanted.extend([names.database(&database), names.crawler(&database)]);
    }
    for name in wanted {
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn nothing_of_gold_is_in_a_lake_without_models() {
    for template in &rendered(&retail()) {
        assert!(!template.as_json().to_lowercase().contains("gold"), "{}", template.name);
    }
}

#[test]
fn user_text_cannot_break_out_of_its_scalar() {
    let hostile = [
        "a: b # \"c\" 'd' \n- !Ref Nowhere ${Nowhere} << x >> <% y %> <# z #> {{resolve:ssm:z}} \\",
        "ü 日本 🦆 \u{85} \u{2028} \u{2029} \u{feff} \u{7f} \u{0} \u{ffff} \u{a0}",
        "---\n...\n%YAML 1.2\n\t&a *a ? | > ~",
        "on",
        "010",
        "1e3",
        "null",
        "",
    ];
    for text in hostile {
        let mut lake = retail();
        lake.description = text.into();
        lake.zones[0].description = text.into();
        let set = rendered(&lake);
        for template in set.iter().filter(|template| !template.name.ends_with("recommender")) {
            let described = template.body()["Description"].as_str().unwrap();
            assert!(described.ends_with(&format!("): {text}")), "{}: {described}", template.name);
        }
        let zone = set.get(&StackId::Zone(lake.zones[0].name.clone())).unwrap();
        assert_eq!(zone.body()["Resources"]["Database"]["Properties"]["DatabaseInput"]["Description"], text);
    }
}

#[test]
fn a_long_description_is_clipped() {
    let lake = tarn_lake::Lake { description: "ü".repeat(2_000), ..retail() };
    assert!(rendered(&lake).iter().all(|t| t.body()["Description"].as_str().unwrap().len() <= 1_024));
}

#[test]
fn a_zone_too_large_for_one_role_is_refused_with_advice() {
    let mut lake = protected();
    let names: Vec<String> = (0..400).map(|n| format!("a_table_with_a_long_name_{n}")).collect();
    lake.tables = names.iter().map(|name| support::table(name)).collect();
    lake.zones = vec![zone("all", &names.iter().map(String::as_str).collect::<Vec<_>>())];
    let error = render(&lake, &options(Target::Aws)).unwrap_err();
    assert!(matches!(error, RenderError::TooLarge { .. }), "{error}");
    assert!(error.to_string().starts_with("stack retail-prod-zone-all, at "), "{error}");
    assert!(error.to_string().contains("managed policies, and 10 is the most"), "{error}");
}

//! The pipeline: what a run does, and what it does when something fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Map, Value};
use support::{modelled, objects, of_type, rendered, retail, texts};
use tarn_lake::{Lake, StackId};

fn definition() -> Value {
    definition_of(&retail())
}

fn definition_of(lake: &Lake) -> Value {
    let set = rendered(lake);
    let pipeline = set.get(&StackId::Pipeline).unwrap();
    of_type(pipeline, &["AWS::StepFunctions::StateMachine"])[0].1["Properties"]["Definition"].clone()
}

fn states<'d>(definition: &'d Value, kind: &str) -> Vec<&'d Map<String, Value>> {
    objects(definition).into_iter().filter(|map| map.get("Type").is_some_and(|t| t == kind)).collect()
}

#[test]
fn a_run_goes_through_its_steps() {
    let definition = definition();
    let mut path = vec![definition["StartAt"].as_str().unwrap()];
    let next = |state: &str| {
        let state = &definition["States"][state];
        state["Next"].as_str().or(state["Default"].as_str())
    };
    while let Some(next) = next(path.last().unwrap()) {
        path.push(next);
    }
    let choices = ["AreThereLargeFiles", "AreThereParts", "IsItNews", "WasThereAFailure"];
    path.retain(|state| !choices.contains(state));
    assert_eq!(path, ["PlanRun", "Convert", "Commit", "Sync", "Crawl", "Account", "Balanced"]);
}

/// Levels come one after the other; whatever a model fails with is noted, and what cannot be noted ends
/// the levels as it ends every other step.
#[test]
fn models_are_made_between_tables_and_zones_level_by_level() {
    let definition = definition_of(&modelled());
    let states = &definition["States"];
    assert_eq!((&states["Commit"]["Next"], &states["Models"]["Next"]), (&"Models".into(), &"Sync".into()));
    let levels = &states["Models"];
    assert_eq!((&levels["ItemsPath"], &levels["MaxConcurrency"]), (&"$.plan.levels".into(), &1.into()));
    assert_eq!(levels["ItemSelector"]["level.$"], "$$.Map.Item.Value");
    assert_eq!(levels["ItemProcessor"]["ProcessorConfig"]["Mode"], "INLINE");
    assert_eq!((&levels["Catch"][0]["Next"], &levels["ResultPath"]), (&"Account".into(), &Value::Null));
    let level = &levels["ItemProcessor"]["States"]["Model"];
    let list = "States.Format('runs/{}/models-{}.jsonl', $$.Execution.Name, $.level)";
    assert_eq!(level["ItemReader"]["Parameters"]["Key.$"], list);
    assert_eq!((&level["End"], &level["ResultPath"]), (&true.into(), &Value::Null));
    assert_eq!(level["ToleratedFailurePercentage"], 0);
    let items = &level["ItemProcessor"]["States"];
    assert_eq!(items["ModelOne"]["Parameters"]["FunctionName"]["Fn::GetAtt"][0], "Model");
    assert_eq!(items["ModelOne"]["Catch"][0]["Next"], "ModelNoted");
    let payload = &items["ModelNoted"]["Parameters"]["Payload"]["failed"];
    assert_eq!((&payload["step"], &payload["what.$"]), (&"Model".into(), &"$.model".into()));
}

#[test]
fn large_files_take_a_step_more_before_and_after_their_conversion() {
    let definition = definition();
    let states = &definition["States"];
    assert_eq!(states["PlanRun"]["Next"], "AreThereLargeFiles");
    assert_eq!(states["Convert"]["Next"], "AreThereParts");
    for (choice, step, after) in
        [("AreThereLargeFiles", "Survey", "Convert"), ("AreThereParts", "Gather", "Commit")]
    {
        let rule = &states[choice]["Choices"][0];
        assert_eq!((&rule["Variable"], &rule["NumericGreaterThan"]), (&"$.plan.split".into(), &0.into()));
        assert_eq!((&rule["Next"], &states[choice]["Default"]), (&step.into(), &after.into()));
        assert_eq!(states[step]["Next"], after);
        let one = &states[step]["ItemProcessor"]["States"][format!("{step}One")];
        assert_eq!(one["Parameters"]["FunctionName"]["Fn::GetAtt"][0], "Convert");
    }
}

#[test]
fn every_transition_leads_to_a_state() {
    let definition = definition_of(&modelled());
    for machine in objects(&definition) {
        let Some(known) = machine.get("States").and_then(Value::as_object) else { continue };
        for state in known.values().flat_map(transitions) {
            assert!(known.contains_key(state), "{state}");
        }
    }
}

/// Where a state leads to, within its own machine.
fn transitions(state: &Value) -> Vec<&str> {
    let branches = ["Choices", "Catch"].iter().filter_map(|key| state[*key].as_array()).flatten();
    let places = branches.chain([state]).flat_map(|from| [&from["Next"], &from["Default"]]);
    places.filter_map(Value::as_str).collect()
}

#[test]
fn every_task_ends_in_time_and_is_tried_again() {
    let definition = definition_of(&modelled());
    let tasks = states(&definition, "Task");
    assert_eq!(tasks.len(), 14);
    for task in tasks {
        assert!(task["TimeoutSeconds"].as_u64().unwrap() > 0);
        let retries = task["Retry"].as_array().unwrap();
        assert!(retries.iter().all(|retry| retry["JitterStrategy"] == "FULL"));
        let errors: Vec<&str> = retries.iter().flat_map(|retry| texts(&retry["ErrorEquals"])).collect();
        for error in [
            "Throttled",
            "Unavailable",
            "Lambda.TooManyRequestsException",
            "Sandbox.Timedout",
            "States.Timeout",
        ] {
            assert!(errors.contains(&error), "{error}");
        }
    }
}

#[test]
fn every_map_is_bounded_and_ends_in_the_account() {
    let definition = definition();
    let maps = states(&definition, "Map");
    assert_eq!(maps.len(), 6);
    for map in maps {
        assert!(map["MaxConcurrency"].as_u64().unwrap() > 0, "0 is without bound");
        assert!(!map["ResultWriter"].is_null());
        assert_eq!(map["ResultPath"], Value::Null, "results stay out of the state");
        assert_eq!(map["Catch"][0]["ErrorEquals"][0], "States.ALL");
        assert_eq!(map["Catch"][0]["Next"], "Account");
        assert_eq!(map["Catch"][0]["ResultPath"], "$.failure");
        let tolerated = map["ToleratedFailurePercentage"].as_u64().unwrap();
        let tells_the_ledger = ["Survey", "Convert", "Gather"].iter().any(|step| map["Label"] == *step);
        assert_eq!(tolerated, if tells_the_ledger { 100 } else { 0 });
    }
}

/// Whatever becomes of the mail, the run ends as its account says.
#[test]
fn a_run_with_news_is_told_and_a_mail_that_fails_changes_nothing() {
    let definition = definition();
    let (news, tell) = (&definition["States"]["IsItNews"], &definition["States"]["Tell"]);
    assert_eq!(news["Default"], "WasThereAFailure");
    assert!(news["Choices"].as_array().unwrap().iter().all(|choice| choice["Next"] == "Tell"));
    assert_eq!(tell["Resource"], "arn:aws:states:::sns:publish");
    assert_eq!(tell["Parameters"]["TopicArn"]["Ref"], "Notices");
    assert_eq!(
        (&tell["Next"], &tell["Catch"][0]["Next"]),
        (&"WasThereAFailure".into(), &"WasThereAFailure".into())
    );
    assert_eq!((&tell["ResultPath"], &tell["Catch"][0]["ResultPath"]), (&Value::Null, &Value::Null));
    assert_eq!(tell["Catch"][0]["ErrorEquals"][0], "States.ALL");
}

/// A zone that fails stops no other zone: whatever the error, it is noted, the account counts it, and
/// the run ends red. What cannot even be noted ends the step; nothing else does.
#[test]
fn what_a_step_fails_with_is_noted_and_turns_the_run_red() {
    let definition = definition();
    for (map, what) in [("Commit", "$.table"), ("Sync", "$.zone"), ("Crawl", "$.crawler")] {
        let items = &definition["States"][map]["ItemProcessor"]["States"];
        let (one, noted) = (&items[format!("{map}One")], &items[format!("{map}Noted")]);
        assert_eq!(one["Catch"][0]["ErrorEquals"][0], "States.ALL");
        assert_eq!(one["Catch"][0]["Next"], format!("{map}Noted"));
        assert_eq!(one["Catch"][0]["ResultPath"], "$.failure");
        let payload = &noted["Parameters"]["Payload"];
        assert_eq!(noted["Parameters"]["FunctionName"]["Fn::GetAtt"][0], "Account");
        assert_eq!((&payload["run.$"], &payload["failed"]["what.$"]), (&"$.run".into(), &what.into()));
        assert_eq!(payload["failed"]["step"], map);
        assert!(noted["Catch"].is_null() && noted["End"] == true, "a note that fails is a failure");
    }
    let items = &definition["States"]["Convert"]["ItemProcessor"]["States"];
    assert!(items["ConvertOne"]["Catch"].is_null(), "the ledger tells of files");
    let choice = &definition["States"]["WasThereAFailure"]["Choices"][2];
    assert_eq!(choice["Variable"], "$.account.Payload.failed_steps");
    assert_eq!(definition["States"][choice["Next"].as_str().unwrap()]["Type"], "Fail");
}

#[test]
fn nothing_fails_a_run_before_its_account_but_planning() {
    let definition = definition();
    assert!(definition["States"]["PlanRun"]["Catch"].is_null());
    assert!(definition["States"]["Account"]["Catch"].is_null());
    let choice = &definition["States"]["WasThereAFailure"]["Choices"][0];
    assert_eq!((&choice["Variable"], &choice["Next"]), (&"$.failure".into(), &"Failed".into()));
    assert_eq!(definition["States"]["Failed"]["Type"], "Fail");
}

#[test]
fn the_queue_waits_for_the_trigger() {
    let set = rendered(&retail());
    let resources = &set.get(&StackId::Pipeline).unwrap().body()["Resources"];
    let visible_again = resources["Arrivals"]["Properties"]["VisibilityTimeout"].as_u64().unwrap();
    let timeout = resources["Trigger"]["Properties"]["Timeout"].as_u64().unwrap();
    assert!(visible_again >= 6 * timeout);
    let batch = &resources["TriggerArrivals"]["Properties"];
    assert!(batch["MaximumBatchingWindowInSeconds"].as_u64().unwrap() >= 1, "for batches of more than 10");
}

#[test]
fn tasks_outlast_their_functions() {
    let set = rendered(&modelled());
    let resources = &set.get(&StackId::Pipeline).unwrap().body()["Resources"];
    let definition = definition_of(&modelled());
    for task in states(&definition, "Task") {
        let Some(id) = task["Parameters"]["FunctionName"]["Fn::GetAtt"][0].as_str() else { continue };
        let function = resources[id]["Properties"]["Timeout"].as_u64().unwrap();
        assert!(task["TimeoutSeconds"].as_u64().unwrap() > function, "{id}");
    }
}

//! Deployments and destructions against an account in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

mod support;

use support::{Account, Silent, deployment, destruction, tags};
use tarn_deploy::{
    Action, ChangeRequest, ChangeSet, DeployError, Deployment, Destruction, Effect, Kind, Outcome, Plan,
    Report, StackState, StackStatus, Stacks, Step, TemplateSource, deploy, destroy, plan,
};

async fn deployed(account: &Account, zones: &[&str]) -> Report {
    deploy(&deployment(zones), account, account, account, &Silent).await.unwrap()
}

fn outcome<'r>(report: &'r Report, stack: &str) -> &'r Outcome {
    let name = format!("shop-dev-{stack}");
    &report.stacks.iter().find(|report| report.name == name).unwrap().outcome
}

#[tokio::test]
async fn the_foundation_comes_first_and_the_config_last() {
    let account = Account::default();
    let report = deployed(&account, &["a"]).await;
    assert!(report.is_good(), "{report:?}");
    let log = account.log();
    assert_eq!(log[..3], ["CREATE shop-dev-foundation", "upload handlers/1.zip", "CREATE shop-dev-storage"]);
    assert_eq!(log.last().unwrap(), "write config/lake.json");
}

#[tokio::test]
async fn another_zone_is_one_stack_and_touches_no_other() {
    let account = Account::default();
    deployed(&account, &["a"]).await;
    account.log();
    let report = deployed(&account, &["a", "b"]).await;
    assert!(report.is_good());
    assert_eq!(
        account.log(),
        [
            "upload handlers/1.zip",
            "CREATE shop-dev-zone-b",
            "write config/stacks.json",
            "write config/project.json",
            "write config/lake.json"
        ]
    );
    assert!(matches!(outcome(&report, "zone-a"), Outcome::Unchanged));
}

#[tokio::test]
async fn a_failed_zone_stops_no_other_and_the_repeat_finishes() {
    let mut account = Account::default();
    account.broken.insert("shop-dev-zone-a".into());
    let report = deployed(&account, &["a", "b"]).await;
    assert!(!report.is_good());
    assert!(matches!(outcome(&report, "zone-b"), Outcome::Created));
    let Outcome::Failed(tarn_deploy::DeployError::Failed { reasons, .. }) = outcome(&report, "zone-a") else {
        panic!("{report:?}");
    };
    assert_eq!(reasons, &["Thing (AWS::S3::Bucket): the bucket is somebody else's"]);
    assert!(!account.log().contains(&"write config/lake.json".to_owned()));

    account.broken.clear();
    let report = deployed(&account, &["a", "b"]).await;
    assert!(report.is_good(), "{report:?}");
    let log = account.log();
    assert!(log.contains(&"DELETE shop-dev-zone-a".to_owned()), "the stillborn stack goes first: {log:?}");
    assert!(log.contains(&"CREATE shop-dev-zone-a".to_owned()));
}

#[tokio::test]
async fn what_stands_on_a_failed_stack_is_skipped() {
    let mut account = Account::default();
    account.broken.insert("shop-dev-storage".into());
    let report = deployed(&account, &["a"]).await;
    for stack in ["pipeline", "zone-a"] {
        let Outcome::Skipped { because } = outcome(&report, stack) else { panic!("{report:?}") };
        assert_eq!(because, "shop-dev-storage");
    }
}

#[tokio::test]
async fn protection_follows_the_config_also_where_no_template_changed() {
    let account = Account::default();
    deployed(&account, &[]).await;
    let mut protected = deployment(&[]);
    protected.protected = true;
    account.log();
    assert!(deploy(&protected, &account, &account, &account, &Silent).await.unwrap().is_good());
    assert!(account.log().contains(&"protect shop-dev-storage true".to_owned()));
    deployed(&account, &[]).await;
    assert!(account.log().contains(&"protect shop-dev-storage false".to_owned()));
}

#[tokio::test]
async fn a_busy_stack_is_waited_for() {
    let mut account = Account { polls: 3, ..Account::default() };
    deployed(&account, &[]).await;
    let mut other = deployment(&[]);
    other.stacks[2].template = "begun by somebody who was killed".into();
    account.polls = 7;
    let request = ChangeRequest {
        stack: "shop-dev-pipeline".into(),
        action: Action::Update,
        template: TemplateSource::Inline(other.stacks[2].template.clone()),
        tags: tags(),
        protected: false,
        service_role: None,
    };
    let ChangeSet::Ready { arn, .. } = account.prepare(&request).await.unwrap() else { panic!() };
    account.execute(&arn).await.unwrap();
    let report = deployed(&account, &[]).await;
    assert!(matches!(outcome(&report, "pipeline"), Outcome::Updated), "{report:?}");
    assert_eq!(account.stacks.lock().unwrap()["shop-dev-pipeline"].1, "handlers");
}

#[tokio::test]
async fn a_destruction_goes_backwards_finds_stacks_by_tag_and_leaves_nothing() {
    let account = Account::default();
    deployed(&account, &["a", "gone-from-the-config"]).await;
    let stranger = StackState {
        name: "shop-dev-zone-of-another-lake".into(),
        arn: "arn:other".into(),
        status: StackStatus("CREATE_COMPLETE".into()),
        tags: vec![
            ("tarn:lake".into(), "shop-dev".into()),
            ("tarn:environment".into(), "zone-of-another-lake".into()),
        ],
        protected: false,
        changed: String::new(),
    };
    account.stacks.lock().unwrap().insert(stranger.name.clone(), (stranger, String::new()));
    account.log();

    let destruction = destruction();
    let destroyed = destroy(&destruction, &account, &account, &account, &account, &Silent).await.unwrap();
    assert!(destroyed.is_good(), "{destroyed:?}");
    assert_eq!(destroyed.report.resources()["AWS::S3::Bucket"], 5);
    let of = |kind: Kind| {
        let line = destroyed.receipt.lines.iter().find(|line| line.kind == kind.word()).unwrap();
        (line.removed, line.left, line.by)
    };
    assert_eq!(of(Kind::Stack), (5, 0, "listing"));
    assert_eq!(of(Kind::Role), (5, 0, "listing"));
    assert_eq!(of(Kind::Function), (5, 0, "tags"));
    assert_eq!(of(Kind::Alarm), (5, 0, "stacks"), "their tags are not searched");

    let log = account.log();
    let place =
        |what: &str| log.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what}: {log:?}"));
    assert_eq!(place("DELETE shop-dev-pipeline"), 0);
    assert!(place("DELETE shop-dev-zone-gone-from-the-config") < place("DELETE shop-dev-storage"));
    assert!(place("DELETE shop-dev-storage") < place("empty ops"));
    assert_eq!(place("DELETE shop-dev-foundation"), log.len() - 1);
    assert_eq!(account.stacks.lock().unwrap().len(), 1, "the other lake stands");

    let again = destroy(&destruction, &account, &account, &account, &account, &Silent).await.unwrap();
    assert!(again.is_good() && again.report.stacks.is_empty(), "a repeat finds nothing to do");
}

#[tokio::test]
async fn what_no_stack_has_is_found_and_what_may_not_be_listed_is_unknown() {
    let mut account = Account { refused: [Kind::Crawler].into(), ..Account::default() };
    deployed(&account, &["a"]).await;
    let planted =
        [(Kind::LogGroup, "/aws/lambda/shop-dev-run"), (Kind::LogGroup, "/aws/lambda/shop-deviant")];
    account.things.lock().unwrap().extend(planted.map(|(kind, name)| (kind, name.to_owned())));

    let destroyed = destroy(&destruction(), &account, &account, &account, &account, &Silent).await.unwrap();
    assert!(destroyed.report.is_good() && !destroyed.is_good());
    let refused = "crawlers: unknown: listing crawlers: AccessDenied";
    assert_eq!(destroyed.receipt.told(), ["log groups: /aws/lambda/shop-dev-run", refused,]);

    account.refused.clear();
    account.things.lock().unwrap().clear();
    let again = destroy(&destruction(), &account, &account, &account, &account, &Silent).await.unwrap();
    assert!(again.is_good(), "{:?}", again.receipt.told());
}

#[tokio::test]
async fn where_data_stays_no_bucket_is_emptied_and_protection_goes_with_each_stack() {
    let account = Account::default();
    let protected = Deployment { protected: true, ..deployment(&["a"]) };
    assert!(deploy(&protected, &account, &account, &account, &Silent).await.unwrap().is_good());
    account.things.lock().unwrap().insert((Kind::Table, "shop-dev-ledger".into()));
    account.log();
    let keeping = Destruction { keep_data: true, ..destruction() };
    let destroyed = destroy(&keeping, &account, &account, &account, &account, &Silent).await.unwrap();
    assert!(destroyed.is_good(), "{destroyed:?}");
    let log = account.log();
    assert!(!log.iter().any(|line| line.starts_with("empty")), "{log:?}");
    let place = |what: &str| log.iter().position(|line| line == what).unwrap();
    assert!(place("protect shop-dev-storage false") < place("DELETE shop-dev-storage"));
    assert!(place("DELETE shop-dev-pipeline") < place("protect shop-dev-storage false"));
    let kept: Vec<_> = destroyed.receipt.lines.iter().flat_map(|line| &line.kept).collect();
    assert_eq!(kept, ["shop-dev-ledger"]);
}

#[tokio::test]
async fn a_zone_that_left_the_file_is_told_of_and_goes_when_asked() {
    let account = Account::default();
    deployed(&account, &["a", "b"]).await;
    account.log();
    let report = deployed(&account, &["a"]).await;
    assert!(report.is_good());
    assert_eq!(report.strays, ["shop-dev-zone-b"]);
    assert!(!account.log().iter().any(|line| line.starts_with("DELETE")));

    account.stacks.lock().unwrap().get_mut("shop-dev-zone-b").unwrap().0.protected = true;
    let removing = Deployment { remove_strays: true, ..deployment(&["a"]) };
    let report = deploy(&removing, &account, &account, &account, &Silent).await.unwrap();
    assert!(report.is_good() && report.strays.is_empty(), "{report:?}");
    let log = account.log();
    let last: Vec<_> = log[log.len() - 3..].iter().map(String::as_str).collect();
    assert_eq!(last, ["write config/lake.json", "protect shop-dev-zone-b false", "DELETE shop-dev-zone-b"]);
}

#[tokio::test]
async fn no_zone_goes_while_a_stack_is_not_good() {
    let mut account = Account::default();
    deployed(&account, &["a", "b"]).await;
    account.broken.insert("shop-dev-zone-c".into());
    let removing = Deployment { remove_strays: true, ..deployment(&["a", "c"]) };
    account.log();
    assert!(!deploy(&removing, &account, &account, &account, &Silent).await.unwrap().is_good());
    assert!(!account.log().iter().any(|line| line == "DELETE shop-dev-zone-b"));
}

#[tokio::test]
async fn a_rollback_that_failed_is_taken_up_again_before_the_update() {
    let mut account = Account::default();
    deployed(&account, &["a"]).await;
    account.set_status("shop-dev-zone-a", "UPDATE_ROLLBACK_FAILED");
    account.log();
    assert!(deployed(&account, &["a"]).await.is_good());
    assert!(account.log().contains(&"continue rollback shop-dev-zone-a".to_owned()));

    account.broken.insert("shop-dev-zone-a".into());
    account.set_status("shop-dev-zone-a", "UPDATE_ROLLBACK_FAILED");
    let report = deployed(&account, &["a"]).await;
    let Outcome::Failed(error @ DeployError::Stuck { .. }) = outcome(&report, "zone-a") else {
        panic!("{report:?}");
    };
    assert!(error.to_string().contains("--resources-to-skip"), "{error}");
}

async fn planned(account: &Account, deployment: &Deployment) -> Plan {
    plan(deployment, account, account).await.unwrap()
}

#[tokio::test]
async fn a_plan_changes_nothing_and_says_what_a_deployment_would_do() {
    let mut account = Account::default();
    let nothing_stands = planned(&account, &deployment(&["a"])).await;
    assert!(nothing_stands.stacks.iter().all(|it| it.step == Step::Create { resources: 1, instead: None }));
    deployed(&account, &["a", "b"]).await;
    let same = planned(&account, &deployment(&["a", "b"])).await;
    assert!(same.is_empty(), "{same:?}");

    account.log();
    account.changes =
        vec![("Rule", "AWS::Events::Rule", Effect::Add), ("Bucket", "AWS::S3::Bucket", Effect::Replace)];
    let mut changed = deployment(&["a", "c"]);
    changed.stacks[1].template = "other buckets".into();
    let plan = planned(&account, &changed).await;
    assert!(!plan.is_empty() && !plan.is_blocked());
    let Step::Update { changes } = &plan.stacks[1].step else { panic!("{plan:?}") };
    assert_eq!(
        changes.iter().map(|change| change.effect).collect::<Vec<_>>(),
        [Effect::Replace, Effect::Add]
    );
    let at_risk: Vec<_> = plan.data_at_risk().map(|(stack, change)| (stack, &change.logical_id)).collect();
    assert_eq!(at_risk, [("shop-dev-storage", &"Bucket".to_owned())]);
    assert_eq!(plan.stacks[3].step, Step::Nothing);
    assert_eq!(plan.stacks[4].step, Step::Create { resources: 1, instead: None });
    assert_eq!(plan.strays.iter().map(|stack| stack.name.as_str()).collect::<Vec<_>>(), ["shop-dev-zone-b"]);
    assert!(account.log().is_empty());
    assert!(account.prepared.lock().unwrap().is_empty(), "no change set is left behind");
}

#[tokio::test]
async fn a_plan_tells_what_stands_in_its_way() {
    let account = Account::default();
    deployed(&account, &["a"]).await;
    account.set_status("shop-dev-pipeline", "UPDATE_IN_PROGRESS");
    account.set_status("shop-dev-zone-a", "ROLLBACK_COMPLETE");
    let plan = planned(&account, &deployment(&["a"])).await;
    assert!(plan.is_blocked());
    assert_eq!(plan.stacks[2].step, Step::Busy { status: "UPDATE_IN_PROGRESS".into() });
    let again = Step::Create { resources: 1, instead: Some("ROLLBACK_COMPLETE".into()) };
    assert_eq!(plan.stacks[3].step, again);
}

#[tokio::test]
async fn every_stack_has_the_tags_of_the_lake_and_those_of_its_owner() {
    let account = Account::default();
    deployed(&account, &[]).await;
    let stacks = account.stacks.lock().unwrap();
    let wanted = [("tarn:lake".to_owned(), "shop".to_owned()), ("team".into(), "data".into())];
    assert!(stacks.values().all(|(state, _)| state.tags == wanted));
}

#[tokio::test]
async fn every_stack_is_changed_under_the_service_role() {
    let account = Account::default();
    let role = Some("arn:aws:iam::123456789012:role/LakeDeployment".to_owned());
    let deployment = tarn_deploy::Deployment { service_role: role.clone(), ..deployment(&["a"]) };
    assert!(deploy(&deployment, &account, &account, &account, &Silent).await.unwrap().is_good());
    let asked = account.service_roles.lock().unwrap();
    assert_eq!(asked.len(), 4);
    assert!(asked.values().all(|it| *it == role), "{asked:?}");
}

/// Which stacks CloudFormation was asked about by a change set.
async fn asked(account: &Account, deployment: &Deployment) -> Vec<String> {
    account.service_roles.lock().unwrap().clear();
    let report = deploy(deployment, account, account, account, &Silent).await.unwrap();
    assert!(report.is_good() && report.stacks.len() == deployment.stacks.len(), "{report:?}");
    account.service_roles.lock().unwrap().keys().map(|name| name.replace("shop-dev-", "")).collect()
}

#[tokio::test]
async fn only_what_is_to_change_or_was_touched_is_asked_about() {
    let account = Account::default();
    assert_eq!(asked(&account, &deployment(&["a"])).await, ["foundation", "pipeline", "storage", "zone-a"]);
    assert!(asked(&account, &deployment(&["a"])).await.is_empty(), "nothing is to change");
    assert_eq!(asked(&account, &deployment(&["a", "b"])).await, ["zone-b"]);

    // Somebody changes a stack by hand: CloudFormation decides whether that matters.
    let touched =
        || account.stacks.lock().unwrap().get_mut("shop-dev-zone-a").unwrap().0.changed = "by hand".into();
    touched();
    assert_eq!(asked(&account, &deployment(&["a", "b"])).await, ["zone-a"]);
    assert!(asked(&account, &deployment(&["a", "b"])).await.is_empty(), "it was looked at");
    account.stacks.lock().unwrap().get_mut("shop-dev-zone-a").unwrap().0.arn = "arn:another".into();
    account.set_status("shop-dev-zone-b", "UPDATE_ROLLBACK_COMPLETE");
    let plan = planned(&account, &deployment(&["a", "b"])).await;
    assert!(plan.is_empty(), "{plan:?}");

    let under_role = Deployment { service_role: Some("arn:role".into()), ..deployment(&["a", "b"]) };
    assert_eq!(asked(&account, &under_role).await.len(), 5, "a role is part of the wish");
    account.documents.lock().unwrap().insert("config/stacks.json".into(), b"of another version".to_vec());
    assert_eq!(asked(&account, &under_role).await.len(), 5, "what cannot be read is worth nothing");
}

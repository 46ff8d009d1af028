//! Deployments and destructions against an account in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tarn_deploy::{
    Action, Artifacts, ChangeRequest, ChangeSet, Clock, Deployment, DesiredStack, Destruction, Event,
    Observer, Outcome, PortError, Report, ResourceEvent, StackState, StackStatus, Stacks, TemplateSource,
    Upload, deploy, destroy,
};
use tarn_lake::{StackId, ZoneName};

/// An account: stacks by name, with the template they were made of.
#[derive(Default)]
struct Account {
    stacks: Mutex<BTreeMap<String, (StackState, String)>>,
    /// Templates prepared but not executed, by change set.
    prepared: Mutex<BTreeMap<String, (ChangeRequest, String)>>,
    /// Names of stacks whose change fails.
    broken: BTreeSet<String>,
    /// What was done, in order.
    log: Mutex<Vec<String>>,
    documents: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Account {
    fn note(&self, what: String) {
        self.log.lock().unwrap().push(what);
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn template(&self, source: &TemplateSource) -> String {
        match source {
            TemplateSource::Inline(text) => text.clone(),
            TemplateSource::Uploaded { key, .. } => {
                String::from_utf8(self.documents.lock().unwrap()[key].clone()).unwrap()
            }
        }
    }

    fn event(name: &str, kind: &str, status: &str, reason: &str) -> ResourceEvent {
        ResourceEvent {
            id: format!("{name}-{status}"),
            logical_id: "Thing".into(),
            resource_type: kind.into(),
            physical_id: "thing".into(),
            status: status.into(),
            reason: reason.into(),
        }
    }
}

#[async_trait]
impl Stacks for Account {
    async fn describe(&self, name: &str) -> Result<Option<StackState>, PortError> {
        let stacks = self.stacks.lock().unwrap();
        Ok(stacks.values().map(|(state, _)| state).find(|s| s.name == name || s.arn == name).cloned())
    }

    async fn list(&self) -> Result<Vec<StackState>, PortError> {
        Ok(self.stacks.lock().unwrap().values().map(|(state, _)| state.clone()).collect())
    }

    async fn prepare(&self, request: &ChangeRequest) -> Result<ChangeSet, PortError> {
        let template = self.template(&request.template);
        let standing = self.stacks.lock().unwrap().get(&request.stack).map(|(_, text)| text.clone());
        assert_eq!(request.action == Action::Create, standing.is_none(), "{}", request.stack);
        if standing.as_deref() == Some(template.as_str()) {
            return Ok(ChangeSet::Empty);
        }
        let arn = format!("changes of {}", request.stack);
        self.prepared.lock().unwrap().insert(arn.clone(), (request.clone(), template));
        Ok(ChangeSet::Ready { arn, stack_arn: format!("arn:{}", request.stack), resources: 1 })
    }

    async fn execute(&self, change_set: &str) -> Result<(), PortError> {
        let (request, template) = self.prepared.lock().unwrap().remove(change_set).unwrap();
        let name = request.stack.clone();
        let word = if request.action == Action::Create { "CREATE" } else { "UPDATE" };
        self.note(format!("{word} {name}"));
        let status = match (self.broken.contains(&name), word) {
            (false, _) => format!("{word}_COMPLETE"),
            (true, "CREATE") => "ROLLBACK_COMPLETE".into(),
            (true, _) => "UPDATE_ROLLBACK_COMPLETE".into(),
        };
        let state = StackState {
            name: name.clone(),
            arn: format!("arn:{name}"),
            status: StackStatus(status),
            tags: request.tags,
            protected: false,
        };
        self.stacks.lock().unwrap().insert(name, (state, template));
        Ok(())
    }

    async fn events(&self, arn: &str, after: Option<&str>) -> Result<Vec<ResourceEvent>, PortError> {
        let name = arn.strip_prefix("arn:").unwrap_or(arn);
        let status = self.stacks.lock().unwrap().get(name).map(|(state, _)| state.status.0.clone());
        let event = match status.as_deref() {
            Some("ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE") => {
                Self::event(name, "AWS::S3::Bucket", "CREATE_FAILED", "the bucket is somebody else's")
            }
            Some(status) => Self::event(name, "AWS::S3::Bucket", status, ""),
            None => Self::event(name, "AWS::S3::Bucket", "DELETE_COMPLETE", ""),
        };
        Ok(if after == Some(event.id.as_str()) { vec![] } else { vec![event] })
    }

    async fn validation_faults(&self, _: &str) -> Result<Vec<ResourceEvent>, PortError> {
        Ok(vec![Self::event("validation", "AWS::S3::Bucket", "VALIDATION_FAILED", "the name is taken")])
    }

    async fn protect(&self, arn: &str, on: bool) -> Result<(), PortError> {
        let name = arn.strip_prefix("arn:").unwrap();
        self.note(format!("protect {name} {on}"));
        self.stacks.lock().unwrap().get_mut(name).unwrap().0.protected = on;
        Ok(())
    }

    async fn delete(&self, arn: &str) -> Result<(), PortError> {
        let name = arn.strip_prefix("arn:").unwrap();
        self.note(format!("DELETE {name}"));
        self.stacks.lock().unwrap().remove(name);
        Ok(())
    }
}

#[async_trait]
impl Artifacts for Account {
    async fn upload_file(&self, _: &str, key: &str, _: &Path) -> Result<(), PortError> {
        self.note(format!("upload {key}"));
        Ok(())
    }
    async fn write(&self, _: &str, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        if key.starts_with("config/") {
            self.note(format!("write {key}"));
        }
        self.documents.lock().unwrap().insert(key.into(), bytes);
        Ok(())
    }
    async fn empty(&self, bucket: &str) -> Result<(), PortError> {
        self.note(format!("empty {bucket}"));
        Ok(())
    }
    async fn buckets(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Clock for Account {
    async fn sleep(&self, _: Duration) {}
}

struct Silent;
impl Observer for Silent {
    fn tell(&self, _: Event<'_>) {}
}

fn tags() -> Vec<(String, String)> {
    vec![("tarn:lake".into(), "shop".into())]
}

fn desired(id: StackId, after: &[&str], template: &str) -> DesiredStack {
    DesiredStack {
        name: format!("shop-dev-{id}"),
        id,
        template: template.into(),
        after: after.iter().map(|name| format!("shop-dev-{name}")).collect(),
    }
}

fn zone(name: &str) -> StackId {
    StackId::Zone(ZoneName::new(name).unwrap())
}

fn deployment(zones: &[&str]) -> Deployment {
    let mut stacks = vec![
        desired(StackId::Foundation, &[], "base"),
        desired(StackId::Storage, &["foundation"], "buckets"),
        desired(StackId::Pipeline, &["foundation", "storage"], "handlers"),
    ];
    stacks.extend(zones.iter().map(|name| desired(zone(name), &["foundation", "storage"], name)));
    Deployment {
        stacks,
        ops_bucket: "ops".into(),
        uploads: vec![Upload { what: "handlers".into(), key: "handlers/1.zip".into(), file: "x".into() }],
        lake_document: ("config/lake.json".into(), b"{}".to_vec()),
        tags: tags(),
        protected: false,
    }
}

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
    assert_eq!(account.log(), ["upload handlers/1.zip", "CREATE shop-dev-zone-b", "write config/lake.json"]);
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
async fn a_busy_stack_is_left_alone() {
    let account = Account::default();
    deployed(&account, &[]).await;
    account.stacks.lock().unwrap().get_mut("shop-dev-pipeline").unwrap().0.status =
        StackStatus("UPDATE_IN_PROGRESS".into());
    let report = deployed(&account, &[]).await;
    assert!(matches!(outcome(&report, "pipeline"), Outcome::Failed(tarn_deploy::DeployError::Busy { .. })));
}

#[tokio::test]
async fn a_destruction_goes_backwards_finds_stacks_by_tag_and_leaves_nothing() {
    let account = Account::default();
    deployed(&account, &["a", "gone-from-the-config"]).await;
    let stranger = StackState {
        name: "shop-dev-zone-of-another-lake".into(),
        arn: "arn:other".into(),
        status: StackStatus("CREATE_COMPLETE".into()),
        tags: vec![("tarn:lake".into(), "shop-dev".into())],
        protected: false,
    };
    account.stacks.lock().unwrap().insert(stranger.name.clone(), (stranger, String::new()));
    account.log();

    let destruction = Destruction {
        prefix: "shop-dev-".into(),
        account_and_region: "-1-r".into(),
        tags: tags(),
        foundation: "shop-dev-foundation".into(),
        storage: "shop-dev-storage".into(),
        pipeline: "shop-dev-pipeline".into(),
        last_buckets: vec!["ops".into(), "logs".into()],
    };
    let report = destroy(&destruction, &account, &account, &account, &Silent).await.unwrap();
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.resources()["AWS::S3::Bucket"], 5);

    let log = account.log();
    let place =
        |what: &str| log.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what}: {log:?}"));
    assert_eq!(place("DELETE shop-dev-pipeline"), 0);
    assert!(place("DELETE shop-dev-zone-gone-from-the-config") < place("DELETE shop-dev-storage"));
    assert!(place("DELETE shop-dev-storage") < place("empty ops"));
    assert_eq!(place("DELETE shop-dev-foundation"), log.len() - 1);
    assert_eq!(account.stacks.lock().unwrap().len(), 1, "the other lake stands");

    let again = destroy(&destruction, &account, &account, &account, &Silent).await.unwrap();
    assert!(again.is_good() && again.stacks.is_empty(), "a repeat finds nothing to do");
}

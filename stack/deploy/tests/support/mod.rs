//! An account in memory, and the deployments that the tests bring it.

#![allow(dead_code, reason = "every test binary uses a part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tarn_deploy::{
    Action, Artifacts, ChangeRequest, ChangeSet, Clock, Deployment, DesiredStack, Destruction, Effect, Event,
    Inventory, Kind, Observer, PortError, PortErrorKind, ResourceChange, ResourceEvent, StackState,
    StackStatus, Stacks, TemplateSource, Thing, Upload,
};
use tarn_lake::{StackId, ZoneName};

/// An account: stacks by name, with the template they were made of.
#[derive(Default)]
pub struct Account {
    pub stacks: Mutex<BTreeMap<String, (StackState, String)>>,
    /// Templates prepared but not executed, by change set.
    pub prepared: Mutex<BTreeMap<String, (ChangeRequest, String)>>,
    /// The role that each change was asked for with, by stack.
    pub service_roles: Mutex<BTreeMap<String, Option<String>>>,
    /// Names of stacks whose change fails.
    pub broken: BTreeSet<String>,
    /// What every change set of a standing stack holds.
    pub changes: Vec<(&'static str, &'static str, Effect)>,
    /// How often a change must be asked for until it has ended.
    pub polls: usize,
    /// Changes that have begun: how often they are still to be asked for, and how they end.
    pub under_way: Mutex<BTreeMap<String, (usize, Option<StackStatus>)>>,
    /// How many changes there were.
    pub changed: AtomicU64,
    /// Seconds since 1970.
    pub now: AtomicU64,
    /// What stands beside the stacks.
    pub things: Mutex<BTreeSet<(Kind, String)>>,
    /// Kinds that may not be listed.
    pub refused: BTreeSet<Kind>,
    /// What was done, in order.
    pub log: Mutex<Vec<String>>,
    pub documents: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Whether the next swap works and says that it did not, as one does that was sent twice.
    pub swap_denies: AtomicBool,
}

impl Account {
    fn note(&self, what: String) {
        self.log.lock().unwrap().push(what);
    }

    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    /// Lets a change go on in its own time; `None` is its stack gone.
    fn begin(&self, name: &str, status: &str, end: Option<&str>) {
        self.set_status(name, status);
        let end = end.map(|status| StackStatus(status.into()));
        self.under_way.lock().unwrap().insert(name.into(), (self.polls, end));
        self.pass(name);
    }

    fn pass(&self, name: &str) {
        let mut under_way = self.under_way.lock().unwrap();
        let Some((left, end)) = under_way.get_mut(name) else { return };
        if *left > 0 {
            *left -= 1;
            return;
        }
        let mut stacks = self.stacks.lock().unwrap();
        match end.take() {
            Some(end) => stacks.get_mut(name).unwrap().0.status = end,
            None => drop(stacks.remove(name)),
        }
        under_way.remove(name);
    }

    fn busy(&self, name: &str) -> Result<(), PortError> {
        if !self.under_way.lock().unwrap().contains_key(name) {
            return Ok(());
        }
        let (doing, reason) = (format!("changing {name}"), "it is changing already".to_owned());
        Err(PortError { kind: PortErrorKind::Refused, doing, reason, source: None })
    }

    pub fn set_status(&self, stack: &str, status: &str) {
        let status = StackStatus(status.into());
        self.stacks.lock().unwrap().get_mut(stack).unwrap().0.status = status;
    }

    fn template(&self, source: &TemplateSource) -> String {
        match source {
            TemplateSource::Inline(text) => text.clone(),
            TemplateSource::Uploaded { key, .. } => {
                String::from_utf8(self.documents.lock().unwrap()[key].clone()).unwrap()
            }
        }
    }

    fn state(name: &str, status: &str, tags: Vec<(String, String)>) -> StackState {
        let (name, arn) = (name.to_owned(), format!("arn:{name}"));
        StackState {
            name,
            arn,
            status: StackStatus(status.into()),
            tags,
            protected: false,
            changed: String::new(),
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
        self.pass(name.strip_prefix("arn:").unwrap_or(name));
        let stacks = self.stacks.lock().unwrap();
        Ok(stacks.values().map(|(state, _)| state).find(|s| s.name == name || s.arn == name).cloned())
    }

    async fn list(&self) -> Result<Vec<StackState>, PortError> {
        Ok(self.stacks.lock().unwrap().values().map(|(state, _)| state.clone()).collect())
    }

    async fn prepare(&self, request: &ChangeRequest) -> Result<ChangeSet, PortError> {
        self.busy(&request.stack)?;
        self.service_roles.lock().unwrap().insert(request.stack.clone(), request.service_role.clone());
        let template = self.template(&request.template);
        let mut stacks = self.stacks.lock().unwrap();
        let standing = stacks.get(&request.stack).filter(|(state, _)| !state.status.is_only_reviewed());
        assert_eq!(request.action == Action::Create, standing.is_none(), "{}", request.stack);
        if standing.is_some_and(|(_, text)| *text == template) {
            return Ok(ChangeSet::Empty);
        }
        if standing.is_none() {
            let state = Self::state(&request.stack, "REVIEW_IN_PROGRESS", request.tags.clone());
            stacks.insert(request.stack.clone(), (state, String::new()));
        }
        let arn = format!("changes of {}", request.stack);
        self.prepared.lock().unwrap().insert(arn.clone(), (request.clone(), template));
        let change = |(logical_id, resource_type, effect): &(&str, &str, Effect)| ResourceChange {
            logical_id: (*logical_id).into(),
            resource_type: (*resource_type).into(),
            physical_id: String::new(),
            effect: *effect,
        };
        let changes = self.changes.iter().map(change).collect();
        Ok(ChangeSet::Ready { arn, stack_arn: format!("arn:{}", request.stack), changes })
    }

    async fn discard(&self, change_set: &str) -> Result<(), PortError> {
        self.prepared.lock().unwrap().remove(change_set).unwrap();
        Ok(())
    }

    async fn continue_rollback(&self, arn: &str) -> Result<(), PortError> {
        let name = arn.strip_prefix("arn:").unwrap();
        self.note(format!("continue rollback {name}"));
        if !self.broken.contains(name) {
            self.begin(name, "UPDATE_ROLLBACK_IN_PROGRESS", Some("UPDATE_ROLLBACK_COMPLETE"));
        }
        Ok(())
    }

    async fn execute(&self, change_set: &str) -> Result<(), PortError> {
        let (request, template) = self.prepared.lock().unwrap().remove(change_set).unwrap();
        let name = request.stack.clone();
        let word = if request.action == Action::Create { "CREATE" } else { "UPDATE" };
        self.note(format!("{word} {name}"));
        let end = match (self.broken.contains(&name), word) {
            (false, _) => format!("{word}_COMPLETE"),
            (true, "CREATE") => "ROLLBACK_COMPLETE".into(),
            (true, _) => "UPDATE_ROLLBACK_COMPLETE".into(),
        };
        let under_way = format!("{word}_IN_PROGRESS");
        let before = self.stacks.lock().unwrap().get(&name).map(|(state, _)| state.protected);
        let state = StackState {
            protected: before.unwrap_or_default(),
            changed: format!("change {}", self.changed.fetch_add(1, Ordering::Relaxed)),
            ..Self::state(&name, &under_way, request.tags)
        };
        self.stacks.lock().unwrap().insert(name.clone(), (state, template));
        self.begin(&name, &under_way, Some(&end));
        Ok(())
    }

    async fn events(&self, arn: &str, after: Option<&str>) -> Result<Vec<ResourceEvent>, PortError> {
        let name = arn.strip_prefix("arn:").unwrap_or(arn);
        let status = self.stacks.lock().unwrap().get(name).map(|(state, _)| state.status.0.clone());
        let event = match status.as_deref() {
            Some("ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_FAILED") => {
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
        let status = self.stacks.lock().unwrap().get(name).map(|(state, _)| state.status.0.clone());
        match status.as_deref() {
            // CloudFormation takes both for done.
            None | Some("DELETE_IN_PROGRESS") => return Ok(()),
            Some(_) => self.busy(name)?,
        }
        self.note(format!("DELETE {name}"));
        self.begin(name, "DELETE_IN_PROGRESS", None);
        Ok(())
    }
}

#[async_trait]
impl Artifacts for Account {
    async fn upload_file(&self, _: &str, key: &str, _: &Path) -> Result<(), PortError> {
        self.note(format!("upload {key}"));
        Ok(())
    }
    async fn read(&self, _: &str, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let read = self.documents.lock().unwrap().get(key).cloned();
        // So that somebody else can come between reading and writing.
        tokio::task::yield_now().await;
        Ok(read)
    }
    async fn create(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<bool, PortError> {
        if !self.stacks.lock().unwrap().contains_key("shop-dev-foundation") {
            let (doing, reason) = (format!("writing to {bucket}"), "no such bucket".to_owned());
            return Err(PortError { kind: PortErrorKind::NotFound, doing, reason, source: None });
        }
        let mut documents = self.documents.lock().unwrap();
        let is_new = !documents.contains_key(key);
        if is_new {
            documents.insert(key.into(), bytes);
        }
        Ok(is_new)
    }
    async fn swap(&self, _: &str, key: &str, expected: &[u8], bytes: Vec<u8>) -> Result<bool, PortError> {
        let mut documents = self.documents.lock().unwrap();
        let fits = documents.get(key).is_some_and(|there| there == expected);
        if fits {
            documents.insert(key.into(), bytes);
        }
        Ok(fits && !self.swap_denies.swap(false, Ordering::Relaxed))
    }
    async fn remove(&self, _: &str, key: &str) -> Result<(), PortError> {
        self.documents.lock().unwrap().remove(key);
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

/// Every stack has a role, an alarm and a function; only functions bear the lake's tags, and roles are
/// listed by their service.
#[async_trait]
impl Inventory for Account {
    async fn list(&self, kind: Kind, _: &str, _: &BTreeSet<String>) -> Result<Option<Vec<Thing>>, PortError> {
        if self.refused.contains(&kind) {
            let (doing, reason) = (format!("listing {}", kind.word()), "AccessDenied".to_owned());
            return Err(PortError { kind: PortErrorKind::AccessDenied, doing, reason, source: None });
        }
        if matches!(kind, Kind::Alarm | Kind::Function | Kind::Other) {
            return Ok(None);
        }
        let stacks = self.stacks.lock().unwrap();
        let roles = stacks.keys().filter(|_| kind == Kind::Role).map(|stack| format!("{stack}-role"));
        let things = self.things.lock().unwrap();
        let others = things.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone());
        Ok(Some(roles.chain(others).map(Thing::named).collect()))
    }

    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, PortError> {
        let stacks = self.stacks.lock().unwrap();
        let ours = stacks.iter().filter(|(_, (state, _))| tags.iter().all(|tag| state.tags.contains(tag)));
        Ok(ours
            .map(|(name, _)| name)
            .map(|stack| format!("arn:aws:lambda:r:1:function:{stack}-function"))
            .collect())
    }

    async fn recorded(&self, arn: &str) -> Result<Vec<(String, String)>, PortError> {
        let stack = arn.strip_prefix("arn:").unwrap();
        let of = |(kind, word): (&str, &str)| (kind.to_owned(), format!("{stack}-{word}"));
        let all = [
            ("AWS::IAM::Role", "role"),
            ("AWS::Lambda::Function", "function"),
            ("AWS::CloudWatch::Alarm", "alarm"),
            ("Custom::EmptyBucket", "emptier"),
        ];
        Ok(all.map(of).into())
    }
}

#[async_trait]
impl Clock for Account {
    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }
}

/// Hears nothing.
pub struct Silent;
impl Observer for Silent {
    fn tell(&self, _: Event<'_>) {}
}

pub fn tags() -> Vec<(String, String)> {
    vec![("tarn:lake".into(), "shop".into())]
}

pub fn desired(id: StackId, after: &[&str], template: &str) -> DesiredStack {
    DesiredStack {
        name: format!("shop-dev-{id}"),
        id,
        template: template.into(),
        resources: 1,
        after: after.iter().map(|name| format!("shop-dev-{name}")).collect(),
    }
}

pub fn zone(name: &str) -> StackId {
    StackId::Zone(ZoneName::new(name).unwrap())
}

pub fn deployment(zones: &[&str]) -> Deployment {
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
        project_document: Some(("config/project.json".into(), b"{}".to_vec())),
        identity: tags(),
        tags: vec![("team".into(), "data".into())],
        remove_strays: false,
        protected: false,
        service_role: None,
    }
}

pub fn destruction() -> Destruction {
    Destruction {
        prefix: "shop-dev-".into(),
        account_and_region: "-1-r".into(),
        tags: tags(),
        foundation: "shop-dev-foundation".into(),
        storage: "shop-dev-storage".into(),
        pipeline: "shop-dev-pipeline".into(),
        last_buckets: vec!["ops".into(), "logs".into()],
        keep_data: false,
    }
}

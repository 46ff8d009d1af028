//! The application of Spark comes, changes and goes with its resource, whatever it does meanwhile.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use tarn_core::jobs::{Answer, AnswerStatus, CustomResource};
use tarn_core::ports::{ApplicationState, FoundApplication, SparkApplication, SparkApplications};
use tarn_core::testing::{ManualClock, MemoryStore};
use tarn_core::{CustomResourceRequest, Error, Kind, Result};

/// Applications as EMR has them: each call moves them on, none is changed or deleted while it is started, and none
/// stops while a job runs.
#[derive(Default)]
pub struct Emr {
    there: Mutex<Vec<Application>>,
    calls: Mutex<Vec<String>>,
    refuses: Option<Kind>,
}

struct Application {
    name: String,
    found: FoundApplication,
    to: Option<ApplicationState>,
    jobs: usize,
    /// Whether jobs end when they are told to, or by themselves at the third look.
    looks: usize,
}

impl Emr {
    fn with(state: ApplicationState, jobs: usize) -> Self {
        let emr = Self::default();
        let found = FoundApplication { id: "app-1".into(), state, release: "emr-7.0.0".into() };
        emr.there.lock().unwrap().push(Application {
            name: "shop-dev".into(),
            found,
            to: None,
            jobs,
            looks: 0,
        });
        emr
    }

    fn call<T>(&self, what: &str, change: impl FnOnce(&mut Vec<Application>) -> Result<T>) -> Result<T> {
        self.calls.lock().unwrap().push(what.into());
        match self.refuses {
            Some(kind) => Err(Error::new(kind, "no")),
            None => change(&mut self.there.lock().unwrap()),
        }
    }

    fn calls(&self) -> String {
        self.calls.lock().unwrap().join(" ")
    }
}

fn idle(there: &[Application], id: &str) -> Result<()> {
    let found = there.iter().find(|one| one.found.id == id).map(|one| one.found.state);
    match found {
        Some(ApplicationState::Idle) => Ok(()),
        other => Err(Error::new(Kind::Invalid, format!("{id} is {other:?}"))),
    }
}

#[async_trait]
impl SparkApplications for Emr {
    async fn named(&self, name: &str) -> Result<Vec<FoundApplication>> {
        self.call("named", |there| {
            for one in there.iter_mut() {
                one.looks += 1;
                one.jobs = if one.looks > 2 { 0 } else { one.jobs };
                if let Some(to) = one.to.take() {
                    one.found.state = to;
                }
            }
            Ok(there.iter().filter(|one| one.name == name).map(|one| one.found.clone()).collect())
        })
    }

    async fn create(&self, wanted: &SparkApplication) -> Result<()> {
        self.call("create", |there| {
            assert_eq!((wanted.most_cpus, wanted.most_memory_gb, wanted.tags.len()), (64, 256, 1));
            let (id, state, release) = ("new".into(), ApplicationState::Moving, wanted.release.clone());
            let (found, to) = (FoundApplication { id, state, release }, Some(ApplicationState::Idle));
            there.push(Application { name: wanted.name.clone(), found, to, jobs: 0, looks: 0 });
            Ok(())
        })
    }

    async fn change(&self, id: &str, wanted: &SparkApplication) -> Result<()> {
        self.call("change", |there| {
            idle(there, id)?;
            there[0].found.release = wanted.release.clone();
            Ok(())
        })
    }

    async fn end_jobs(&self, _: &str) -> Result<()> {
        self.call("end_jobs", |there| {
            there[0].jobs = 0;
            Ok(())
        })
    }

    async fn stop(&self, _: &str) -> Result<()> {
        self.call("stop", |there| match there[0].jobs {
            0 => {
                there[0].found.state = ApplicationState::Moving;
                there[0].to = Some(ApplicationState::Idle);
                Ok(())
            }
            _ => Err(Error::new(Kind::Invalid, "a job runs")),
        })
    }

    async fn delete(&self, id: &str) -> Result<()> {
        self.call("delete", |there| {
            if there[0].jobs > 0 {
                there[0].found.state = ApplicationState::Started;
            }
            idle(there, id)?;
            there.retain(|one| one.found.id != id);
            Ok(())
        })
    }
}

fn properties() -> Value {
    json!({"Name": "shop-dev", "Release": "emr-7.14.0", "MostCPUs": "64", "MostMemoryGB": "256", "Labels": {"lake": "shop"}})
}

async fn answer(emr: &Emr, kind: &str, properties: &Value, deadline_millis: i64) -> Answer {
    let request: CustomResourceRequest = serde_json::from_value(json!({
        "RequestType": kind, "ResponseURL": "https://secret.example", "StackId": "stack", "RequestId": "request",
        "LogicalResourceId": "SparkApplication", "PhysicalResourceId": (kind != "Create").then_some("spark-application:shop-dev"),
        "ResourceType": "Custom::SparkApplication", "ResourceProperties": properties,
    }))
    .unwrap();
    let clock = ManualClock::default();
    let store = MemoryStore::new(clock.clone(), []);
    CustomResource { store: &store, applications: emr, clock: &clock }.run(&request, deadline_millis).await
}

#[tokio::test]
async fn one_is_made_and_one_that_is_there_is_changed_once_it_is_idle() {
    for (emr, wanted) in [
        (Emr::default(), "named create named"),
        (Emr::with(ApplicationState::Idle, 0), "named change named"),
        (Emr::with(ApplicationState::Started, 0), "named stop named change named"),
        (Emr::with(ApplicationState::Started, 1), "named stop named stop named stop named change named"),
    ] {
        let answer = answer(&emr, "Create", &properties(), i64::MAX).await;
        assert_eq!(answer.status, AnswerStatus::Success, "{}", answer.reason);
        assert_eq!(
            (answer.physical_resource_id.as_str(), emr.calls().as_str()),
            ("spark-application:shop-dev", wanted)
        );
        assert_eq!(emr.there.lock().unwrap()[0].found.release, "emr-7.14.0");
    }
}

#[tokio::test]
async fn it_goes_with_its_jobs_and_none_is_well_too() {
    for (emr, wanted) in [
        (Emr::default(), "named"),
        (Emr::with(ApplicationState::Idle, 0), "named delete named"),
        // A job begins just then.
        (Emr::with(ApplicationState::Idle, 1), "named delete named end_jobs stop named delete named"),
        (Emr::with(ApplicationState::Started, 2), "named end_jobs stop named delete named"),
    ] {
        let answer = answer(&emr, "Delete", &properties(), i64::MAX).await;
        assert_eq!(answer.status, AnswerStatus::Success, "{}", answer.reason);
        assert_eq!((emr.calls().as_str(), emr.there.lock().unwrap().len()), (wanted, 0));
    }
}

#[tokio::test]
async fn what_does_not_end_in_time_or_is_refused_is_told() {
    let busy = Emr::with(ApplicationState::Moving, 0);
    let late = answer(&busy, "Update", &properties(), 40_000).await;
    assert_eq!(late.status, AnswerStatus::Failed);
    assert!(late.reason.contains("is not done changing"), "{}", late.reason);

    let refusing = Emr { refuses: Some(Kind::AccessDenied), ..Emr::default() };
    assert_eq!(answer(&refusing, "Delete", &properties(), i64::MAX).await.status, AnswerStatus::Failed);

    let nameless = answer(&Emr::default(), "Create", &json!({"Release": "emr-7.14.0"}), i64::MAX).await;
    assert!(nameless.reason.contains("needs the property Name"), "{}", nameless.reason);
    let mut wordy = properties();
    wordy["MostCPUs"] = "many".into();
    let wordy = answer(&Emr::default(), "Create", &wordy, i64::MAX).await;
    assert!(wordy.reason.contains("`many` is no number"), "{}", wordy.reason);
}

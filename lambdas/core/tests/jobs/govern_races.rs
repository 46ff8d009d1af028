//! Lakes of one account that meet in Lake Formation, in thousands of ways.
//!
//! Nothing locks the account's settings; what keeps two lakes from losing each other's administrator
//! is that everybody writes soon after reading, and looks again later than that. Here is whether it
//! holds, and that it is not held by chance.

use std::collections::BTreeSet;
use std::pin::Pin;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tarn_core::jobs::{Answer, AnswerStatus, Govern};
use tarn_core::ports::{
    AccountSettings, Administration, Clock, LONGEST_REPLACE, Locations, Office, Right, Rights,
};
use tarn_core::testing::{MemoryCatalog, MemoryGovernance, Simulation};
use tarn_core::{CustomResourceRequest, Error, Kind, Result};

use crate::govern::{picture, role};

/// Lake Formation over a slow line that loses answers and requests.
struct Slow<'a> {
    account: &'a MemoryGovernance,
    simulation: &'a Simulation,
    /// The longest that a write takes, in milliseconds.
    longest_write: u64,
    /// Of a hundred calls, so many are refused, and of so many the answer is lost.
    faults: u64,
}

impl Slow<'_> {
    async fn call<T>(&self, longest: u64, call: impl Future<Output = Result<T>>) -> Result<T> {
        let lost = || Err(Error::new(Kind::Unavailable, "the line is dead"));
        self.simulation.wait_below(longest / 2).await;
        if self.simulation.below(100) < self.faults {
            return lost();
        }
        let answer = call.await;
        self.simulation.wait_below(longest / 2).await;
        if self.simulation.below(100) < self.faults { lost() } else { answer }
    }

    /// Mostly quick, at times slow.
    fn look(&self) -> u64 {
        if self.simulation.below(10) == 0 { 4_000 } else { 400 }
    }

    fn write(&self) -> u64 {
        if self.simulation.below(4) == 0 { self.longest_write } else { 600 }
    }
}

#[async_trait]
impl Administration for Slow<'_> {
    async fn settings(&self) -> Result<AccountSettings> {
        self.call(self.look(), self.account.settings()).await
    }
    async fn replace(&self, settings: &AccountSettings) -> Result<()> {
        self.call(self.write(), self.account.replace(settings)).await
    }
}

#[async_trait]
impl Locations for Slow<'_> {
    async fn role_of(&self, location: &str) -> Result<Option<String>> {
        self.call(self.look(), self.account.role_of(location)).await
    }
    async fn register(&self, location: &str, role: &str) -> Result<()> {
        self.call(self.write(), self.account.register(location, role)).await
    }
    async fn deregister(&self, location: &str) -> Result<()> {
        self.call(self.write(), self.account.deregister(location)).await
    }
}

#[async_trait]
impl Rights for Slow<'_> {
    async fn granted(&self) -> Result<BTreeSet<Right>> {
        self.call(self.look(), self.account.granted()).await
    }
    async fn granted_on(&self, filter: &tarn_lake::CellsFilter) -> Result<BTreeSet<Right>> {
        self.call(self.look(), self.account.granted_on(filter)).await
    }
    async fn grant(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.call(self.write(), self.account.grant(rights)).await
    }
    async fn revoke(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.call(self.write(), self.account.revoke(rights)).await
    }
}

fn request(kind: &str, verb: &str, id: Option<&str>, properties: &Value) -> CustomResourceRequest {
    serde_json::from_value(json!({
        "RequestType": verb, "ResponseURL": "https://secret.example", "StackId": "stack",
        "RequestId": format!("{properties}{verb}"), "LogicalResourceId": "Governed",
        "PhysicalResourceId": id, "ResourceType": kind, "ResourceProperties": properties,
    }))
    .unwrap()
}

async fn answered(line: &Slow<'_>, request: &CustomResourceRequest) -> Answer {
    let catalog = MemoryCatalog::default();
    let job = Govern {
        administration: line,
        locations: line,
        rights: line,
        tags: line.account,
        filters: line.account,
        catalog: &catalog,
        clock: line.simulation,
    };
    job.run(request, line.simulation.now_millis() + 300_000).await
}

fn settings() -> AccountSettings {
    let administrators: Vec<Value> =
        ["ci", "steward"].map(|name| json!({"DataLakePrincipalIdentifier": role(name)})).into();
    AccountSettings(Map::from_iter([
        ("DataLakeAdmins".to_owned(), administrators.into()),
        ("Parameters".to_owned(), json!({"CROSS_ACCOUNT_VERSION": "4"})),
    ]))
}

/// A lake of the account: whether it stands before, and whether it stands after.
#[derive(Clone, Copy)]
struct Life {
    before: bool,
    after: bool,
}

async fn live(line: &Slow<'_>, lake: usize, life: Life) -> Vec<Answer> {
    let properties = json!({"Administrator": role(&format!("lake-{lake}")), "OfTheLake": "true"});
    let kind = "Custom::LakeFormationSettings";
    let mut answers = Vec::new();
    line.simulation.wait_below(8_000).await;
    if !life.before {
        answers.push(answered(line, &request(kind, "Create", None, &properties)).await);
    }
    if !life.after {
        let id = format!("lake-formation-administrator:{}", role(&format!("lake-{lake}")));
        answers.push(answered(line, &request(kind, "Delete", Some(&id), &properties)).await);
    }
    answers
}

/// Lakes come and go at once. Gives who should administer and who does, and what was answered.
fn meeting(seed: u64, longest_write: u64) -> (BTreeSet<String>, BTreeSet<String>, Vec<Answer>) {
    let simulation = Simulation::new(seed);
    let lakes = 2 + simulation.below(3) as usize;
    let flip = || simulation.below(2) == 0;
    let lives: Vec<Life> = (0..lakes).map(|_| Life { before: flip(), after: flip() }).collect();
    let name = |lake: usize| role(&format!("lake-{lake}"));
    let standing = |before: bool| {
        let stands = move |life: &Life| if before { life.before } else { life.after };
        lives.iter().enumerate().filter(move |(_, life)| stands(life)).map(move |(lake, _)| name(lake))
    };
    let account = standing(true).fold(settings(), |all, lake| all.with(Office::All, &lake));
    let account = MemoryGovernance::with(account);
    let line = Slow { account: &account, simulation: &simulation, longest_write, faults: 4 };
    let tasks =
        lives.iter().enumerate().map(|(lake, life)| Box::pin(live(&line, lake, *life)) as Pin<Box<_>>);
    let answers = simulation.run(tasks.collect());
    let meant = standing(false).chain([role("ci"), role("steward")]).collect();
    let now = account.settings_now();
    assert_eq!(now.0["Parameters"], settings().0["Parameters"], "seed {seed}");
    let found = now.administrators().into_iter().map(str::to_owned).collect();
    (meant, found, answers.into_iter().flatten().collect())
}

const IN_TIME: u64 = LONGEST_REPLACE.as_millis() as u64;

#[test]
fn lakes_that_come_and_go_at_once_lose_nobody() {
    for seed in 0..6_000 {
        let (meant, found, answers) = meeting(seed, IN_TIME);
        for answer in answers {
            assert_eq!(answer.status, AnswerStatus::Success, "seed {seed}: {}", answer.reason);
        }
        assert_eq!(found, meant, "seed {seed}");
    }
}

/// The other half of the argument: a writer who takes longer than the port allows loses somebody, so
/// these meetings can find it.
#[test]
fn a_writer_who_is_too_slow_would_lose_somebody() {
    let lost = (0..1_000).filter(|seed| {
        let (meant, found, _) = meeting(*seed, 40_000);
        meant != found
    });
    assert!(lost.count() > 0);
}

fn governed() -> [(&'static str, Value); 3] {
    let grant = json!({
        "Principal": role("reader"), "Resource": {"Database": {"Name": "silver"}}, "Permissions": ["DESCRIBE"],
    });
    [
        ("Custom::LakeFormationSettings", json!({"Administrator": role("lake"), "OfTheLake": "true"})),
        (
            "Custom::LakeFormationLocation",
            json!({"Location": "arn:aws:s3:::silver", "Role": role("location")}),
        ),
        ("Custom::LakeFormationGrants", json!({"Grants": [grant]})),
    ]
}

/// Another resource of the stack fails: CloudFormation gives the Create up and deletes under an id of
/// its own, before the Create began or while it works. Whoever comes first, nothing is left.
#[test]
fn a_deletion_outlasts_the_creation_that_was_cancelled() {
    for (kind, properties) in governed() {
        for seed in 0..1_000 {
            let simulation = Simulation::new(seed);
            let account = MemoryGovernance::with(settings());
            let before = picture(&account);
            let line = Slow { account: &account, simulation: &simulation, longest_write: IN_TIME, faults: 4 };
            let later = async |verb, id: Option<&str>, longest| {
                simulation.wait_below(longest).await;
                answered(&line, &request(kind, verb, id, &properties)).await
            };
            let made_up = Some("lake-storage-Governed-1ABC");
            let answers = simulation
                .run(vec![Box::pin(later("Create", None, 100)), Box::pin(later("Delete", made_up, 15_000))]);
            let deleted = &answers[1];
            assert_eq!(deleted.status, AnswerStatus::Success, "{kind} {seed}: {}", deleted.reason);
            assert_eq!(Some(deleted.physical_resource_id.as_str()), made_up);
            assert_eq!(picture(&account), before, "{kind} seed {seed}");
        }
    }
}

/// Lambda may deliver an event twice, the second time after the rollback. The roles are gone by then,
/// and Lake Formation takes nothing for a role that does not exist.
#[test]
fn a_creation_that_comes_again_after_the_rollback_makes_nothing() {
    for (kind, properties) in governed() {
        let simulation = Simulation::new(1);
        let account = MemoryGovernance::with(settings());
        let before = picture(&account);
        let line = Slow { account: &account, simulation: &simulation, longest_write: 100, faults: 0 };
        let life = async {
            let create = request(kind, "Create", None, &properties);
            let id = answered(&line, &create).await.physical_resource_id;
            answered(&line, &request(kind, "Delete", Some(&id), &properties)).await;
            ["lake", "location", "reader"].iter().for_each(|name| account.delete_principal(&role(name)));
            answered(&line, &create).await
        };
        let again = simulation.run(vec![Box::pin(life)]).remove(0);
        assert_eq!(again.status, AnswerStatus::Failed, "{kind}");
        assert_eq!(picture(&account), before, "{kind}");
    }
}

//! The command line is killed at every call that it makes, before and after the call has worked. The
//! next command must end where an undisturbed one would have.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use support::{Account, Silent, deployment, destruction};
use tarn_deploy::{
    Artifacts, ChangeRequest, ChangeSet, Clock, Deployment, Destroyed, Destruction, Holder, Inventory, Kind,
    Lock, LockError, PortError, PortErrorKind, Report, ResourceEvent, StackState, Stacks, Thing, Who, deploy,
    destroy,
};

/// A process that makes so many calls and is dead then: from there on none reaches the account.
struct Mortal<'a> {
    account: &'a Account,
    calls: AtomicUsize,
    last: usize,
    /// Whether the last call works and only its answer is lost.
    answer_is_lost: bool,
}

impl Mortal<'_> {
    async fn call<T>(&self, work: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call < self.last {
            return work.await;
        }
        if call == self.last && self.answer_is_lost {
            work.await?;
        }
        let (doing, reason) = ("living".to_owned(), "killed".to_owned());
        Err(PortError { kind: PortErrorKind::Unknown, doing, reason, source: None })
    }

    fn died(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > self.last
    }
}

#[async_trait]
impl Stacks for Mortal<'_> {
    async fn describe(&self, name: &str) -> Result<Option<StackState>, PortError> {
        self.call(self.account.describe(name)).await
    }
    async fn list(&self) -> Result<Vec<StackState>, PortError> {
        self.call(Stacks::list(self.account)).await
    }
    async fn prepare(&self, request: &ChangeRequest) -> Result<ChangeSet, PortError> {
        self.call(self.account.prepare(request)).await
    }
    async fn discard(&self, change_set: &str) -> Result<(), PortError> {
        self.call(self.account.discard(change_set)).await
    }
    async fn continue_rollback(&self, arn: &str) -> Result<(), PortError> {
        self.call(self.account.continue_rollback(arn)).await
    }
    async fn execute(&self, change_set: &str) -> Result<(), PortError> {
        self.call(self.account.execute(change_set)).await
    }
    async fn events(&self, arn: &str, after: Option<&str>) -> Result<Vec<ResourceEvent>, PortError> {
        self.call(self.account.events(arn, after)).await
    }
    async fn validation_faults(&self, arn: &str) -> Result<Vec<ResourceEvent>, PortError> {
        self.call(self.account.validation_faults(arn)).await
    }
    async fn protect(&self, arn: &str, on: bool) -> Result<(), PortError> {
        self.call(self.account.protect(arn, on)).await
    }
    async fn delete(&self, arn: &str) -> Result<(), PortError> {
        self.call(self.account.delete(arn)).await
    }
}

#[async_trait]
impl Artifacts for Mortal<'_> {
    async fn upload_file(&self, bucket: &str, key: &str, file: &Path) -> Result<(), PortError> {
        self.call(self.account.upload_file(bucket, key, file)).await
    }
    async fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.call(self.account.read(bucket, key)).await
    }
    async fn create(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<bool, PortError> {
        self.call(self.account.create(bucket, key, bytes)).await
    }
    async fn swap(&self, b: &str, key: &str, expected: &[u8], bytes: Vec<u8>) -> Result<bool, PortError> {
        self.call(self.account.swap(b, key, expected, bytes)).await
    }
    async fn remove(&self, bucket: &str, key: &str) -> Result<(), PortError> {
        self.call(Artifacts::remove(self.account, bucket, key)).await
    }
    async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.call(self.account.write(bucket, key, bytes)).await
    }
    async fn empty(&self, bucket: &str) -> Result<(), PortError> {
        self.call(self.account.empty(bucket)).await
    }
    async fn buckets(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.call(self.account.buckets(prefix)).await
    }
}

#[async_trait]
impl Inventory for Mortal<'_> {
    async fn list(
        &self,
        kind: Kind,
        base: &str,
        known: &BTreeSet<String>,
    ) -> Result<Option<Vec<Thing>>, PortError> {
        self.call(Inventory::list(self.account, kind, base, known)).await
    }
    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, PortError> {
        self.call(self.account.tagged(tags)).await
    }
    async fn recorded(&self, arn: &str) -> Result<Vec<(String, String)>, PortError> {
        self.call(self.account.recorded(arn)).await
    }
}

#[async_trait]
impl Clock for Mortal<'_> {
    async fn sleep(&self, duration: Duration) {
        self.account.sleep(duration).await;
    }
    fn now(&self) -> u64 {
        Clock::now(self.account)
    }
}

/// What stands, but for the words that tell how it came to be.
type Standing = BTreeMap<String, (String, Vec<(String, String)>, bool)>;

fn standing(account: &Account) -> Standing {
    let stacks = account.stacks.lock().unwrap();
    let state = |(name, (state, template)): (&String, &(StackState, String))| {
        assert!(
            ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&state.status.0.as_str()),
            "{name}: {state:?}"
        );
        (name.clone(), (template.clone(), state.tags.clone(), state.protected))
    };
    stacks.iter().map(state).collect()
}

fn documents(account: &Account) -> Vec<String> {
    account.documents.lock().unwrap().keys().filter(|key| !key.starts_with("templates/")).cloned().collect()
}

async fn locked_deploy<P: Stacks + Artifacts + Clock>(
    wanted: &Deployment,
    world: &P,
) -> Result<Report, String> {
    let who = Who { caller: "a test".into(), ..Who::default() };
    let lock = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: world, clock: world };
    let report = lock.held(deploy(wanted, world, world, world, &Silent)).await;
    report.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

async fn locked_destroy<P: Stacks + Artifacts + Inventory + Clock>(world: &P) -> Result<Destroyed, String> {
    let who = Who { caller: "a test".into(), ..Who::default() };
    let lock = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: world, clock: world };
    let report = lock.held(destroy(&destruction(), world, world, world, world, &Silent)).await;
    report.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Accounts with a past, and what they are to become.
async fn past(with_lake: bool) -> Account {
    let account = Account { polls: 2, ..Account::default() };
    if with_lake {
        let mut old = deployment(&["kept", "gone"]);
        old.stacks[1].template = "other buckets".into();
        assert!(locked_deploy(&old, &account).await.unwrap().is_good());
    }
    account
}

fn wanted() -> Deployment {
    Deployment { protected: true, remove_strays: true, ..deployment(&["kept", "new"]) }
}

#[tokio::test]
async fn a_deployment_killed_at_any_call_is_finished_by_the_next() {
    for with_lake in [false, true] {
        let undisturbed = past(with_lake).await;
        assert!(locked_deploy(&wanted(), &undisturbed).await.unwrap().is_good());
        for answer_is_lost in [false, true] {
            let mut last = 0;
            loop {
                let account = past(with_lake).await;
                let mortal = Mortal { account: &account, calls: AtomicUsize::new(0), last, answer_is_lost };
                let _ = locked_deploy(&wanted(), &mortal).await;
                // The dead one's lock is free after a while.
                account.now.fetch_add(301, Ordering::Relaxed);
                let report = locked_deploy(&wanted(), &account).await.unwrap();
                assert!(report.is_good(), "killed at call {last}: {report:?}");
                assert_eq!(standing(&account), standing(&undisturbed), "killed at call {last}");
                assert_eq!(
                    documents(&account),
                    ["config/lake.json", "config/project.json", "config/stacks.json"],
                    "killed at call {last}"
                );
                if !mortal.died() {
                    break;
                }
                last += 1;
            }
            assert!(last >= 40, "only {last} calls were tried");
        }
    }
}

#[tokio::test]
async fn a_destruction_killed_at_any_call_is_finished_by_the_next() {
    for answer_is_lost in [false, true] {
        let mut last = 0;
        loop {
            let account = past(true).await;
            let mortal = Mortal { account: &account, calls: AtomicUsize::new(0), last, answer_is_lost };
            let _ = locked_destroy(&mortal).await;
            account.now.fetch_add(301, Ordering::Relaxed);
            let report = locked_destroy(&account).await.unwrap();
            assert!(report.is_good() && standing(&account).is_empty(), "killed at call {last}: {report:?}");
            if !mortal.died() {
                break;
            }
            last += 1;
        }
        assert!(last >= 20, "only {last} calls were tried");
    }
}

/// What the command line does where templates must say another thing about data first: those of the
/// stacks that stand are changed, and then everything goes.
async fn reshaped_and_destroyed<P>(world: &P) -> Result<Destroyed, String>
where
    P: Stacks + Artifacts + Inventory + Clock,
{
    let wanted = Destruction { keep_data: true, ..destruction() };
    let told = |error: PortError| error.to_string();
    let standing = tarn_deploy::standing(&wanted, world, world).await.map_err(told)?;
    let mut reshaped = Deployment { protected: true, ..deployment(&["kept", "gone"]) };
    reshaped.stacks.iter_mut().for_each(|stack| stack.template.push_str(", retained"));
    reshaped.stacks.retain(|stack| standing.can_change(&stack.name));
    if !reshaped.stacks.is_empty() && !locked_deploy(&reshaped, world).await?.is_good() {
        return Err("not reshaped".into());
    }
    let who = Who { caller: "a test".into(), ..Who::default() };
    let lock = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: world, clock: world };
    let destroyed = lock.held(destroy(&wanted, world, world, world, world, &Silent)).await;
    destroyed.map_err(|error| error.to_string())?.map_err(told)
}

/// On AWS a stack that were made anew would find the names of what was kept taken.
#[tokio::test]
async fn a_destruction_that_keeps_data_killed_at_any_call_is_finished_and_makes_nothing_anew() {
    for answer_is_lost in [false, true] {
        let mut last = 0;
        loop {
            let account = past(true).await;
            account.log();
            let mortal = Mortal { account: &account, calls: AtomicUsize::new(0), last, answer_is_lost };
            let _ = reshaped_and_destroyed(&mortal).await;
            account.now.fetch_add(301, Ordering::Relaxed);
            let destroyed = reshaped_and_destroyed(&account).await.unwrap();
            assert!(
                destroyed.is_good() && standing(&account).is_empty(),
                "killed at call {last}: {destroyed:?}"
            );
            let log = account.log();
            assert!(!log.iter().any(|line| line.starts_with("CREATE")), "killed at call {last}: {log:?}");
            if !mortal.died() {
                break;
            }
            last += 1;
        }
        assert!(last >= 40, "only {last} calls were tried");
    }
}

#[tokio::test]
async fn the_second_of_two_deployments_is_told_who_holds_the_lock() {
    let account = past(true).await;
    let who = ana();
    let first = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: &account, clock: &account };
    let second = async {
        account.now.fetch_add(180, Ordering::Relaxed);
        locked_deploy(&wanted(), &account).await.unwrap_err()
    };
    let told = first.held(second).await.unwrap();
    assert!(
        told.starts_with("ana on desk-7, process 42, has been changing this lake for 3 minutes"),
        "{told}"
    );
    assert_eq!(
        documents(&account),
        ["config/lake.json", "config/project.json", "config/stacks.json"],
        "the lock is given back"
    );
    assert!(locked_deploy(&wanted(), &account).await.unwrap().is_good());
}

fn ana() -> Who {
    Who { caller: "ana".into(), machine: "desk-7".into(), process: 42 }
}

#[tokio::test]
async fn the_lock_of_a_process_that_is_known_to_be_dead_is_free_at_once() {
    let account = past(true).await;
    let (dead, alive) = (ana(), Who { process: 43, ..ana() });
    let is_dead = |who: &Who| who.process == 42;
    let by_dead = Lock { bucket: "ops", who: &dead, is_dead, artifacts: &account, clock: &account };
    let by_living = Lock { who: &alive, ..by_dead };
    let kept = by_living.held(async { by_dead.held(async {}).await.is_err() }).await.unwrap();
    assert!(kept, "who lives keeps it");
    let taken = by_dead.held(async { by_living.held(async {}).await.is_ok() }).await.unwrap();
    assert!(taken, "who is dead does not");
}

#[tokio::test]
async fn a_beat_that_worked_and_was_denied_does_not_silence_the_next() {
    let account = past(true).await;
    let who = ana();
    let lock = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: &account, clock: &account };
    let heard = lock.held(async {
        account.swap_denies.store(true, Ordering::Relaxed);
        for _ in 0..10 {
            account.now.fetch_add(30, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
        account.documents.lock().unwrap()["locks/deploy.json"].clone()
    });
    let holder: Holder = serde_json::from_slice(&heard.await.unwrap()).unwrap();
    let silence = Clock::now(&account) - holder.heard;
    assert!(silence < 120, "nothing was heard for {silence} seconds");
}

#[tokio::test]
async fn nobody_destroys_what_somebody_deploys() {
    let account = past(true).await;
    let who = ana();
    let lock = Lock { bucket: "ops", who: &who, is_dead: |_| false, artifacts: &account, clock: &account };
    let told = lock.held(async { lock.free().await.unwrap_err() }).await.unwrap();
    assert!(matches!(told, LockError::Locked(locked) if locked.who == ana()));
    assert!(lock.free().await.is_ok());
}

/// Both have read the dead one's document before one of them writes.
#[tokio::test]
async fn of_two_that_find_a_dead_lock_in_the_same_moment_one_gets_it() {
    let account = past(true).await;
    let is_dead = |who: &Who| who.process == 42;
    let (dead, one, two) = (ana(), Who { process: 43, ..ana() }, Who { process: 44, ..ana() });
    let of = |who| Lock { bucket: "ops", who, is_dead, artifacts: &account, clock: &account };
    let document = serde_json::json!({ "who": dead, "since": 0, "heard": 0 }).to_string();
    account.write("ops", "locks/deploy.json", document.into_bytes()).await.unwrap();
    let work = || async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    let (first, second) = tokio::join!(of(&one).held(work()), of(&two).held(work()));
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|won| **won).count(), 1);
    assert!(matches!(first.and(second), Err(LockError::Locked(_))));
}

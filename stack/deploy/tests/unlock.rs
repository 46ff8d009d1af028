//! A lock is taken away only if nobody alive holds it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

mod support;

use support::Account;
use tarn_deploy::{Artifacts, Clock, Lock, LockError, Who};

fn process(process: u32) -> Who {
    Who { caller: "ana".into(), machine: "here".into(), process }
}

async fn written(account: &Account, text: String) {
    account.write("ops", "locks/deploy.json", text.into_bytes()).await.unwrap();
}

fn document(who: &Who, heard: u64) -> String {
    serde_json::json!({ "who": who, "since": heard, "heard": heard }).to_string()
}

#[tokio::test]
async fn who_is_alive_keeps_it_and_who_is_dead_does_not() {
    let account = Account { now: 1_000.into(), ..Account::default() };
    let (us, dead, quiet) = (process(1), process(42), process(43));
    let is_dead = |who: &Who| who.process == 42;
    let lock = Lock { bucket: "ops", who: &us, is_dead, artifacts: &account, clock: &account };
    assert_eq!(lock.look().await.unwrap(), None);

    let now = account.now();
    written(&account, document(&quiet, now)).await;
    let held = lock.look().await.unwrap().unwrap();
    assert_eq!(held.who(), "ana on here, process 43");
    let refused = lock.take_away(held).await.unwrap_err();
    assert!(matches!(refused, LockError::Locked(locked) if locked.who == quiet));
    assert!(lock.look().await.unwrap().is_some());

    for text in [document(&dead, now), document(&quiet, now - 400), "{\"of\": 2}".into()] {
        written(&account, text.clone()).await;
        let held = lock.look().await.unwrap().unwrap();
        assert_eq!(held.alive, None, "{text}");
        assert!(lock.take_away(held).await.unwrap(), "{text}");
        assert_eq!(lock.look().await.unwrap(), None, "{text}");
    }
}

#[tokio::test]
async fn what_changed_hands_meanwhile_is_not_taken_away() {
    let account = Account::default();
    let (us, dead, living) = (process(1), process(42), process(44));
    let is_dead = |who: &Who| who.process == 42;
    let lock = Lock { bucket: "ops", who: &us, is_dead, artifacts: &account, clock: &account };
    written(&account, document(&dead, 0)).await;
    let held = lock.look().await.unwrap().unwrap();
    written(&account, document(&living, account.now())).await;
    assert!(!lock.take_away(held).await.unwrap());
    assert_eq!(lock.look().await.unwrap().unwrap().holder.unwrap().who, living);
}

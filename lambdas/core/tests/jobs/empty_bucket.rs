//! Emptying a bucket for good.

use tarn_core::jobs::{Emptied, empty_bucket};
use tarn_core::ports::ObjectStore;
use tarn_core::testing::{FailAt, Fault, ManualClock, MemoryStore};

fn store() -> MemoryStore {
    let store = MemoryStore::new(ManualClock::default(), ["doomed".to_owned(), "other".to_owned()]);
    store.land("doomed", "a", "old").unwrap();
    store.land("doomed", "a", "new").unwrap();
    store.land("doomed", "b +%ü", "x").unwrap();
    store.delete("doomed", "b +%ü").unwrap();
    store.begin_upload("doomed").unwrap();
    store.begin_upload("doomed").unwrap();
    store.land("other", "a", "kept").unwrap();
    store
}

#[tokio::test]
async fn versions_markers_and_uploads_go_and_other_buckets_stay() {
    let store = store();
    let emptied = empty_bucket(&store, "doomed").await.unwrap();
    assert_eq!(emptied, Emptied { versions: 4, uploads: 2 });
    assert_eq!((store.versions("doomed"), store.versions("other")), (0, 1));
    assert_eq!(empty_bucket(&store, "doomed").await.unwrap(), Emptied::default());
}

#[tokio::test]
async fn a_writer_that_was_still_under_way_is_waited_for() {
    let store = store();
    store.land_after_listing("doomed", "late", "x").unwrap();
    assert_eq!(empty_bucket(&store, "doomed").await.unwrap().versions, 5);
    assert_eq!(store.versions("doomed"), 0);

    store.land_after_listing("doomed", "late", "x").unwrap();
    assert_eq!(empty_bucket(&store, "doomed").await.unwrap().versions, 1, "after an empty listing too");
    assert_eq!(store.versions("doomed"), 0);
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_empty() {
    let store = store();
    store.remove_bucket("doomed");
    assert_eq!(empty_bucket(&store, "doomed").await.unwrap(), Emptied::default());
}

#[tokio::test]
async fn a_bucket_that_goes_between_two_calls_is_empty() {
    for calls in 0.. {
        let store = store();
        store.remove_bucket_after("doomed", calls).unwrap();
        let emptied = empty_bucket(&store, "doomed").await;
        let emptied = emptied.unwrap_or_else(|error| panic!("after {calls} calls: {}", error.chain()));
        assert!(emptied.versions <= 4 && emptied.uploads <= 2, "after {calls} calls: {emptied:?}");
        assert_eq!(store.versions("other"), 1);
        if store.bucket_exists("doomed").await.unwrap() {
            assert!(calls > 4, "{calls} calls empty no bucket");
            break;
        }
    }
}

#[tokio::test]
async fn a_failure_is_told_and_a_repetition_ends_the_work() {
    for fault in Fault::ALL {
        for nth in 1.. {
            let store = store();
            let faults = FailAt::new(nth, fault);
            let first = empty_bucket(&faults.before(&store), "doomed").await;
            assert_eq!(first.is_err(), faults.has_struck(), "{fault:?} at {nth}");
            empty_bucket(&store, "doomed").await.unwrap();
            assert_eq!((store.versions("doomed"), store.versions("other")), (0, 1), "{fault:?} at {nth}");
            if !faults.has_struck() {
                break;
            }
        }
    }
}

//! The truth table of a copy, as rclone and s5cmd test theirs.

use std::time::Duration;

use tarn_core::Kind;
use tarn_core::testing::Fault;

use crate::world::World;

/// Both ways of bringing an object into a zone: as it is, and written anew.
fn worlds() -> [World; 2] {
    let mut filtered = World::new();
    filtered.except("email");
    [World::new(), filtered]
}

#[tokio::test(flavor = "multi_thread")]
async fn new() {
    for world in worlds() {
        world.put("events/part-a.parquet", "1,a@x,Bern").await;
        assert_eq!(world.pass().await.copied, 1);
        world.put("events/part-b.parquet", "2,b@x,Bern").await;
        let synced = world.pass().await;
        assert_eq!((synced.copied, synced.unchanged), (1, 1));
        assert_eq!(world.keys(), ["events/part-a.parquet", "events/part-b.parquet"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_with_the_same_size() {
    for world in worlds() {
        world.put("events/part-a.parquet", "1,a@x,Bern").await;
        world.pass().await;
        // In the same instant, and of the same size.
        world.put("events/part-a.parquet", "3,a@x,Bern").await;
        assert_eq!(world.pass().await.copied, 1);
        assert!(world.seen()["events/part-a.parquet"][0].starts_with("{id: 3"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted() {
    for world in worlds() {
        for key in ["a", "b", "c", "d"] {
            world.put(&format!("events/part-{key}.parquet"), "1,a@x,Bern").await;
        }
        world.pass().await;
        world.store.delete(&world.silver(), "events/part-b.parquet").unwrap();
        let synced = world.pass().await;
        assert_eq!((synced.copied, synced.unchanged, synced.deleted), (0, 3, 1));
        assert_eq!(world.store.versions(&world.own()), 3, "old versions are gone as well");
        assert_eq!(world.pass().await.deleted, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed() {
    for world in worlds() {
        for key in ["a", "b", "c", "d"] {
            world.put(&format!("events/part-{key}.parquet"), "1,a@x,Bern").await;
        }
        world.pass().await;
        world.store.delete(&world.silver(), "events/part-b.parquet").unwrap();
        world.put("events/part-z.parquet", "1,a@x,Bern").await;
        let synced = world.pass().await;
        assert_eq!((synced.copied, synced.deleted), (1, 1));
        assert!(world.keys().contains(&"events/part-z.parquet".to_owned()));
        assert_eq!(world.keys().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged() {
    // The lake, listings of marks and notes, the notes, the catalog; without a mark, listings of both sides.
    for (is_marked, calls) in [(true, 5), (false, 7)] {
        nothing_changes(is_marked, calls).await;
    }
}

async fn nothing_changes(is_marked: bool, calls: u32) {
    for world in worlds() {
        for number in 0..50 {
            world.put(&format!("events/part-{number}.parquet"), "1,a@x,Bern").await;
        }
        if is_marked {
            world.has_changed("events").await;
        }
        world.pass().await;
        world.clock.advance(Duration::from_secs(60));
        let versions = world.store.versions(&world.own());
        let (synced, was_called_so_often) = world.struck(calls + 1, Fault::Refused).await;
        assert_eq!(synced.unwrap().unchanged, 50);
        assert!(!was_called_so_often, "nothing is asked of a single object");
        assert_eq!(world.store.versions(&world.own()), versions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_while_it_is_copied() {
    let world = World::new();
    world.put("events/part-a.parquet", "1,a@x,Bern").await;
    let other = crate::world::parquet("2,b@x,Bern");
    world.store.land_before_copy(&world.silver(), "events/part-a.parquet", other).unwrap();
    world.pass().await;
    // What was listed is not what was copied: the next pass looks again, and then all is well.
    assert_eq!(world.pass().await.copied, 1);
    assert_eq!(world.pass().await.copied, 0);
    assert!(world.seen()["events/part-a.parquet"][0].starts_with("{id: 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_source() {
    for world in worlds() {
        world.put("events/part-a.parquet", "1,a@x,Bern").await;
        world.pass().await;
        world.store.delete(&world.silver(), "events/part-a.parquet").unwrap();
        let refused = world.try_pass().await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Invalid);
        assert!(refused.to_string().contains("looks like an accident"), "{refused}");
        assert_eq!(world.keys().len(), 1, "nothing was deleted");
        world.put("events/part-a.parquet", "1,a@x,Bern").await;
        assert!(world.try_pass().await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_gone_than_may_be() {
    for mut world in worlds() {
        for key in ["a", "b", "c", "d"] {
            world.put(&format!("events/part-{key}.parquet"), "1,a@x,Bern").await;
        }
        world.pass().await;
        for key in ["events/part-a.parquet", "events/part-b.parquet"] {
            world.store.delete(&world.silver(), key).unwrap();
        }
        world.put("events/part-z.parquet", "1,a@x,Bern").await;
        let refused = world.try_pass().await.unwrap_err().to_string();
        assert!(refused.contains("2 of 4 objects of the table events would vanish"), "{refused}");
        assert_eq!(world.keys().len(), 5, "what is new is there, and nothing is gone");
        world.zone().max_deletions = 0.5;
        assert_eq!(world.pass().await.deleted, 2);
        assert_eq!(world.keys().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted() {
    for fault in Fault::ALL {
        for filtered in [false, true] {
            for nth in 1.. {
                let world = || async {
                    let [whole, part] = worlds();
                    let world = if filtered { part } else { whole };
                    for key in ["a", "b", "c", "d", "e"] {
                        world.put(&format!("events/part-{key}.parquet"), "1,a@x,Bern 2,b@x,Bern").await;
                    }
                    world
                };
                let (struck, clean) = (world().await, world().await);
                clean.pass().await;
                let (_, came) = struck.struck(nth, fault).await;
                struck.pass().await;
                let at = format!("{fault:?} at call {nth}, filtered: {filtered}");
                assert_eq!(struck.seen(), clean.seen(), "{at}");
                assert_eq!(struck.catalog.tables(), clean.catalog.tables(), "{at}");
                assert_eq!(struck.pass().await.copied, 0, "{at}");
                if !came {
                    assert!(nth > 10, "{at}");
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_after_its_copies_it_does_not_copy_again() {
    for world in worlds() {
        for number in 0..20 {
            world.put(&format!("events/part-{number}.parquet"), "1,a@x,Bern").await;
        }
        // Nothing is noted before the end, so the notes of this pass are lost.
        let mut nth = 20;
        while world.keys().len() < 20 {
            nth += 1;
            let (result, _) = world.struck(nth, Fault::DiesBefore).await;
            assert!(result.is_err());
        }
        let versions = world.store.versions(&world.own());
        let synced = world.pass().await;
        let again = world.store.versions(&world.own()) - versions;
        assert!(synced.copied <= 4 && again as u64 == synced.copied, "{synced:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_time() {
    for world in worlds() {
        world.put("events/part-a.parquet", "1,a@x,Bern").await;
        use tarn_core::ports::Clock;
        let late = world.clock.now_millis() + 1_000;
        let error = world.pass_over(&world.store, &world.catalog, late).await.unwrap_err();
        assert_eq!(error.kind(), Kind::OutOfTime, "the state machine calls again");
        assert_eq!(world.pass().await.copied, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_thousand_keys() {
    const KEYS: usize = 200_000;
    let world = World::new();
    for number in 0..KEYS {
        world.put_bytes(&format!("events/part-{number:06}.parquet"), b"x".to_vec()).await;
    }
    assert_eq!(world.pass().await.copied, KEYS as u64);
    let begun = std::time::Instant::now();
    let synced = world.pass().await;
    assert_eq!((synced.copied, synced.unchanged), (0, KEYS as u64));
    assert!(begun.elapsed() < Duration::from_secs(10), "a pass without news took {:?}", begun.elapsed());
    world.store.delete(&world.silver(), "events/part-000007.parquet").unwrap();
    world.put_bytes("events/part-000008.parquet", b"y".to_vec()).await;
    let synced = world.pass().await;
    assert_eq!((synced.copied, synced.deleted), (1, 1));
}

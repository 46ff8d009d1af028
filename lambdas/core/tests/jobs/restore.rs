//! What a restoration gives back, what it leaves, and that no row comes twice or never after it.

use std::collections::BTreeMap;
use std::time::Duration;

use tarn_core::jobs::{BackupSet, Restore, Restored};
use tarn_core::ports::{Catalog, Ledger, ObjectStore, Registry, Right, Rights, Tags};
use tarn_core::testing::{FailAt, Fault, MemoryGovernance, names};
use tarn_core::{Kind, Record, Result, Status};
use tarn_lake::{Bucket, EnvironmentName, Governed, Grantee, Names, Permission, PrincipalArn, StackId};

use crate::backup::{account, back_up, governed, ran, right, set, silver};
use crate::govern::role;
use crate::support::{World, partitioned_lake};

fn job<'a>(world: &'a World, account: Option<&'a MemoryGovernance>) -> Restore<'a> {
    let World { names, store, ledger, catalog, .. } = world;
    let governance = account.and_then(governed);
    Restore {
        names,
        lake: None,
        store,
        ledger,
        registry: catalog,
        governance,
        same_versions: false,
        force: false,
        dry_run: false,
        progress: &|_| (),
    }
}

async fn restore(world: &World, account: Option<&MemoryGovernance>, set: &BackupSet) -> Restored {
    let done = job(world, account).run(set).await.unwrap();
    assert_eq!(done.failed, Vec::<String>::new());
    done
}

/// A lake as a deployment leaves it, with nothing in it.
fn fresh() -> World {
    World::partitioned()
}

async fn tables(world: &World) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for table in world.catalog.tables() {
        let folders = world.catalog.folders(&table.database, &table.name).await.unwrap();
        found.insert(format!("{}.{}", table.database, table.name), folders.len());
    }
    found
}

/// Every object of silver, bronze or quarantine, copied from one world to another.
fn copy_data(from: &World, to: &World, bucket: &Bucket) {
    for (key, bytes) in from.contents(bucket) {
        to.store.land(&to.names.bucket(bucket), &key, bytes).unwrap();
    }
}

fn statuses(world: &World) -> Vec<(String, Status)> {
    world.ledger.all().into_iter().map(|record| (record.key, record.status)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_lake_gets_back_what_it_had() {
    let world = ran().await;
    let account_before = account().await;
    let done = back_up(&world, Some(&account_before)).await;
    let backup = set(&world, &done.id).await;

    let new = fresh();
    // The deployment gave its crawler what it needs, under another ending.
    let after = MemoryGovernance::default();
    let crawler = role("small-test-storage-CrawlerRole-9XYZ");
    let location = Governed::Location { arn: "arn:aws:s3:::small-test-silver-123456789012-eu-west-1".into() };
    let given = [
        right(&crawler, silver(), Permission::Alter),
        right(&crawler, location, Permission::DataLocationAccess),
    ];
    after.grant(&given.clone().into()).await.unwrap();
    let dry = Restore { dry_run: true, ..job(&new, Some(&after)) }.run(&backup).await.unwrap();
    assert!(new.ledger.all().is_empty() && new.catalog.tables().is_empty(), "it was only told");
    assert_eq!(after.rights_now(), given.clone().into());

    let restored = restore(&new, Some(&after), &backup).await;
    assert_eq!(
        (&restored.tables, &restored.records, &restored.rights),
        (&dry.tables, &dry.records, &dry.rights)
    );
    assert_eq!(tables(&new).await, tables(&world).await);
    assert_eq!(new.ledger.all(), world.ledger.all());
    let analyst = right(&role("analyst"), silver(), Permission::Select);
    assert_eq!(after.rights_now(), given.into_iter().chain([analyst]).collect());
    assert_eq!(restored.lacks, Vec::<String>::new());
    assert_eq!((restored.reports.written, restored.copies, restored.reopened), (1, 0, 0));
    let report = |world: &World| world.contents(&Bucket::Ops).get("runs/run-1/report.json").cloned();
    assert_eq!(report(&new), report(&world));

    // Once more changes nothing.
    let again = restore(&new, Some(&after), &backup).await;
    let written = [&again.tables, &again.partitions, &again.rights, &again.records, &again.reports];
    assert!(written.iter().all(|kind| kind.written == 0 && kind.newer == 0), "{again:#?}");
    assert_eq!(again.records.same, restored.records.written);
    // And a backup of it says the same, but for the roles' endings.
    new.clock.advance(Duration::from_secs(60));
    let second = set(&new, &back_up(&new, Some(&after)).await.id).await;
    for part in backup.parts.keys().filter(|part| !part.starts_with("lake-formation/rights")) {
        assert_eq!(second.parts[part], backup.parts[part], "{part}");
    }
}

/// Wherever it is interrupted, the next one ends with the same.
#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_interrupted_at_every_call() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    for fault in Fault::ALL {
        for nth in 1.. {
            let new = fresh();
            let faults = FailAt::new(nth, fault);
            let (store, ledger, registry) =
                (faults.before(&new.store), faults.before(&new.ledger), faults.before(&new.catalog));
            let first = Restore { store: &store, ledger: &ledger, registry: &registry, ..job(&new, None) };
            let ended = first.run(&backup).await.is_ok();
            restore(&new, None, &backup).await;
            assert_eq!(new.ledger.all(), world.ledger.all(), "{fault:?} at {nth}");
            assert_eq!(tables(&new).await, tables(&world).await, "{fault:?} at {nth}");
            if !faults.has_struck() {
                assert!(ended && nth > 15, "{nth}");
                break;
            }
        }
    }
}

/// The buckets are the same, and the ledger was lost: nothing is converted again, what is new is.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ledger_comes_back_and_no_file_is_converted_twice() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let late = world.land("events_3.csv", "late\n");
    world.pipeline().run("run-2").await.unwrap();
    let silver = world.contents(&Bucket::Silver);
    let expected = world.ledger.all();
    for record in &expected {
        world.ledger.forget(&record.source_id);
    }
    let restored = restore(&world, None, &backup).await;
    assert_eq!((restored.records.written, restored.reopened, restored.copies), (4, 0, 0));
    let new = world.land("events_4.csv", "new\n");
    let report = world.pipeline().run("run-3").await.unwrap();
    // The one that came after the backup is converted into the object that it has; the new one is new.
    assert_eq!((report.converted.files, report.balanced), (2, true), "{report:?}");
    assert_eq!(world.record(&late).await.status, Status::Done);
    assert_eq!(world.record(&new).await.status, Status::Done);
    let now = world.contents(&Bucket::Silver);
    assert_eq!(now.len(), silver.len() + 1);
    assert!(silver.iter().all(|(key, bytes)| now[key] == *bytes), "what was there is the same");
}

/// The rows are gone and the files are there: the next run converts them into the same objects.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_lost_are_made_again() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let silver = world.contents(&Bucket::Silver);
    let lost = silver.keys().find(|key| key.starts_with("events/")).unwrap();
    world.store.delete(&world.names.bucket(&Bucket::Silver), lost).unwrap();
    let restored = restore(&world, None, &backup).await;
    assert_eq!((restored.reopened, restored.records.written, restored.records.same), (1, 1, 3));
    assert_eq!(restore(&world, None, &backup).await.records.same, 4, "the second one finds it open already");
    let report = world.pipeline().run("run-2").await.unwrap();
    assert_eq!((report.converted.files, report.landed.files), (1, 1), "{report:?}");
    assert_eq!(world.contents(&Bucket::Silver), silver);
}

/// Everything was copied into new buckets, where files have other versions.
#[tokio::test(flavor = "multi_thread")]
async fn copies_in_a_new_landing_are_not_converted_a_second_time() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let new = fresh();
    for bucket in [Bucket::Silver, Bucket::Bronze] {
        copy_data(&world, &new, &bucket);
    }
    let silver = new.contents(&Bucket::Silver);
    new.clock.advance(Duration::from_secs(1));
    // The store of the tests counts versions: these are others than those of before.
    new.land("events_0.csv", "first of all\n");
    copy_data(&world, &new, &Bucket::Landing);
    // A delivery under an old name and of an old size, with other rows.
    new.land("events_1.csv", "A\nB\n!bad\n");

    let restored = restore(&new, None, &backup).await;
    assert_eq!((restored.copies, restored.reopened), (2, 0), "{restored:#?}");
    assert_eq!(restored.perhaps_copies, Vec::<String>::new());
    let again = restore(&new, None, &backup).await;
    assert_eq!((again.copies, again.records.written), (0, 0), "{again:#?}");
    let report = new.pipeline().run("run-2").await.unwrap();
    assert!(report.balanced, "{report:?}");
    let keys = |status| {
        let all =
            new.ledger.all().into_iter().filter(move |it| it.run.as_str() == "run-2" && it.status == status);
        all.map(|it| it.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(Status::Done), ["events_0.csv", "events_1.csv"], "only what is new");
    let now = new.contents(&Bucket::Silver);
    assert!(silver.iter().all(|(key, bytes)| now[key] == *bytes));
    let rows =
        |contents: &BTreeMap<String, _>| contents.keys().filter(|key| key.starts_with("events/")).count();
    assert_eq!(rows(&now), rows(&silver) + 3, "one object for `first`, two for `A` and `B`");
    // No later run and no person has the copies converted.
    assert_eq!(new.pipeline().run("run-3").await.unwrap().landed.files, 0);
    let copy: Vec<Record> = new.ledger.all().into_iter().filter(|it| it.outcome.class == "COPY").collect();
    assert_eq!(copy.len(), 2);
    assert!(copy.iter().all(|it| it.reopened(0, "me").is_none()));
}

/// What came after the backup is in no record: silver and bronze tell of it.
#[tokio::test(flavor = "multi_thread")]
async fn copies_of_what_came_after_the_backup_are_not_converted_a_second_time() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    world.land("events_9.csv", "x\ny\n");
    assert_eq!(world.pipeline().run("run-later").await.unwrap().converted.files, 1);
    for raw_is_there in [true, false] {
        let new = fresh();
        copy_data(&world, &new, &Bucket::Silver);
        if raw_is_there {
            copy_data(&world, &new, &Bucket::Bronze);
        }
        new.clock.advance(Duration::from_secs(1));
        new.land("another", "so that versions are others");
        copy_data(&world, &new, &Bucket::Landing);
        let restored = restore(&new, None, &backup).await;
        let told = restored.lacks.iter().filter(|what| what.contains("after the backup")).count();
        assert_eq!((restored.copies, told), if raw_is_there { (3, 0) } else { (0, 1) }, "{restored:#?}");
        let report = new.pipeline().run("run-2").await.unwrap();
        assert_eq!(report.converted.files, u64::from(!raw_is_there), "{report:?}");
    }
}

/// Without raw bytes nobody can tell, so nothing is doubled and it is said.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_a_copy_is_left_out_and_named() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let new = fresh();
    copy_data(&world, &new, &Bucket::Silver);
    new.land("another", "so that versions are others");
    copy_data(&world, &new, &Bucket::Landing);
    let restored = restore(&new, None, &backup).await;
    assert_eq!(restored.perhaps_copies, ["events_1.csv", "orders/20250102.csv"]);
    let report = new.pipeline().run("run-2").await.unwrap();
    assert_eq!(report.converted.files, 0, "{report:?}");
    // Sent again, it is new.
    new.land("events_1.csv", "a\nb\n!bad\n");
    assert_eq!(new.pipeline().run("run-3").await.unwrap().converted.files, 1);
}

/// Silver was not brought back: whatever lies in landing is converted, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_landing_over_an_empty_silver_is_converted_whole() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let new = fresh();
    new.land("another", "so that versions are others");
    copy_data(&world, &new, &Bucket::Landing);
    let restored = restore(&new, None, &backup).await;
    assert_eq!((restored.copies, restored.perhaps_copies.len()), (0, 0));
    let report = new.pipeline().run("run-2").await.unwrap();
    assert_eq!((report.converted.files, report.quarantined.files), (2, 1), "{report:?}");
    assert_eq!(new.contents(&Bucket::Silver).len(), world.contents(&Bucket::Silver).len());
}

/// In a folder a file that is put back is the source that it was, and its record must not keep it out.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_whatever_has_no_rows_is_open() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let new = fresh();
    let restored = Restore { same_versions: true, ..job(&new, None) }.run(&backup).await.unwrap();
    assert_eq!(restored.reopened, 2, "{restored:#?}");
    let settled = [Status::Done, Status::Quarantined, Status::Skipped];
    let open = statuses(&new).into_iter().filter(|(_, status)| !settled.contains(status));
    assert_eq!(open.map(|(key, _)| key).collect::<Vec<_>>(), ["events_1.csv", "orders/20250102.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_stays_unless_it_is_forced() {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    // A file is converted again, and a table gets a column.
    let record = world.ledger.all().swap_remove(0);
    world.ledger.reopen(&record, 1, "ana").await.unwrap();
    world.pipeline().run("run-2").await.unwrap();
    let mut events = world.catalog.table("small_test_silver", "events").await.unwrap().unwrap();
    events.columns.push(("more".into(), "string".into()));
    world.catalog.update(&events).await.unwrap();
    let newer = world.ledger.all();

    let kept = restore(&world, None, &backup).await;
    assert_eq!((kept.tables.newer, kept.tables.same, kept.tables.written), (1, 4, 0));
    assert_eq!(kept.tables.named, ["small_test_silver.events"]);
    assert_eq!((kept.records.newer, kept.records.same), (1, 3), "{kept:#?}");
    assert_eq!(world.ledger.all(), newer);

    let forced = Restore { force: true, ..job(&world, None) }.run(&backup).await.unwrap();
    assert_eq!((forced.tables.written, forced.records.written), (1, 1), "{forced:#?}");
    assert_eq!(world.ledger.all().into_iter().find(|it| it.key == record.key), Some(record));
    let events = world.catalog.table("small_test_silver", "events").await.unwrap().unwrap();
    assert!(events.columns.iter().all(|(name, _)| name != "more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_state_is_brought_forward_by_a_newer_backup() {
    let world = ran().await;
    let older = set(&world, &back_up(&world, None).await.id).await;
    let record = world.ledger.all().swap_remove(0);
    world.ledger.reopen(&record, 1, "ana").await.unwrap();
    world.pipeline().run("run-2").await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    let newer = set(&world, &back_up(&world, None).await.id).await;
    let new = fresh();
    restore(&new, None, &older).await;
    let second = restore(&new, None, &newer).await;
    assert_eq!((second.records.written, second.records.same, second.records.newer), (1, 3, 0));
    assert_eq!(new.ledger.all(), world.ledger.all());
}

/// A lease of a worker that is long dead keeps no file from being converted.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_works_any_more() {
    let world = World::partitioned();
    world.land("events_1.csv", "a\n");
    world.pipeline().plan("run-1").await.unwrap();
    let item = world.work_list("run-1").await.swap_remove(0);
    world.die_converting(&item, 3).await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    world.ledger.forget(&item.source.id());
    let restored = restore(&world, None, &backup).await;
    assert_eq!(restored.records.written, 1);
    assert_eq!(statuses(&world), [("events_1.csv".to_owned(), Status::Leased)]);
    let report = world.pipeline().run("run-2").await.unwrap();
    assert_eq!(report.converted.files, 1, "{report:?}");
}

/// Another environment has other buckets and databases, and the same tables.
#[tokio::test(flavor = "multi_thread")]
async fn another_environment_gets_it_under_its_own_names() {
    let world = ran().await;
    let before = account().await;
    let backup = set(&world, &back_up(&world, Some(&before)).await.id).await;
    let mut lake = partitioned_lake();
    lake.environment.name = EnvironmentName::new("other").unwrap();
    let other = Names::new(lake.name.clone(), lake.environment.name.clone(), "123456789012", "eu-west-1");
    let new = World::named(other);
    new.deploy(&lake);
    let after = MemoryGovernance::default();
    let silver = Governed::Tables { database: "small_other_silver".into() };
    let crawler = right(&role("small-other-storage-CrawlerRole-2"), silver.clone(), Permission::Alter);
    after.grant(&[crawler].into()).await.unwrap();
    let restored = restore(&new, Some(&after), &backup).await;
    assert!(after.rights_now().contains(&right(&role("analyst"), silver, Permission::Select)));
    assert_eq!(restored.lacks.len(), 1, "its crawler has no location: {:?}", restored.lacks);
    let events = new.catalog.table("small_other_silver", "events").await.unwrap().unwrap();
    assert_eq!(events.location, "s3://small-other-silver-123456789012-eu-west-1/events/");
    let folders = new.catalog.folders("small_other_silver", "events").await.unwrap();
    assert!(
        folders.len() == 2 && folders.iter().all(|it| it.location.starts_with(&events.location)),
        "{folders:?}"
    );
    assert_eq!(new.ledger.all().len(), world.ledger.all().len());
}

/// A right that a newer file took from somebody does not come back with an old backup.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_means_is_the_deployments() {
    for spelled in ["arn:aws:iam::123456789012:role/Reader", "role/Reader"] {
        what_a_file_means(PrincipalArn::new(spelled).unwrap()).await;
    }
}

async fn what_a_file_means(reader: PrincipalArn) {
    let world = ran().await;
    let mut then = partitioned_lake();
    then.readers = vec![reader.clone()];
    world.deploy(&then);
    let account = account().await;
    let grants = then.grants(&StackId::Storage, &names()).into_iter();
    let meant: std::collections::BTreeSet<Right> = grants
        .filter(|grant| matches!(grant.principal, Grantee::Named(_)))
        .flat_map(|grant| {
            let resource = grant.resource.clone();
            let reader = role("Reader");
            grant.permissions.into_iter().map(move |which| right(&reader, resource.clone(), which))
        })
        .collect();
    assert!(meant.len() > 1);
    account.grant(&meant).await.unwrap();
    account.grant(&[right("IAM_ALLOWED_PRINCIPALS", silver(), Permission::All)].into()).await.unwrap();
    let backup = set(&world, &back_up(&world, Some(&account)).await.id).await;

    account.revoke(&account.rights_now()).await.unwrap();
    let crawler = right(&role("small-test-storage-CrawlerRole-9"), silver(), Permission::Alter);
    account.grant(&[crawler.clone()].into()).await.unwrap();
    world.deploy(&partitioned_lake());
    let restored = restore(&world, Some(&account), &backup).await;
    let analyst = right(&role("analyst"), silver(), Permission::Select);
    assert_eq!(account.rights_now(), [crawler, analyst].into(), "neither the reader nor whoever IAM allows");
    assert_eq!(restored.rights.newer as usize, meant.len() + 1, "{restored:#?}");

    // Where the file means it still, a deployment that failed to give it is told of.
    world.deploy(&then);
    let restored = restore(&world, Some(&account), &backup).await;
    let of_reader = restored.lacks.iter().filter(|what| what.contains("role/Reader")).count();
    assert_eq!(of_reader, meant.len(), "{:?}", restored.lacks);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_gone_keeps_nobody_else_from_their_rights() {
    let world = ran().await;
    let before = account().await;
    before.grant(&[right(&role("gone"), silver(), Permission::Select)].into()).await.unwrap();
    let backup = set(&world, &back_up(&world, Some(&before)).await.id).await;
    let after = MemoryGovernance::default();
    after
        .grant(&[right(&role("small-test-storage-CrawlerRole-9"), silver(), Permission::Alter)].into())
        .await
        .unwrap();
    after.delete_principal(&role("gone"));
    let new = fresh();
    let done = job(&new, Some(&after)).run(&backup).await.unwrap();
    assert!(done.failed.len() == 1 && done.failed[0].contains("role/gone"), "{:?}", done.failed);
    assert!(after.rights_now().contains(&right(&role("analyst"), silver(), Permission::Select)));
    assert_eq!(new.ledger.all(), world.ledger.all(), "and the rest came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_of_somebodys_own_comes_back_and_one_that_was_changed_stays() {
    let world = ran().await;
    let before = account().await;
    let column = |name: &str| tarn_core::ports::TableColumn {
        database: "small_test_silver".into(),
        table: "orders".into(),
        column: name.into(),
    };
    let values = ["high", "low"].map(str::to_owned);
    before.create_key("small_test_pii", &values.clone().into()).await.unwrap();
    before.assign("small_test_pii", "high", &[column("id"), column("total")].into()).await.unwrap();
    let backup = set(&world, &back_up(&world, Some(&before)).await.id).await;
    before.unassign("small_test_pii", "high", &[column("id")].into()).await.unwrap();
    before.assign("small_test_pii", "low", &[column("total")].into()).await.unwrap();
    let restored = restore(&world, Some(&before), &backup).await;
    assert_eq!((restored.tags.written, restored.tags.newer), (1, 1), "{restored:#?}");
    let now = before.assigned("small_test_pii", &[column("id"), column("total")].into()).await.unwrap();
    assert_eq!(now.into_values().collect::<Vec<_>>(), ["high", "low"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_of_another_lake_is_refused() -> Result<()> {
    let world = ran().await;
    let backup = set(&world, &back_up(&world, None).await.id).await;
    let mut other = partitioned_lake();
    other.name = tarn_lake::LakeName::new("other").unwrap();
    world.deploy(&other);
    let refused = job(&world, None).run(&backup).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid, "{refused}");
    // And a lake that is not deployed is none.
    world.store.delete(&world.names.bucket(&Bucket::Ops), "config/lake.json")?;
    assert_eq!(job(&world, None).run(&backup).await.unwrap_err().kind(), Kind::NotFound);
    assert!(world.store.read(&world.names.bucket(&Bucket::Ops), "config/lake.json").await.is_err());
    Ok(())
}

//! What a set of a backup holds, that it is of one moment, and which sets stay.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tarn_core::jobs::{BackedUp, Backup, BackupRequest, BackupSet, Governance, MANIFEST, StoreShelf, sets};
use tarn_core::ports::{Clock, Ledger, Right, Rights, Shelf, Tags};
use tarn_core::testing::{FailAt, Fault, MemoryGovernance, small_lake};
use tarn_core::{Kind, Result, Status};
use tarn_lake::{Backups, Bucket, Governed, Permission};

use crate::govern::role;
use crate::support::{World, partitioned_lake};

const WHOLE: BackupRequest = BackupRequest { keep_all: false };

/// All of Lake Formation.
pub fn governed(account: &MemoryGovernance) -> Option<Governance<'_>> {
    Some(Governance {
        administration: account,
        locations: account,
        rights: account,
        filters: account,
        tags: account,
    })
}

/// The job over a world, a folder's where there is no account.
pub fn job<'a>(world: &'a World, account: Option<&'a MemoryGovernance>) -> Backup<'a> {
    let World { names, store, ledger, catalog, clock, .. } = world;
    Backup { names, store, ledger, registry: catalog, governance: account.and_then(governed), clock }
}

pub async fn back_up(world: &World, account: Option<&MemoryGovernance>) -> BackedUp {
    job(world, account).run(&WHOLE, i64::MAX).await.unwrap()
}

pub fn shelf(world: &World) -> StoreShelf<'_> {
    let bucket = world.names.bucket(&Bucket::Ops);
    StoreShelf { store: &world.store, bucket, prefix: "backups/".into() }
}

pub async fn set(world: &World, id: &str) -> BackupSet {
    BackupSet::whole(&shelf(world), id).await.unwrap()
}

/// A lake that ran, with partitions, a report, a file that was refused and one of no table.
pub async fn ran() -> World {
    let world = World::partitioned();
    for (key, text) in [
        ("events_1.csv", "a\nb\n!bad\n"),
        ("events_2.csv", "BROKEN"),
        ("orders/20250102.csv", "1\n"),
        ("notes", "x"),
    ] {
        world.land(key, text);
    }
    world.pipeline().run("run-1").await.unwrap();
    world
}

pub fn right(principal: &str, resource: Governed, permission: Permission) -> Right {
    Right { principal: principal.into(), resource, permission, grantable: false }
}

pub fn silver() -> Governed {
    Governed::Tables { database: "small_test_silver".into() }
}

/// An account where the lake's crawler and a steward's analyst have rights, and somebody a right elsewhere.
pub async fn account() -> MemoryGovernance {
    let account = MemoryGovernance::default();
    let location = Governed::Location { arn: "arn:aws:s3:::small-test-silver-123456789012-eu-west-1".into() };
    let rights = [
        right(&role("small-test-storage-CrawlerRole-1ABC"), silver(), Permission::Alter),
        right(&role("small-test-storage-CrawlerRole-1ABC"), location, Permission::DataLocationAccess),
        right(&role("analyst"), silver(), Permission::Select),
        right(&role("stranger"), Governed::Database { name: "elsewhere".into() }, Permission::Describe),
    ];
    account.grant(&rights.into()).await.unwrap();
    account
}

fn lines(set: &BackupSet, part: &str) -> Vec<Value> {
    let text = String::from_utf8(set.parts[part].to_vec()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_holds_what_no_deployment_brings_back() {
    let world = ran().await;
    let account = account().await;
    account.create_key("small_test_pii", &["high".to_owned()].into()).await.unwrap();
    let column = tarn_core::ports::TableColumn {
        database: "small_test_silver".into(),
        table: "events".into(),
        column: "at".into(),
    };
    account.assign("small_test_pii", "high", &[column].into()).await.unwrap();
    let ops = world.names.bucket(&Bucket::Ops);
    let files = json!({"lake.toml": "version = 1\n", "zones/a b.toml": "# \u{fc}"}).to_string();
    world.store.land(&ops, "config/project.json", files).unwrap();

    let done = back_up(&world, Some(&account)).await;
    let set = set(&world, &done.id).await;
    let names: Vec<&str> = set.parts.keys().map(String::as_str).collect();
    let wanted = [
        "catalog/small_test_finance.jsonl",
        "catalog/small_test_marketing.jsonl",
        "catalog/small_test_silver.jsonl",
        "config/lake.json",
        "ddl/small_test_finance/events.partitions.sql",
        "ddl/small_test_finance/events.sql",
        "ddl/small_test_finance/orders.sql",
        "ddl/small_test_marketing/events.partitions.sql",
        "ddl/small_test_marketing/events.sql",
        "ddl/small_test_silver/events.partitions.sql",
        "ddl/small_test_silver/events.sql",
        "ddl/small_test_silver/orders.sql",
        "lake-formation/filters.jsonl",
        "lake-formation/rights.jsonl",
        "lake-formation/settings.json",
        "lake-formation/tags.json",
        "ledger.jsonl",
        "project/lake.toml",
        "project/zones/a b.toml",
        "runs.jsonl",
    ];
    assert_eq!(names, wanted);
    assert_eq!((done.records, done.tables, done.moving.len()), (4, 5, 0));
    assert_eq!(lines(&set, "ledger.jsonl").len(), world.ledger.all().len());
    let tables = lines(&set, "catalog/small_test_silver.jsonl");
    assert_eq!(tables[0]["partitions"].as_array().unwrap().len(), 2, "{tables:#?}");
    let rights = lines(&set, "lake-formation/rights.jsonl");
    assert_eq!(rights.len(), 3, "what is elsewhere is not ours: {rights:#?}");
    let tags: Value = serde_json::from_slice(&set.parts["lake-formation/tags.json"]).unwrap();
    assert_eq!((&tags["key"], &tags["columns"][0]["column"]), (&json!("small_test_pii"), &json!("at")));
    assert_eq!(lines(&set, "runs.jsonl")[0]["report"]["run"], "run-1");
    assert_eq!(set.parts["project/lake.toml"], "version = 1\n");
    let manifest = &set.manifest;
    assert_eq!((manifest.lake.as_str(), manifest.environment.as_str()), ("small", "test"));
    assert!(
        set.manifest.parts.iter().all(|part| part.count > 0 || part.name.contains("filters")),
        "{manifest:#?}"
    );
}

/// A ledger that somebody writes to whenever it is read, some times.
struct Busy<'a> {
    world: &'a World,
    left: std::sync::atomic::AtomicU32,
}

#[async_trait]
impl Clock for Busy<'_> {
    fn now_millis(&self) -> i64 {
        self.world.clock.now_millis()
    }
    async fn sleep(&self, duration: Duration) {
        self.world.clock.sleep(duration).await;
        self.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }
}

struct Moving<'a>(&'a Busy<'a>);

#[async_trait]
impl Ledger for Moving<'_> {
    async fn records(
        &self,
        ids: &[tarn_core::SourceId],
    ) -> Result<std::collections::HashMap<tarn_core::SourceId, tarn_core::Record>> {
        self.0.world.ledger.records(ids).await
    }
    async fn lease(&self, lease: &tarn_core::Lease) -> Result<tarn_core::Claim> {
        self.0.world.ledger.lease(lease).await
    }
    async fn settle(
        &self,
        id: &tarn_core::SourceId,
        run: &tarn_core::RunId,
        nth: u32,
        status: Status,
        outcome: &tarn_core::Outcome,
    ) -> Result<()> {
        self.0.world.ledger.settle(id, run, nth, status, outcome).await
    }
    async fn retire(&self, id: &tarn_core::SourceId, outcome: &tarn_core::Outcome) -> Result<()> {
        self.0.world.ledger.retire(id, outcome).await
    }
    async fn note(&self, record: &tarn_core::Record) -> Result<()> {
        self.0.world.ledger.note(record).await
    }
    async fn reopen(&self, record: &tarn_core::Record, now: i64, by: &str) -> Result<()> {
        self.0.world.ledger.reopen(record, now, by).await
    }
    async fn restore(&self, record: &tarn_core::Record, there: Option<&tarn_core::Record>) -> Result<()> {
        self.0.world.ledger.restore(record, there).await
    }
    /// Another file is settled meanwhile, as long as the run goes on.
    async fn select(&self, selection: &tarn_core::Selection) -> Result<Vec<tarn_core::Record>> {
        let all = self.0.world.ledger.select(selection).await?;
        if self.0.left.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            let number = all.len();
            let source = self.0.world.land(&format!("late_{number}"), "x");
            let noted = tarn_core::Record {
                source_id: source.id(),
                key: source.key,
                version: source.version,
                ..all[0].clone()
            };
            self.0.world.ledger.restore(&noted, None).await?;
        }
        Ok(all)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_waited_for_and_a_longer_one_is_told() {
    for (pauses, moving) in [(3, vec![]), (u32::MAX, vec!["ledger.jsonl".to_owned()])] {
        let world = ran().await;
        let busy = Busy { world: &world, left: pauses.into() };
        let job = Backup { ledger: &Moving(&busy), clock: &busy, ..job(&world, None) };
        let done = job.run(&WHOLE, i64::MAX).await.unwrap();
        assert_eq!(done.moving, moving, "{done:?}");
        let set = set(&world, &done.id).await;
        assert_eq!(set.manifest.moving, moving);
    }
    // Who has no time left makes what can be made.
    let world = ran().await;
    let busy = Busy { world: &world, left: u32::MAX.into() };
    let before = world.clock.now_millis();
    let job = Backup { ledger: &Moving(&busy), clock: &busy, ..job(&world, None) };
    assert_eq!(job.run(&WHOLE, before + 1_000).await.unwrap().moving.len(), 1);
    assert_eq!(world.clock.now_millis(), before, "nobody waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_no_rights_at_all_makes_no_backup() {
    let world = ran().await;
    let blind = MemoryGovernance::default();
    let refused = job(&world, Some(&blind)).run(&WHOLE, i64::MAX).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::AccessDenied, "{refused}");
    assert!(sets(&shelf(&world)).await.unwrap().is_empty());
}

/// Whatever call fails, what stands is a good set or none.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_dies_is_none() {
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = ran().await;
            let faults = FailAt::new(nth, fault);
            let (store, ledger, registry) =
                (faults.before(&world.store), faults.before(&world.ledger), faults.before(&world.catalog));
            let job = Backup { store: &store, ledger: &ledger, registry: &registry, ..job(&world, None) };
            let done = job.run(&WHOLE, i64::MAX).await;
            for listed in sets(&shelf(&world)).await.unwrap() {
                assert!(listed.manifest.is_some(), "{fault:?} at {nth}: {listed:?}");
                set(&world, &listed.id).await;
            }
            if !faults.has_struck() {
                assert!(done.is_ok() && nth > 30, "{nth}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_the_same_moment_do_not_mix_their_parts() {
    let world = ran().await;
    let first = back_up(&world, None).await;
    let second = job(&world, None).run(&WHOLE, i64::MAX).await.unwrap_err();
    assert_eq!(second.kind(), Kind::Conflict, "{second}");
    set(&world, &first.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named() {
    let world = ran().await;
    let done = back_up(&world, None).await;
    let place = shelf(&world);
    let key = |part: &str| format!("{}/{part}", done.id);
    let whole = set(&world, &done.id).await;
    let mut flipped = whole.parts["ledger.jsonl"].to_vec();
    flipped[7] ^= 1;
    place.write(&key("ledger.jsonl"), flipped.into()).await.unwrap();
    place.write(&key("runs.jsonl"), whole.parts["runs.jsonl"].slice(1..)).await.unwrap();
    let gone = "ddl/small_test_silver/events.sql";
    let ops = world.names.bucket(&Bucket::Ops);
    world.store.delete(&ops, &format!("backups/{}", key(gone))).unwrap();

    let read = BackupSet::read(&place, &done.id).await.unwrap();
    let broken: BTreeMap<&str, &str> =
        read.broken.iter().map(|it| (it.part.as_str(), it.why.as_str())).collect();
    assert_eq!(broken.keys().copied().collect::<Vec<_>>(), [gone, "ledger.jsonl", "runs.jsonl"]);
    assert_eq!(broken[gone], "it is missing");
    assert!(broken["ledger.jsonl"].contains("not those that were written"), "{broken:?}");
    assert!(broken["runs.jsonl"].contains("bytes, and"), "{broken:?}");
    let refused = BackupSet::whole(&place, &done.id).await.unwrap_err();
    assert!(
        [gone, "ledger.jsonl", "runs.jsonl"].iter().all(|part| refused.chain().contains(part)),
        "{refused}"
    );
}

/// No single change of a manifest is believed, and no name in one leads out of the set.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_is_believed_as_it_was_written_only() {
    let world = ran().await;
    let done = back_up(&world, None).await;
    let (place, key) = (shelf(&world), format!("{}/{MANIFEST}", done.id));
    let text = place.read(&key).await.unwrap();
    let mut tried = 0;
    for at in (0..text.len()).step_by(37) {
        let mut changed = text.to_vec();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        place.write(&key, changed.into()).await.unwrap();
        let refused = BackupSet::read(&place, &done.id).await;
        // Between the words of JSON nothing is said.
        if text[at].is_ascii_whitespace() && refused.is_ok() {
            continue;
        }
        assert_eq!(refused.unwrap_err().kind(), Kind::Invalid, "byte {at}");
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
    let listed = sets(&place).await.unwrap();
    assert!(listed[0].fault.is_some() && listed[0].manifest.is_none(), "{listed:?}");
    assert_eq!(BackupSet::read(&place, "20200101T000000000Z").await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_stay_and_what_was_never_finished_goes_when_it_is_old() {
    let world = World::new();
    let mut lake = partitioned_lake();
    lake.environment.backup = Backups { keep: 2 };
    world.deploy(&lake);
    world.land("events_1.csv", "a\n");
    world.pipeline().run("run-1").await.unwrap();
    let ops = world.names.bucket(&Bucket::Ops);
    world.store.land(&ops, "backups/20200101T000000000Z/ledger.jsonl", "torn").unwrap();
    world.store.land(&ops, "backups/somebody/notes.txt", "a stranger's").unwrap();
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(back_up(&world, None).await.id);
        world.clock.advance(Duration::from_secs(7 * 86_400));
    }
    let there = |world: &World| -> Vec<String> {
        let keys = world.contents(&Bucket::Ops).into_keys();
        let mut ids: Vec<String> = keys
            .filter_map(|key| Some(key.strip_prefix("backups/")?.split_once('/')?.0.to_owned()))
            .collect();
        ids.dedup();
        ids
    };
    assert_eq!(there(&world), [&made[1..], &["somebody".to_owned()]].concat());

    // Where nobody may delete, it is told only.
    let told = job(&world, None).run(&BackupRequest { keep_all: true }, i64::MAX).await.unwrap();
    assert_eq!((&told.too_many, told.removed), (&vec![made[1].clone()], false));
    assert_eq!(there(&world).len(), 4);
    // A broken one is no good one, and is not removed in the place of a good one.
    let manifest = format!("backups/{}/{MANIFEST}", told.id);
    world.store.land(&ops, &manifest, "{}").unwrap();
    world.clock.advance(Duration::from_secs(60));
    let last = back_up(&world, None).await;
    assert_eq!(last.too_many, [made[1].clone()]);
    let ids = there(&world);
    assert!(ids.contains(&last.id) && ids.contains(&made[2]) && ids.contains(&told.id), "{ids:?}");
    assert_eq!(small_lake().environment.backup.keep, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_elsewhere_is_the_same_set() {
    let world = ran().await;
    let done = back_up(&world, None).await;
    let landing = world.names.bucket(&Bucket::Quarantine);
    let elsewhere = StoreShelf { store: &world.store, bucket: landing, prefix: "copies/".into() };
    let whole = set(&world, &done.id).await;
    whole.copy_to(&elsewhere).await.unwrap();
    assert_eq!(BackupSet::whole(&elsewhere, &done.id).await.unwrap(), whole);
    let listed = sets(&elsewhere).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [done.id.as_str()]);
}

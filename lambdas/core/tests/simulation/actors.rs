//! Who acts in the simulation: whoever sends files, and executions of the state machine with their
//! invocations. The jobs are the real ones.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Mutex;

use futures::future::join_all;
use serde::de::DeserializeOwned;
use tarn_core::jobs::{
    Account, Commit, Convert, Ends, Janitor, JanitorRequest, PlanRun, RunRequest, SyncZone,
};
use tarn_core::ports::ObjectStore;
use tarn_core::testing::{LineConverter, MemoryScratch, SameFile};
use tarn_core::{Error, Kind, Portions, Result, RunId, RunKeys, TableItem, Work, ZoneItem};
use tarn_lake::Bucket;

use crate::ports::{Bug, Forgetful, Late, Store, Turns, Watched};
use crate::scheduler::{Role, Spawner, turn};
use crate::world::World;
use tarn_core::testing::Dice;

/// A file of six rows is large, and has a range for every other.
const PORTIONS: Portions =
    Portions { group_files: 3, group_bytes: 1 << 20, split_from_bytes: 16, range_bytes: 7 };

/// How often the state machine calls for one thing.
const TRIES: usize = 3;

type Job<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// What an execution works with.
#[derive(Clone)]
pub struct Stage {
    pub world: Rc<World>,
    pub spawner: Spawner,
    pub dice: Rc<RefCell<Dice>>,
    /// The key that most files are sent under.
    pub favourite: &'static str,
    /// How many times in a thousand looks an execution gives an invocation up that lives on.
    pub impatience: usize,
}

/// Keys of all tables. Where a second version is another thing than a second file, there is one.
pub const KEYS: [&str; 9] = [
    "events_a.csv",
    "events_b.csv",
    "orders/20240102.csv",
    "orders/20250102.csv",
    "nobody.txt",
    "events_c.csv",
    "stock.csv",
    "prices.csv",
    "bills.csv",
];

/// Sends files, one after the other, every other one under the same key.
pub async fn sender(stage: Stage, files: usize) {
    for number in 0..files {
        let (key, kind) = {
            let mut dice = stage.dice.borrow_mut();
            let key = if dice.happens(500) { stage.favourite } else { KEYS[dice.below(KEYS.len())] };
            (key, dice.below(10))
        };
        let text = match kind {
            0 => String::new(),
            1 => format!("BROKEN {number}\n"),
            2 => format!("{number}-a\n!{number}-bad\n{number}-b\n"),
            // Rows may be the same in two files; both deliveries count.
            3 => "again\nagain\n".to_owned(),
            // Large enough to be converted in parts.
            4 | 5 => (0..4 + number).map(|row| format!("{number}-{row}\n")).collect(),
            6 => format!("{number}-a\n!{number}-bad\n").repeat(3),
            7 => format!("BROKEN {number}\n").repeat(3),
            _ => format!("{number}-a\n{number}-b\n"),
        };
        stage.world.send(key, text);
        if stage.dice.borrow_mut().happens(100) {
            stage.world.delete(key);
        }
        let pause = stage.dice.borrow_mut().below(60);
        for _ in 0..pause {
            turn().await;
        }
    }
}

/// One execution of the state machine, in its order: a file that cannot be converted stops nothing,
/// and whatever fails after the plan, the account is made.
pub async fn execution(stage: Stage, run: RunId) {
    let request = RunRequest { run: run.clone() };
    if stage.invoked(|| stage.plan(&request)).await.is_none() {
        return;
    }
    let keys = RunKeys(&run);
    for list in [keys.surveys(), keys.work(), keys.gathers()] {
        let work: Vec<Work> = stage.list(&list).await;
        join_all(work.iter().map(|work| stage.invoked(|| stage.convert(work)))).await;
    }
    let tables: Vec<TableItem> = stage.list(&keys.tables()).await;
    let committed = join_all(tables.iter().map(|item| stage.invoked(|| stage.commit(item)))).await;
    if committed.iter().all(Option::is_some) {
        let zones: Vec<ZoneItem> = stage.list(&keys.zones()).await;
        join_all(zones.iter().map(|item| stage.invoked(|| stage.sync(item)))).await;
    }
    stage.invoked(|| stage.account(&request)).await;
}

impl Stage {
    /// Calls for a job until it answers, as often as the state machine does. Who is called may die, or
    /// be given up and live on.
    async fn invoked<T: 'static>(&self, job: impl Fn() -> Job<T>) -> Option<T> {
        for _ in 0..TRIES {
            let answer: Rc<RefCell<Option<Option<T>>>> = Rc::default();
            let (told, buried) = (Rc::clone(&answer), Rc::clone(&answer));
            let on_death = Rc::new(move || *buried.borrow_mut() = Some(None));
            let (job, world) = (job(), Rc::clone(&self.world));
            self.spawner.spawn(Role::Invocation, on_death, async move {
                let ended = job.await;
                if let Err(error) = &ended {
                    told_of(&world, error);
                }
                *told.borrow_mut() = Some(ended.ok());
            });
            loop {
                turn().await;
                match answer.borrow_mut().take() {
                    Some(Some(done)) => return Some(done),
                    Some(None) => break,
                    None if self.dice.borrow_mut().happens(self.impatience) => break,
                    None => {}
                }
            }
        }
        None
    }

    /// What the state machine reads itself.
    async fn list<T: DeserializeOwned>(&self, key: &str) -> Vec<T> {
        let bytes = self.world.store.read(&self.world.names.bucket(&Bucket::Ops), key).await.unwrap();
        serde_json::Deserializer::from_slice(&bytes).into_iter().map(|item| item.unwrap()).collect()
    }

    fn plan(&self, request: &RunRequest) -> Job<()> {
        let (world, request) = (Rc::clone(&self.world), request.clone());
        Box::pin(async move {
            let late = Late::default();
            let (store, ledger) = (world.store_for(&late), world.ledger_for(&late));
            let (names, clock, portions) = (&world.names, &world.clock, PORTIONS);
            let job = PlanRun { names, store: &store, ledger: &ledger, clock, portions };
            job.run(&request.run.into()).await.map(|_| ())
        })
    }

    fn convert(&self, work: &Work) -> Job<()> {
        let (world, work) = (Rc::clone(&self.world), work.clone());
        Box::pin(async move {
            let late = Late::default();
            let (store, ledger) = (world.store_for(&late), world.ledger_for(&late));
            let (names, clock) = (&world.names, &world.clock);
            let (scratch, converter) = (&MemoryScratch, &LineConverter);
            let job = Convert { names, store: &store, ledger: &ledger, clock, scratch, converter };
            job.call(&work, world.deadline_millis()).await.map(|_| ())
        })
    }

    fn commit(&self, item: &TableItem) -> Job<()> {
        let (world, item) = (Rc::clone(&self.world), item.clone());
        Box::pin(async move {
            let late = Late::default();
            let (store, catalog) = (world.store_for(&late), Turns(&world.catalog));
            Commit { names: &world.names, store: &store, catalog: &catalog }.run(&item).await.map(|_| ())
        })
    }

    fn sync(&self, item: &ZoneItem) -> Job<()> {
        let (world, item) = (Rc::clone(&self.world), item.clone());
        Box::pin(async move {
            let late = Late::default();
            let (store, catalog) = (world.store_for(&late), Turns(&world.catalog));
            let job = SyncZone {
                names: &world.names,
                zone: &item.zone,
                store: &store,
                catalog: &catalog,
                clock: &world.clock,
                scratch: &MemoryScratch,
                projector: &SameFile,
            };
            job.run(&item, world.deadline_millis()).await.map(|_| ())
        })
    }

    /// The janitor, once, whatever else is under way.
    pub fn sweep(&self) {
        let world = Rc::clone(&self.world);
        self.spawner.spawn(Role::Invocation, Rc::new(|| {}), async move {
            let late = Late::default();
            let (store, ledger, catalog) =
                (world.store_for(&late), world.ledger_for(&late), Turns(&world.catalog));
            let (names, clock) = (&world.names, &world.clock);
            let ledger = Forgetful { forgets: world.bug == Some(Bug::SweepsOpen), inner: &ledger };
            let catalog = Some(&catalog as _);
            let job = Janitor { names, store: &store, ledger: &ledger, catalog, clock };
            if let Err(error) = job.run(&JanitorRequest::default()).await {
                told_of(&world, &error);
            }
        });
    }

    fn account(&self, request: &RunRequest) -> Job<()> {
        let (world, request) = (Rc::clone(&self.world), request.clone());
        Box::pin(async move {
            let late = Late::default();
            let (store, ledger) = (world.store_for(&late), world.ledger_for(&late));
            let (names, clock) = (&world.names, &world.clock);
            let ends = Ends::in_an_account();
            let job = Account { names, store: &store, ledger: &ledger, clock, ends: &ends };
            let report = job.run(&request).await?;
            let mut reports = world.reports.borrow_mut();
            // A second try of an account replaces the first one's report.
            reports.retain(|other| other.run != report.run);
            reports.push(report);
            Ok(())
        })
    }
}

impl World {
    fn store_for<'a>(&'a self, late: &'a Late) -> Store<'a> {
        let Self { store, silver, bug, written, sent, broken, .. } = self;
        Store { inner: store, silver, bug: *bug, late, written, sent, broken }
    }

    fn ledger_for<'a>(&'a self, late: &'a Late) -> Watched<'a> {
        let Self { ledger, store, silver, settled, broken, bug, .. } = self;
        Watched { inner: ledger, bug: *bug, store, silver, late, settled, broken }
    }
}

/// Errors that no crash and no neighbour explains.
fn told_of(world: &World, error: &Error) {
    if matches!(error.kind(), Kind::Invalid | Kind::Internal) {
        let broken: &Mutex<_> = &world.broken;
        broken.lock().unwrap().insert(error.chain());
    }
}

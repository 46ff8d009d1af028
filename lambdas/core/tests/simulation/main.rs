//! A deterministic simulation of the pipeline: the real jobs over the stand-ins, while dice decide who
//! goes next, who dies, whose lease runs out and who is given up and lives on. In the end every row of
//! every file must be there once, and every account must balance.
//!
//! A seed is a schedule. One that fails is played again with `TARN_SIMULATION=SEED`; how many are
//! played, with `TARN_SIMULATIONS=COUNT`, which is 100,000 in `scripts/test`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]
#![allow(clippy::disallowed_methods, reason = "a seed comes from outside; no job sees it")]

mod actors;
mod ports;
mod scheduler;
mod world;

use std::cell::RefCell;
use std::rc::Rc;

use tarn_core::RunId;
use tarn_core::testing::Dice;

use actors::{KEYS, Stage, execution, sender};
use ports::Bug;
use scheduler::{Role, Scheduler};
use world::{PAST_EVERY_AGE, PAST_EVERY_LEASE, World};

/// A few seconds.
const SCHEDULES: u64 = 2_000;

/// More than any schedule takes.
const MOST_STEPS: usize = 200_000;

/// More than any schedule takes: two, and one for each broken version of a key whose turn comes only
/// when another was found to be broken.
const MOST_SWEEPS: usize = 12;

/// What dice may do to one schedule.
struct Plan {
    files: usize,
    runs: usize,
    deaths: usize,
    leaps: usize,
}

struct Play {
    world: Rc<World>,
    scheduler: Scheduler,
    stage: Stage,
    started: usize,
}

impl Play {
    fn new(seed: u64, bug: Option<Bug>) -> (Self, Plan) {
        let mut dice = Dice::of(seed);
        let plan = Plan {
            files: 1 + dice.below(5),
            runs: 1 + dice.below(3),
            deaths: dice.below(5),
            leaps: dice.below(3),
        };
        let world = Rc::new(World::new(bug));
        let impatience = [0, 5, 40][dice.below(3)];
        // Those that come often are of tables where that is another thing than more files.
        let favourite =
            KEYS[KEYS.len() - 1 - dice.below(if seed.is_multiple_of(6) { 3 } else { KEYS.len() })];
        let scheduler = Scheduler::new(dice.clone());
        let stage = Stage {
            world: Rc::clone(&world),
            spawner: scheduler.spawner.clone(),
            dice: Rc::new(RefCell::new(dice)),
            favourite,
            impatience,
        };
        (Self { world, scheduler, stage, started: 0 }, plan)
    }

    fn start_run(&mut self, stage: Stage) {
        self.started += 1;
        let run = RunId::new(format!("run-{}", self.started)).unwrap();
        self.scheduler.spawner.spawn(Role::Execution, Rc::new(|| {}), execution(stage, run));
    }

    /// Everything that goes wrong goes wrong here.
    fn disturbed(&mut self, plan: Plan) {
        let Plan { files, mut runs, mut deaths, mut leaps } = plan;
        self.scheduler.spawner.spawn(Role::Sender, Rc::new(|| {}), sender(self.stage.clone(), files));
        for _ in 0..MOST_STEPS {
            let dice = &mut self.scheduler.dice;
            if runs > 0 && dice.happens(15) {
                runs -= 1;
                self.start_run(self.stage.clone());
            } else if deaths > 0 && dice.happens(8) {
                let role = if dice.happens(200) { Role::Execution } else { Role::Invocation };
                deaths -= usize::from(self.scheduler.kill(role));
            } else if leaps > 0 && dice.happens(6) {
                leaps -= 1;
                self.world.clock.advance(PAST_EVERY_LEASE);
            } else if dice.happens(3) {
                // Whoever stood still for so long may go on while the janitor looks at what it left.
                self.world.clock.advance(PAST_EVERY_AGE);
                self.stage.sweep();
            } else if !self.scheduler.step() && runs == 0 {
                return;
            }
        }
        panic!("a schedule did not end in {MOST_STEPS} steps");
    }

    /// What a janitor finds once all is settled, and an object that no source ever had.
    fn cleaned(&mut self) {
        self.world.leave_an_orphan();
        self.world.clock.advance(PAST_EVERY_AGE);
        let mut alone = Scheduler::new(self.scheduler.dice.clone());
        Stage { spawner: alone.spawner.clone(), ..self.stage.clone() }.sweep();
        alone.run_out();
    }

    /// Runs alone on the stage, until nothing is new.
    fn swept(&mut self) {
        for sweep in 0..MOST_SWEEPS {
            if sweep >= 2 && self.world.is_at_rest() {
                break;
            }
            self.world.clock.advance(PAST_EVERY_LEASE);
            let mut alone = Scheduler::new(self.scheduler.dice.clone());
            let stage = Stage { spawner: alone.spawner.clone(), impatience: 0, ..self.stage.clone() };
            self.started += 1;
            let run = RunId::new(format!("sweep-{}", self.started)).unwrap();
            alone.spawner.spawn(Role::Execution, Rc::new(|| {}), execution(stage, run));
            alone.run_out();
        }
    }
}

/// Plays one schedule and judges how it ends.
fn play(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let (mut play, plan) = Play::new(seed, bug);
    // In every sixth schedule something has its place before anything goes wrong, and shall lose it.
    if seed.is_multiple_of(6) {
        play.world.send(play.stage.favourite, "early\nearlier\n".into());
        play.swept();
        play.world.send(play.stage.favourite, "middle\n".into());
    }
    // In every third schedule some who are under way stand still, and go on when all is done.
    if seed.is_multiple_of(3) {
        let files = plan.files;
        play.scheduler.spawner.spawn(Role::Sender, Rc::new(|| {}), sender(play.stage.clone(), files));
        play.start_run(play.stage.clone());
        for _ in 0..play.scheduler.dice.below(300) {
            play.scheduler.step();
        }
        play.world.send(play.stage.favourite, "late\nlater\n".into());
        play.swept();
        play.scheduler.run_out();
    } else {
        play.disturbed(plan);
    }
    play.swept();
    play.cleaned();
    play.world.judge()
}

fn schedules() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match number("TARN_SIMULATION") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TARN_SIMULATIONS").unwrap_or(SCHEDULES),
    }
}

#[test]
fn every_schedule_ends_with_each_row_once_and_balanced_accounts() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let failed = std::thread::scope(|scope| {
        let worker = |nth: u64| {
            scope.spawn(move || {
                let mine = schedules().filter(|seed| seed % threads == nth);
                mine.filter_map(|seed| play(seed, None).err().map(|what| (seed, what))).next()
            })
        };
        let workers: Vec<_> = (0..threads).map(worker).collect();
        workers.into_iter().find_map(|worker| worker.join().unwrap())
    });
    if let Some((seed, what)) = failed {
        panic!("schedule {seed} (TARN_SIMULATION={seed}): {what}");
    }
}

/// After how many schedules a planted bug shows.
fn found_after(bug: Bug) -> Option<(u64, String)> {
    (0..20_000).find_map(|seed| play(seed, Some(bug)).err().map(|what| (seed, what)))
}

#[test]
fn planted_bugs_are_found() {
    for (bug, sign) in [
        (Bug::MarkBeforeWrite, "the rows in silver"),
        (Bug::RandomNames, "the rows in silver"),
        (Bug::NoFencing, ""),
        (Bug::NoLease, ""),
        (Bug::SweepsOpen, ""),
        (Bug::MissingParts, ""),
        (Bug::HeldAgainstNothing, ""),
        (Bug::OldestWins, ""),
        (Bug::Unannounced, "the rows in silver"),
    ] {
        let (seed, what) = found_after(bug).unwrap_or_else(|| panic!("{bug:?} was not found"));
        assert!(what.contains(sign), "{bug:?}, schedule {seed}: {what}");
    }
}

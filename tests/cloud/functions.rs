//! The functions' processes are killed while they work, each before its first write, between two, and after
//! its last; the run and the next ones end with what one undisturbed run makes, byte for byte.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tarn_tests::python;

use crate::between::{Between, Call, Rule, functions};
use crate::lake::LocalLake;

const HEADER: &str = "timestamp,visitorid,event,itemid,transactionid\n";
/// Files of a delivery; they share a call of Convert.
const FILES: usize = 4;

const FUNCTIONS: [&str; 7] =
    ["plan-run", "convert", "commit", "sync-marketing", "sync-recommender", "run-crawlers", "account"];

/// Where a process of a handler dies.
#[derive(Clone, Copy)]
struct Point {
    handler: &'static str,
    /// What stands in the call, in this order.
    call: &'static [&'static str],
    /// The how many such call of the process it is.
    nth: usize,
    /// Whether the call is carried out.
    done: bool,
    /// How many processes die there.
    times: usize,
}

const fn before(handler: &'static str, call: &'static [&'static str]) -> Point {
    Point { handler, call, nth: 1, done: false, times: 1 }
}

const fn after(handler: &'static str, call: &'static [&'static str]) -> Point {
    Point { done: true, ..before(handler, call) }
}

const TABLE: &[&str] = &["Table", "\"events\""];
const COPY: &[&str] = &["PUT /retail-kill-marketing-", "/events/"];
const LEASE: &[&str] = &["UpdateItem", ":leased"];

/// Each delivery is taken by a run in which processes die at these points. The last one's run loses every worker
/// that has begun, so it gives its files up, and the run after it takes them.
const ROUNDS: [&[Point]; 4] = [
    &[
        before("plan-run", &["PUT ", "/lake.json"]),
        before("convert", LEASE),
        before("commit", TABLE),
        before("sync", COPY),
        before("run-crawlers", &["StartCrawler"]),
        before("account", &["PUT ", "/report.json"]),
    ],
    &[
        after("plan-run", &["PUT ", "/plan.json"]),
        after("convert", &["PUT /retail-kill-silver-"]),
        after("commit", TABLE),
        after("sync", COPY),
        after("run-crawlers", &["StartCrawler"]),
        after("account", &["PUT ", "/report.json"]),
    ],
    &[
        after("plan-run", &["PUT ", "/crawlers.jsonl"]),
        Point { nth: FILES, ..after("convert", &["UpdateItem", "outcome = :outcome"]) },
        after("commit", &["BatchCreatePartition"]),
        after("sync", &["PUT /retail-kill-ops-", "/zones/marketing/events.json"]),
        Point { nth: 2, ..after("run-crawlers", &["GetCrawler"]) },
        after("account", &["PUT ", "/tables/runs/"]),
    ],
    &[Point { times: usize::MAX, ..after("convert", LEASE) }],
];

/// Deliveries arrive, and in each run over them functions die.
pub fn die_and_the_next_run_makes_it_good(lake: &LocalLake) {
    waits_are_short(lake);
    let killer = Arc::new(Killer::default());
    let between = {
        let killer = Arc::clone(&killer);
        let rule: Arc<Rule> = Arc::new(move |call, forward| killer.judge(call, forward));
        Between::stand(lake, &FUNCTIONS, rule)
    };
    for (round, points) in ROUNDS.into_iter().enumerate() {
        deliver(lake, round);
        killer.aim(lake, points);
        // A run that gave a file up says so by its status.
        let ran = lake.project.tarn(&["run", "--local", "--json"]);
        killer.has_struck(round);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        assert_eq!(report["balanced"], true, "round {round}: {report:#}");
        assert_eq!(report["landed"]["files"], FILES, "round {round}: {report:#}");
        let failed = if round + 1 < ROUNDS.len() { 0 } else { FILES };
        assert_eq!(report["failed"]["files"], failed, "round {round}: {report:#}");
    }
    killer.aim(lake, &[]);
    let report = lake.run();
    assert_eq!(report["converted"]["files"], FILES, "what was given up is taken again: {report:#}");
    assert_eq!(lake.run()["landed"]["files"], 0, "nothing is left open");
    drop(between);

    let rows = (ROUNDS.len() * FILES * 100) as u64;
    assert_eq!((lake.count("events", None), lake.count("events", Some("marketing"))), (rows, rows));
    fs::create_dir_all(lake.project.path("clean")).unwrap();
    std::os::unix::fs::symlink(lake.project.path("deliveries"), lake.project.path("clean/landing")).unwrap();
    let clean = lake.project.json(&["run", "--dir", "clean"]);
    assert_eq!(clean["converted"]["files"], ROUNDS.len() * FILES, "{clean:#}");
    assert_eq!(lake.same_silver("clean")["objects"], ROUNDS.len() * FILES);
}

/// Every delivery has a folder of its own, so that Commit has partitions to register.
fn deliver(lake: &LocalLake, round: usize) {
    for file in 0..FILES {
        let number = round * FILES + file;
        let row = |row: usize| format!("14332213{:05},{number},view{round},{row},\n", number * 100 + row);
        let rows: String = (0..100).map(row).collect();
        lake.project.write(&format!("deliveries/events_{number:03}.csv"), format!("{HEADER}{rows}"));
    }
    assert_eq!(lake.push("deliveries"), FILES);
}

/// Who dies where, and what has happened.
#[derive(Default)]
struct Killer {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Points, and how often each may still strike.
    points: Vec<(Point, usize)>,
    /// How often a process came by a point.
    seen: HashMap<(u32, usize), usize>,
    /// What was called, for who reads a failure.
    calls: Vec<String>,
}

impl Killer {
    fn aim(&self, lake: &LocalLake, points: &[Point]) {
        // What is idle from the run before would serve the next one without being counted anew.
        functions(&lake.endpoint).iter().for_each(|(process, _)| kill(*process));
        let points = points.iter().map(|point| (*point, point.times)).collect();
        *self.state.lock().unwrap() = State { points, ..State::default() };
    }

    fn judge(&self, call: &Call, forward: &dyn Fn() -> Vec<u8>) -> Option<Vec<u8>> {
        let Some(point) = self.strikes(call) else { return Some(forward()) };
        if point.done {
            forward();
        }
        kill(call.process);
        None
    }

    fn strikes(&self, call: &Call) -> Option<Point> {
        let mut state = self.state.lock().unwrap();
        let State { points, seen, calls } = &mut *state;
        calls.push(format!("{} {}", call.handler, call.text.chars().take(160).collect::<String>()));
        let at = points.iter().position(|(point, left)| *left > 0 && point.is_at(call))?;
        let times = seen.entry((call.process, at)).or_default();
        *times += 1;
        let (point, left) = &mut points[at];
        (*times == point.nth).then(|| {
            *left -= 1;
            *point
        })
    }

    fn has_struck(&self, round: usize) {
        let state = self.state.lock().unwrap();
        let missed = state.points.iter().filter(|(point, left)| *left > 0 && *left == point.times);
        let missed: Vec<_> = missed.map(|(point, _)| (point.handler, point.call)).collect();
        assert!(missed.is_empty(), "round {round}: nobody came by {missed:?}:\n{}", state.calls.join("\n"));
    }
}

impl Point {
    fn is_at(&self, call: &Call) -> bool {
        let mut rest = call.text.as_str();
        let has = |word: &&str| match rest.find(word) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        };
        call.handler == self.handler && self.call.iter().all(has)
    }
}

/// A run waits up to ten seconds before it calls again what died.
fn waits_are_short(lake: &LocalLake) {
    let set = python("waits.py", &[&lake.endpoint, "0.1"]);
    assert_eq!(set.code, 0, "{}", set.stderr);
}

fn kill(process: u32) {
    // It may have ended by itself.
    let _ = Command::new("kill").args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
}

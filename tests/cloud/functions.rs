//! The functions' processes are killed while they work, step by step; the run and the next ones end with
//! what one undisturbed run makes, byte for byte.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lake::LocalLake;

const HEADER: &str = "timestamp,visitorid,event,itemid,transactionid\n";
/// Files of a delivery; they share two calls of Convert.
const FILES: usize = 10;
/// Which handler dies, how often, and after how long at work. Between the lease and the settling of a file
/// are some 100 ms here, so a call of five files is struck at any of their steps.
const DEATHS: [(&str, usize, [u64; 2]); 7] = [
    ("plan-run", 1, [20, 0]),
    ("convert", 1, [40, 0]),
    ("convert", 2, [150, 90]),
    ("convert", 2, [350, 600]),
    ("commit", 1, [30, 0]),
    ("sync", 2, [60, 30]),
    ("account", 1, [40, 0]),
];

/// Deliveries arrive, and each time some function dies over them.
pub fn die_and_the_next_run_makes_it_good(lake: &LocalLake) {
    let mut killed = Vec::new();
    for (round, (handler, times, delays)) in DEATHS.into_iter().enumerate() {
        deliver(lake, round);
        let delays = delays.map(Duration::from_millis);
        killed.push((handler, disturbed(lake, handler, &delays[..times])));
    }
    assert!(killed.iter().all(|(_, times)| *times > 0), "each was killed at work: {killed:?}");
    let mut report = lake.run();
    for _ in 0..2 {
        if report["landed"]["files"] != 0 {
            report = lake.run();
        }
    }
    assert_eq!(report["landed"]["files"], 0, "nothing is left open: {report:#}");
    assert_eq!(report["balanced"], true);
    let rows = (DEATHS.len() * FILES * 100) as u64;
    assert_eq!((lake.count("events", None), lake.count("events", Some("marketing"))), (rows, rows));

    fs::create_dir_all(lake.project.path("clean")).unwrap();
    std::os::unix::fs::symlink(lake.project.path("deliveries"), lake.project.path("clean/landing")).unwrap();
    let clean = lake.project.json(&["run", "--dir", "clean"]);
    assert_eq!(clean["converted"]["files"], DEATHS.len() * FILES, "{clean:#}");
    assert_eq!(lake.same_silver("clean")["objects"], DEATHS.len() * FILES);
}

fn deliver(lake: &LocalLake, round: usize) {
    for file in 0..FILES {
        let number = round * FILES + file;
        let row = |row: usize| format!("14332213{:05},{number},view,{row},\n", number * 100 + row);
        let rows: String = (0..100).map(row).collect();
        lake.project.write(&format!("deliveries/events_{number:03}.csv"), format!("{HEADER}{rows}"));
    }
    assert_eq!(lake.push("deliveries"), FILES);
}

/// One run in which processes of a handler are killed; how many were.
fn disturbed(lake: &LocalLake, handler: &str, delays: &[Duration]) -> usize {
    // What is idle from the run before would serve the next one unseen.
    at_work(lake, handler).iter().for_each(|process| kill(*process));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let strike = |delay: &&Duration| strikes(lake, handler, **delay, &ended);
            delays.iter().take_while(strike).count()
        });
        let run = lake.project.spawned(&["run", "--local", "--json"]).wait_with_output().unwrap();
        ended.store(true, Ordering::Relaxed);
        let told: Option<Value> = serde_json::from_slice(&run.stdout).ok();
        let balanced = told.as_ref().is_none_or(|report| report["balanced"] == true);
        assert!(balanced, "{handler}: a run that comes to its account balances: {told:?}");
        killer.join().unwrap()
    })
}

/// Waits for a process of the handler, lets it work for a while, and kills it; whether there was one.
fn strikes(lake: &LocalLake, handler: &str, delay: Duration, ended: &AtomicBool) -> bool {
    let patience = Instant::now() + Duration::from_secs(60);
    while !ended.load(Ordering::Relaxed) && Instant::now() < patience {
        if let Some(process) = at_work(lake, handler).first() {
            std::thread::sleep(delay);
            kill(*process);
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// The processes of a handler. The local cloud keeps the code of functions in a folder that is named by
/// its port, and begins a process when there is work for it.
fn at_work(lake: &LocalLake, handler: &str) -> Vec<u32> {
    let port = lake.endpoint.rsplit(':').next().unwrap();
    let folder = format!("ministack-provided-code-{port}/");
    let variable = format!("_HANDLER={handler}");
    let is_its = |process: &u32| {
        let below = PathBuf::from(format!("/proc/{process}"));
        let program = fs::read_link(below.join("exe")).unwrap_or_default();
        let variables = fs::read(below.join("environ")).unwrap_or_default();
        program.to_string_lossy().contains(&folder)
            && variables.split(|byte| *byte == 0).any(|each| each == variable.as_bytes())
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    processes.filter(is_its).collect()
}

fn kill(process: u32) {
    // It may have ended by itself.
    let _ =
        Command::new("kill").args(["-9", &process.to_string()]).stderr(std::process::Stdio::null()).status();
}

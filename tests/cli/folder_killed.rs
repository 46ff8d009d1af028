//! `tarn run --dir` killed at any moment, and two of them at once: the next run ends where one clean
//! run does, in the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use tarn_tests::{Project, settle};

use super::folder::generate;

const LAKES: u32 = 10;
const KILLS_OF_A_LAKE: u32 = 3;

/// The example with folders by event, so that a source has several objects.
fn partitioned() -> Project {
    let project = Project::example("retail", "dev");
    let text = fs::read_to_string(project.path("lake.toml")).unwrap();
    let line = "files = \"events*.csv\"\n";
    assert!(text.contains(line));
    project.write("lake.toml", text.replace(line, &format!("{line}partition_by = [\"event\"]\n")));
    project
}

/// Every file below a folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            found.extend(
                contents(&entry).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            found.insert(name, fs::read(&entry).unwrap());
        }
    }
    found
}

/// What readers of a lake see.
fn published(project: &Project, lake: &str) -> BTreeMap<String, Vec<u8>> {
    let folders = ["silver", "zones", "bronze", "quarantine", "catalog"];
    let all = folders.iter().flat_map(|folder| {
        let below = contents(&project.path(&format!("{lake}/{folder}")));
        below.into_iter().map(move |(name, bytes)| (format!("{folder}/{name}"), bytes))
    });
    all.collect()
}

/// Key and status of every source.
fn ledger(project: &Project, lake: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(project.path(&format!("{lake}/ledger.jsonl"))).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records.map(|record| (word(&record, "key"), word(&record, "status"))).collect()
}

/// A lake with deliveries of several sizes, bad rows and a bad file among them.
fn lake(project: &Project, name: &str) {
    let landing = project.path(&format!("{name}/landing"));
    for part in ["1", "2", "3"] {
        generate(&landing, &["--rows", "30000", "--part", part]);
    }
    project.write(&format!("{name}/landing/events_bad.csv"), "a,b\n1,2\n");
    project.write(&format!("{name}/landing/category_tree_b.csv"), "categoryid,parentid\n1,2\nx,3\n");
    settle(&landing);
}

/// The same numbers for every run of the tests.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn whenever_it_is_killed_the_next_run_ends_as_a_clean_one() {
    let project = partitioned();
    lake(&project, "clean");
    let began = Instant::now();
    let report = project.json(&["run", "--dir", "clean"]);
    let took = began.elapsed();
    assert_eq!((&report["balanced"], &report["failed"]["files"]), (&true.into(), &0.into()), "{report:#}");
    let (wanted, settled) = (published(&project, "clean"), ledger(&project, "clean"));
    assert_eq!(settled.len(), 5, "{settled:?}");
    assert!(wanted.len() > 30, "folders of events in silver and two zones: {:?}", wanted.keys());

    let (mut seed, mut alive) = (7, 0);
    for number in 0..LAKES {
        let name = format!("killed-{number}");
        lake(&project, &name);
        // What is done already is not done again: a kill that came too late draws the next ones nearer.
        let mut longest = took;
        for _ in 0..KILLS_OF_A_LAKE {
            let after = longest.mul_f64(random(&mut seed));
            match project.killed(&["run", "--dir", &name], after) {
                true => alive += 1,
                false => longest = after / 2,
            }
        }
        let report = project.json(&["run", "--dir", &name]);
        assert_eq!(
            (&report["balanced"], &report["failed"]["files"]),
            (&true.into(), &0.into()),
            "{report:#}"
        );
        assert_eq!(ledger(&project, &name), settled, "{name}");
        let found = published(&project, &name);
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{name}");
        let differing: Vec<&String> = wanted.keys().filter(|key| wanted[*key] != found[*key]).collect();
        assert!(differing.is_empty() || only_the_run_differs(&differing), "{name}: {differing:?}");
        let staged = fs::read_dir(project.path(&format!("{name}/.tarn/staged"))).unwrap().count();
        assert_eq!(staged, 0, "{name}: nothing half-written is left");
    }
    assert!(alive >= LAKES * KILLS_OF_A_LAKE / 3, "only {alive} were killed before they ended");
}

/// A notice of a refused file names its run.
fn only_the_run_differs(keys: &[&String]) -> bool {
    keys.iter().all(|key| key.starts_with("quarantine/files/"))
}

#[test]
fn two_at_once_convert_every_file_once() {
    let project = partitioned();
    lake(&project, "clean");
    project.done(&["run", "--dir", "clean"]);
    lake(&project, "both");
    let both = [(); 2].map(|()| project.spawned(&["run", "--dir", "both", "--json"]));
    let reports = both.map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    let landed: u64 = reports.iter().map(|report| report["landed"]["files"].as_u64().unwrap()).sum();
    assert_eq!(landed, ledger(&project, "both").len() as u64, "{reports:#?}");
    let (clean, both) = (contents(&project.path("clean/silver")), contents(&project.path("both/silver")));
    assert!(clean == both, "the same bytes under the same names");
}

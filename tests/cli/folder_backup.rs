//! `tarn backup --dir` and `tarn restore --dir`: a folder is lost, and comes back as it was.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tarn_tests::{Project, settle};

use crate::folder::generate;

/// Everything below a folder: paths and bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The ledger, without who opened a record again.
fn ledger(lake: &Path) -> Vec<Value> {
    let text = fs::read_to_string(lake.join("ledger.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in contents(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_folder_that_was_lost_comes_back_as_it_was() {
    let project = Project::example("retail", "dev");
    let lake = project.path("lake");
    let refused = project.tarn(&["backup", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "there is nothing yet: {}", refused.stderr);
    generate(&project.path("lake/landing"), &["--rows", "2000"]);
    project.write("lake/landing/events_broken.csv", "a,b\n1,2\n");
    settle(&lake.join("landing"));
    project.json(&["run", "--dir", "lake"]);
    let made = project.json(&["backup", "--dir", "lake", "--to", "copies"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["made"]["moving"], made["made"]["tables"].as_u64() > Some(3)),
        (&serde_json::json!([]), true)
    );
    for place in [["--dir", "lake"], ["--from", "copies"]] {
        let listed = project.json(&[&["backup", "list"], &place[..]].concat());
        assert_eq!(listed["backups"][0]["id"], id, "{listed:#}");
    }
    assert_eq!(contents(&project.path("copies")), contents(&lake.join("ops/backups")), "the copy is the set");
    let text = fs::read_to_string(project.path("lake.toml")).unwrap();
    assert_eq!(fs::read_to_string(project.path(&format!("copies/{id}/project/lake.toml"))).unwrap(), text);

    // Everything goes; landing and the data were copied away, as everybody should.
    let before = (ledger(&lake), contents(&lake.join("catalog")), contents(&lake.join("silver")));
    for folder in ["landing", "silver", "bronze"] {
        copy(&lake.join(folder), &project.path(&format!("away/{folder}")));
    }
    fs::remove_dir_all(&lake).unwrap();

    the_set_alone_lets_everything_be_made_again(&project, &before.2);
    fs::remove_dir_all(&lake).unwrap();

    for folder in ["landing", "silver", "bronze"] {
        copy(&project.path(&format!("away/{folder}")), &lake.join(folder));
    }
    settle(&lake.join("landing"));
    let dry = project.json(&["restore", "--dir", "lake", "--from", "copies", "--dry-run"]);
    let restored = project.json(&["restore", "--dir", "lake", "--from", "copies"]);
    assert_eq!(dry["records"], restored["records"]);
    assert_eq!((ledger(&lake), contents(&lake.join("catalog"))), (before.0, before.1));
    let again = project.json(&["restore", "--dir", "lake", "--from", "copies"]);
    assert_eq!(
        (&again["records"]["written"], &again["tables"]["written"]),
        (&0.into(), &0.into()),
        "{again:#}"
    );
    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!(report["landed"]["files"], 0, "nothing is converted a second time: {report:#}");
    assert_eq!(contents(&lake.join("silver")), before.2);
    a_broken_part_is_named(&project, id);
}

/// Only the set is there, and landing comes later: nothing is taken for done that has no rows.
fn the_set_alone_lets_everything_be_made_again(project: &Project, silver: &[(String, Vec<u8>)]) {
    let lake = project.path("lake");
    let restored = project.json(&["restore", "--dir", "lake", "--from", "copies"]);
    assert_eq!(restored["reopened"], 4, "{restored:#}");
    copy(&project.path("away/landing"), &lake.join("landing"));
    settle(&lake.join("landing"));
    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!((&report["converted"]["files"], &report["balanced"]), (&4.into(), &true.into()), "{report:#}");
    assert_eq!(contents(&lake.join("silver")), silver);
}

fn a_broken_part_is_named(project: &Project, id: &str) {
    let good = project.done(&["restore", "--check", "--from", "copies"]);
    assert!(good.stdout.contains("good"), "{}", good.stdout);
    let part = project.path(&format!("copies/{id}/ledger.jsonl"));
    let mut bytes = fs::read(&part).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&part, bytes).unwrap();
    let checked = project.tarn(&["restore", id, "--check", "--from", "copies", "--json"]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    let told: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(
        (&told["good"], &told["broken"][0]["part"]),
        (&false.into(), &"ledger.jsonl".into()),
        "{told:#}"
    );
    let refused = project.tarn(&["restore", "--dir", "lake", "--from", "copies"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("ledger.jsonl") && refused.stderr.contains("nothing was changed"),
        "{}",
        refused.stderr
    );
    let unknown = project.tarn(&["restore", "20200101T000000000Z", "--check", "--from", "copies"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    let forced = project.tarn(&["restore", "--dir", "lake", "--force"]);
    assert_eq!(forced.code, 2, "nobody said yes, or there is none: {}", forced.stderr);
}

//! `tarn init`: what it writes passes `tarn check`, and what is there stays.

use std::fs;

use tarn_tests::{Project, program_path, python};

fn empty() -> Project {
    let project = Project::with("", "dev");
    fs::remove_file(project.path("lake.toml")).unwrap();
    project
}

fn keys(text: &str) -> usize {
    text.lines().filter(|line| !line.trim_start().starts_with('#') && line.contains('=')).count()
}

#[test]
fn a_first_file_passes_the_check() {
    let project = empty();
    project.done(&["init", "--name", "shop"]);
    let checked = project.json(&["check"]);
    assert_eq!(
        (&checked["lake"], &checked["tables"], &checked["warnings"]),
        (&"shop".into(), &1.into(), &0.into())
    );
    let text = fs::read_to_string(project.path("lake.toml")).unwrap();
    assert!(keys(&text) < 30, "{text}");
    project.done(&["zone", "add", "marketing", "--tables", "events"]);
    assert_eq!(project.json(&["check"])["zones"], 1);
}

#[test]
fn every_kind_of_file_becomes_a_table() {
    let project = empty();
    project.write("in/orders_20260101.csv", "id;placed\n1;2026-01-01\n");
    project.write("in/orders_20260102.csv", "id;placed\n2;2026-01-02\n");
    project.write("in/clicks.jsonl", "{\"page\":\"home\"}\n");
    let from = ["in/orders_20260101.csv", "in/orders_20260102.csv", "in/clicks.jsonl"];
    let flags = ["init", "shop", "--yes", "--description", "Say \"hi\"", "--daily", "02:30", "--from"];
    let written = project.json(&[&flags[..], &from].concat());
    assert_eq!(written["tables"], serde_json::json!(["orders", "clicks"]));
    let config = project.path("shop").display().to_string();
    let checked = project.json(&["check", "--config", &config]);
    assert_eq!((&checked["lake"], &checked["warnings"]), (&"shop".into(), &0.into()));
    let text = fs::read_to_string(project.path("shop/lake.toml")).unwrap();
    assert!(text.contains("files = \"orders_{date:%Y%m%d}.csv\"\ndelimiter = \";\""), "{text}");
    assert!(text.contains("daily = \"02:30\"") && keys(&text) < 30, "{text}");

    project.write("in/orders_20260103.csv", "id;other\n2;x\n");
    let refused =
        project.tarn(&["init", "two", "--yes", "--from", "in/orders_20260101.csv", "in/orders_20260103.csv"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("has other columns"), "{}", refused.stderr);
    assert!(!project.path("two").exists());
}

#[test]
fn nothing_is_overwritten_and_nobody_is_no_answer() {
    let project = Project::example("retail", "dev");
    let before = fs::read(project.path("lake.toml")).unwrap();
    for (arguments, parts) in [
        (&["init", "--yes"][..], &["lake.toml is there already", "tarn table add"][..]),
        (&["init", "new"], &["needs a name", "--name new", "--from", "--yes"]),
        (&["init", "new", "--name", "My Lake"], &["`My Lake` is no lake name"]),
        (&["init", "new", "--yes", "--daily", "2:30"], &["daily = \"02:30\"", "nothing was written"]),
        (&["init", "new", "--yes", "--from", "none.csv"], &["none.csv cannot be read"]),
    ] {
        let refused = project.tarn(arguments);
        assert_eq!(refused.code, 2, "{arguments:?}\n{}", refused.stderr);
        for part in parts {
            assert!(refused.stderr.contains(part), "{arguments:?} lacks {part}\n{}", refused.stderr);
        }
        assert!(!project.path("new").exists(), "{arguments:?}");
    }
    assert_eq!(fs::read(project.path("lake.toml")).unwrap(), before);
}

#[test]
fn on_a_terminal_it_asks() {
    let project = empty();
    let orders = project.write("orders.csv", "id,placed\n1,2026-01-01\n").display().to_string();
    let (tarn, folder) =
        (program_path("tarn").display().to_string(), project.path("web-shop").display().to_string());
    let answers = format!("\nWhat a shop knows\n02:30\n{orders}\n");
    let answer = python("typed.py", &[&answers, &tarn, "init", &folder]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    assert!(answer.stdout.contains("What is the lake called?"), "{}", answer.stdout);
    let text = fs::read_to_string(project.path("web-shop/lake.toml")).unwrap();
    for part in ["name = \"web-shop\"", "What a shop knows", "daily = \"02:30\"", "files = \"orders*.csv\""] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

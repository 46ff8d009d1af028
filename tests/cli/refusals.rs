//! Bad input: every fault under its line, the promised exit status, and nothing done.

use tarn_tests::Project;

const FAULTY: &str = r#"version = 1

[lake]
name = "shop"
owner = "me"

[[table]]
name = "orders"
files = "orders*.csv"
header = "yes"
columns = { id = "int64", price = "money" }

[[zone]]
name = "sales"
tables = ["order"]
"#;

#[test]
fn every_fault_is_shown_at_once_with_its_line() {
    let project = Project::with(FAULTY, "dev");
    for command in [&["check"][..], &["deploy", "--local"], &["deploy"], &["render", "--out", "out"]] {
        let refused = project.tarn(command);
        assert_eq!(refused.code, 2, "{command:?}\n{}", refused.stderr);
        for part in [
            "lake.toml:5:1", // unknown key
            "owner = \"me\"",
            "^^^^^",
            "lake.toml:10:10", // wrong type
            "lake.toml:11:35", // unknown column type
            "lake.toml:15:11", // a table that is not there
            "did you mean `orders`?",
        ] {
            assert!(refused.stderr.contains(part), "{command:?} lacks {part}\n{}", refused.stderr);
        }
        assert_eq!(refused.stdout, "");
    }
    assert!(!project.path("out").exists(), "nothing was rendered");
    assert!(!project.path(".tarn").exists(), "nothing was started");
}

#[test]
fn faults_as_json_carry_their_places() {
    let refused = Project::with(FAULTY, "dev").tarn(&["check", "--json"]);
    let faults: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    let lines: Vec<u64> =
        faults["faults"].as_array().unwrap().iter().map(|fault| fault["line"].as_u64().unwrap()).collect();
    assert!([5, 10, 11, 15].iter().all(|line| lines.contains(line)), "{lines:?}");
}

#[test]
fn without_credentials_one_clear_sentence() {
    let project = Project::example("retail", "dev");
    project.write("handlers-x86_64.zip", b"not looked into before the account is known");
    for command in [
        &["deploy", "--handlers", "."][..],
        &["destroy", "--yes"],
        &["run"],
        &["status"],
        &["query", "select 1"],
        &["push", "."],
        &["files"],
        &["access"],
        &["can", "role/Nobody", "read", "events"],
        &["why", "a.csv"],
        &["reprocess", "a.csv"],
        &["unlock"],
        &["backup"],
        &["backup", "list"],
        &["restore", "--check"],
        &["restore", "--check", "--from", "s3://company-backups/lake/"],
    ] {
        let refused = project.tarn(command);
        assert_eq!(refused.code, 3, "{command:?}\n{}", refused.stderr);
        assert_eq!(refused.stderr.trim().lines().count(), 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("no usable AWS credentials were found"), "{}", refused.stderr);
        assert!(refused.stderr.contains("--local"), "{}", refused.stderr);
    }
}

#[test]
fn without_a_local_cloud_the_way_to_one() {
    let project = Project::example("retail", "dev");
    let refused = project.tarn(&["run", "--local"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("tarn local start"), "{}", refused.stderr);
    assert_eq!(project.tarn(&["local", "status"]).code, 1);
}

#[test]
fn without_a_lake_the_way_to_one() {
    let project = Project::example("retail", "dev");
    std::fs::remove_file(project.path("lake.toml")).unwrap();
    let refused = project.tarn(&["check"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("there is no lake.toml"), "{}", refused.stderr);
    let refused = project.tarn(&["check", "--config", "elsewhere.toml"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("elsewhere.toml cannot be read"), "{}", refused.stderr);
}

#[test]
fn a_protected_environment_is_not_destroyed() {
    let refused = Project::example("retail", "prod").tarn(&["destroy", "--yes", "--local"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--protected prod"), "the way out: {}", refused.stderr);
    let wrong =
        Project::example("retail", "prod").tarn(&["destroy", "--yes", "--local", "--protected", "dev"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("`dev`") && wrong.stderr.contains("`prod`"), "{}", wrong.stderr);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let refused = Project::with(FAULTY, "dev").tarn(&["check"]);
    assert!(!refused.stderr.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn help_shows_examples_and_exit_statuses() {
    let project = Project::example("retail", "dev");
    let help = project.tarn(&["--help"]).stdout;
    for part in ["tarn local start", "Exit status:", "deploy", "destroy"] {
        assert!(help.contains(part), "{help}");
    }
    let written: [&[&str]; 4] =
        [&["zone", "add"], &["zone", "remove"], &["table", "add"], &["table", "remove"]];
    let plain = [
        "init",
        "schema",
        "doctor",
        "plan",
        "status",
        "deploy",
        "destroy",
        "run",
        "query",
        "push",
        "render",
        "watch",
        "files",
        "why",
        "reprocess",
        "unlock",
        "access",
        "can",
        "backup",
        "restore",
    ];
    for command in plain.iter().map(std::slice::from_ref).chain(written) {
        let help = project.tarn(&[command, &["--help"]].concat()).stdout;
        assert!(help.contains("Example"), "{command:?}: {help}");
    }
}

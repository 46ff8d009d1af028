//! The rendered templates before an outside judge: cfn-lint.

use tarn_tests::{Project, command, python_tools};

/// Lints what a project renders; informational findings are shown but do not fail.
fn lint(project: &Project, arguments: &[&str]) {
    project.done(&[&["render", "--out", "out"], arguments].concat());
    let mut files: Vec<String> = std::fs::read_dir(project.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|file| file.ends_with(".json"))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "a lake is at least five stacks: {files:?}");
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let checked = command(python_tools().join("cfn-lint"), &[&["--"], files.as_slice()].concat());
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn cfn_lint_passes_on_everything_rendered() {
    lint(&Project::example("retail", "dev"), &[]);
    lint(&Project::example("retail", "prod"), &[]);
    lint(&Project::example("retail", "dev"), &["--local"]);
}

#[test]
fn cfn_lint_would_find_a_fault() {
    let project = Project::example("retail", "dev");
    let broken = project.write(
        "broken.json",
        r#"{"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"Bucketname": "x"}}}}"#,
    );
    let checked = command(python_tools().join("cfn-lint"), &["--", broken.to_str().unwrap()]);
    assert_ne!(checked.code, 0, "the judge is asleep: {}", checked.stdout);
}

#[test]
fn the_same_config_renders_the_same_bytes_and_a_zone_is_one_more_file() {
    let project = Project::example("retail", "dev");
    project.done(&["render", "--out", "one"]);
    let lake = std::fs::read_to_string(project.path("lake.toml")).unwrap();
    project.write("lake.toml", format!("{lake}\n[[zone]]\nname = \"finance\"\ntables = [\"events\"]\n"));
    project.done(&["render", "--out", "two"]);
    let read = |folder: &str| -> std::collections::BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(project.path(folder)).unwrap().map(Result::unwrap);
        entries
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .filter(|(file, _)| file.ends_with(".json"))
            .collect()
    };
    let (before, mut after) = (read("one"), read("two"));
    assert!(after.remove("retail-dev-zone-finance.json").is_some());
    assert_eq!(before, after, "no other template changed by a byte");
}

#[test]
fn check_counts_what_would_be_deployed() {
    let counts = Project::example("retail", "dev").json(&["check"]);
    assert_eq!(counts["tables"], 3);
    assert_eq!(counts["zones"], 2);
    assert_eq!(counts["stacks"], 6);
}

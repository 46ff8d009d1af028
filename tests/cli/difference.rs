//! `tarn render --diff`: what changes, in the words of the lake, and data at risk before all else.

use std::fs;

use serde_json::Value;
use tarn_tests::{Project, python, repository};

fn edit(project: &Project, from: &str, to: &str) {
    let file = project.path("lake.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn a_saved_baseline_tells_what_changed_since() {
    let project = Project::example("retail", "dev");
    project.done(&["render", "--out", "base"]);
    let same = project.done(&["render", "--diff", "base", "--exit-code"]);
    assert_eq!(same.stdout, "no difference\n");
    project.done(&["zone", "add", "finance", "--tables", "events"]);
    edit(&project, "visitorid = \"int64\", event = \"string\"", "visitorid = \"string\", day = \"date\"");
    edit(&project, "daily = \"02:30\"", "daily = \"03:00\"");
    edit(&project, "tables = [\"events\", \"category_tree\"]", "tables = [\"events\"]");
    let changed = project.tarn(&["render", "--diff", "base", "--exit-code"]);
    assert_eq!(changed.code, 4, "{}", changed.stderr);
    for part in [
        "~ `schedule.daily`: \"02:30\" -> \"03:00\"",
        "~ column `visitorid`: int64 -> string",
        "+ column `day`: date",
        "- column `event`: string",
        "+ zone `finance` may have table `events`\n",
        "- zone `marketing` may have table `category_tree` no more",
        "+ retail-dev-zone-finance: ",
        "~ Daily (AWS::Scheduler::Schedule): ScheduleExpression",
    ] {
        assert!(changed.stdout.contains(part), "{part} is not in\n{}", changed.stdout);
    }
    assert!(!changed.stdout.contains("data at risk"), "{}", changed.stdout);
    assert!(changed.stderr.contains("old type"), "{}", changed.stderr);
    // The other lake may be a file as well, and without --exit-code a difference is no failure.
    let example = repository().join("examples/retail/lake.toml").display().to_string();
    assert_eq!(project.done(&["render", "--diff", &example]).stdout, changed.stdout);
    let json = project.json(&["render", "--diff", &example]);
    assert_eq!((&json["differs"], &json["lake"]["zones"][1]["zone"]), (&true.into(), &"finance".into()));
    assert_eq!(json["data_at_risk"], Value::Array(Vec::new()));
}

#[test]
fn a_zone_that_goes_is_told_with_what_becomes_of_it() {
    let project = Project::example("retail", "dev");
    project.done(&["render", "--out", "base"]);
    project.done(&["zone", "remove", "recommender"]);
    let changed = project.done(&["render", "--diff", "base"]);
    for part in [
        "- recommender",
        "- zone `recommender` may have table `item_properties` no more",
        "- retail-dev-zone-recommender: ",
    ] {
        assert!(changed.stdout.contains(part), "{part} is not in\n{}", changed.stdout);
    }
    assert!(changed.stderr.contains("--remove-zones"), "{}", changed.stderr);
    // Written anew, the folder is a baseline without the zone, although its template lies there still.
    project.done(&["render", "--out", "base"]);
    assert!(project.path("base/retail-dev-zone-recommender.json").exists());
    assert_eq!(project.done(&["render", "--diff", "base", "--exit-code"]).stdout, "no difference\n");
}

#[test]
fn data_at_risk_comes_first() {
    for (environment, then) in [("dev", "is deleted with what it holds"), ("prod", "is kept")] {
        let project = Project::example("retail", environment);
        project.done(&["render", "--out", "base"]);
        let file = project.path(&format!("base/retail-{environment}-storage.json"));
        let mut template: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        template["Resources"]["Silver"]["Properties"]["BucketName"] = "another".into();
        fs::write(&file, template.to_string()).unwrap();
        let changed = project.done(&["render", "--diff", "base"]);
        assert!(changed.stdout.starts_with("data at risk\n  ! "), "{}", changed.stdout);
        let stack = format!(
            "retail-{environment}-storage: Silver (AWS::S3::Bucket) is replaced: `BucketName` changes; "
        );
        let line = changed
            .stdout
            .lines()
            .find(|line| line.contains(&stack))
            .unwrap_or_else(|| panic!("{}", changed.stdout));
        assert!(line.contains(then), "{line}");
        let json = project.json(&["render", "--diff", "base"]);
        assert_eq!(json["data_at_risk"][0]["resource"]["id"], "Silver");
    }
}

#[test]
fn a_folder_of_templates_alone_is_compared_by_resources() {
    let project = Project::example("retail", "dev");
    project.done(&["render", "--out", "base"]);
    fs::remove_file(project.path("base/lake.baseline")).unwrap();
    project.write("base/notes.json", "{}");
    edit(&project, "daily = \"02:30\"", "daily = \"03:00\"");
    let changed = project.json(&["render", "--diff", "base"]);
    assert_eq!((&changed["lake"], changed["stacks"].as_array().unwrap().len()), (&Value::Null, 1));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let project = Project::example("retail", "dev");
    project.done(&["render", "--out", "local", "--local"]);
    project.write("empty/notes.txt", "");
    project.write("faulty.toml", "version = 1\n");
    for (other, part) in [
        ("none", "there is no none to compare with"),
        ("empty", "holds no templates and no lake.toml"),
        ("local", "was rendered with --local"),
        ("faulty.toml", "faulty.toml:1"),
    ] {
        let refused = project.tarn(&["render", "--diff", other]);
        assert_eq!(refused.code, 2, "{other}\n{}", refused.stderr);
        assert!(refused.stderr.contains(part), "{other} lacks {part}\n{}", refused.stderr);
    }
    assert_eq!(project.tarn(&["render"]).code, 2);
}

/// What cannot be changed in place is a table in the code; here it is held against AWS's own schemas,
/// for it and for every type that is rendered.
#[test]
fn properties_that_replace_are_those_of_the_schemas() {
    let file = repository().join("stack/render/src/diff/create_only.json");
    let committed: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let types: Vec<&str> = committed["types"].as_object().unwrap().keys().map(String::as_str).collect();
    let answer = python("create_only.py", &types);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(serde_json::from_str::<Value>(&answer.stdout).unwrap(), committed["types"]);
    let project = Project::example("retail", "prod");
    for flags in [&[][..], &["--local"]] {
        let files = project.json(&[&["render", "--out", "out"], flags].concat());
        for file in files.as_array().unwrap() {
            let template = fs::read_to_string(project.path(file.as_str().unwrap())).unwrap();
            let template: Value = serde_json::from_str(&template).unwrap();
            for (id, resource) in template["Resources"].as_object().unwrap() {
                let kind = resource["Type"].as_str().unwrap();
                assert!(
                    kind.starts_with("Custom::") || types.contains(&kind),
                    "{id}: {kind} is not in the table"
                );
            }
        }
    }
}

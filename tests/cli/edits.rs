//! Commands that write `lake.toml`: what they add and take away, and that nothing else changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tarn_tests::Project;

fn text(project: &Project) -> String {
    fs::read_to_string(project.path("lake.toml")).unwrap()
}

#[test]
fn a_zone_comes_and_goes_and_leaves_the_file_as_it_was() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    fs::set_permissions(project.path("lake.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    let added = project.done(&[
        "zone",
        "add",
        "finance",
        "--tables",
        "events,item_properties",
        "--description",
        "The \"books\"",
    ]);
    let block = "[[zone]]\nname = \"finance\"\ndescription = \"The \\\"books\\\"\"\n\
                 tables = [\"events\", \"item_properties\"]\n";
    assert_eq!(added.stdout, block);
    assert_eq!(text(&project), format!("{before}\n{block}"));
    let line = before.lines().count() + 2;
    assert!(added.stderr.contains(&format!("lake.toml:{line}")), "{}", added.stderr);
    assert_eq!(project.json(&["check"])["zones"], 3);
    let removed = project.done(&["zone", "remove", "finance"]);
    assert_eq!(text(&project), before);
    assert!(removed.stderr.contains("until `tarn destroy`"), "what becomes of its data: {}", removed.stderr);
    let mode = fs::metadata(project.path("lake.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let left: Vec<_> =
        fs::read_dir(project.path(".")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["lake.toml"], "no file is left beside it");
}

#[test]
fn what_is_refused_writes_nothing_and_says_where() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    for (arguments, parts) in [
        (
            &["zone", "add", "marketing", "--tables", "events"][..],
            &["lake.toml:30: ", "is there already"][..],
        ),
        (&["zone", "add", "x", "--tables", "evens"], &["as it would be:42:11", "did you mean `events`?"]),
        (&["zone", "add", "Finance", "--tables", "events"], &["write for example `finance`"]),
        (&["zone", "remove", "sales"], &["no zone `sales`", "marketing, recommender"]),
        (&["table", "remove", "events"], &["marketing, recommender", "`tables`"]),
        (&["table", "remove", "orders"], &["no table `orders`"]),
        (&["zone", "add", "x"], &["--tables"]),
    ] {
        let refused = project.tarn(arguments);
        assert_eq!(refused.code, 2, "{arguments:?}\n{}", refused.stderr);
        for part in parts {
            assert!(refused.stderr.contains(part), "{arguments:?} lacks {part}\n{}", refused.stderr);
        }
        assert_eq!(text(&project), before, "{arguments:?}");
    }
    let shown = project.done(&["zone", "remove", "marketing", "--dry-run"]);
    assert!(
        shown.stdout.starts_with("[[zone]]\nname = \"marketing\"")
            && shown.stderr.contains("nothing was written")
    );
    assert_eq!(text(&project), before);
}

#[test]
fn a_file_with_faults_is_shown_and_left_alone() {
    let project = Project::with("version = 1\n[lake]\nname = \"shop\"\n", "dev");
    let refused = project.tarn(&["zone", "add", "x", "--tables", "events"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("faults already"), "{}", refused.stderr);
    assert_eq!(text(&project), "version = 1\n[lake]\nname = \"shop\"\n");
}

#[test]
fn a_table_that_no_zone_has_goes_with_its_comment() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    let extra = "\n# Not used yet.\n[[table]]\nname = \"extra\"\nfiles = \"extra*\"\n\n[table.columns]\nid = \"int64\"\n";
    project.write("lake.toml", format!("{before}{extra}"));
    let answer = project.json(&["table", "remove", "extra"]);
    assert_eq!(answer["removed"], "extra");
    assert_eq!(answer["block"].as_str().unwrap(), extra.trim_matches('\n'));
    assert_eq!(text(&project), before);
}

#[test]
fn a_link_stays_a_link() {
    let project = Project::example("retail", "dev");
    let there = project.write("shared/real.toml", text(&project));
    fs::remove_file(project.path("lake.toml")).unwrap();
    std::os::unix::fs::symlink(&there, project.path("lake.toml")).unwrap();
    project.done(&["zone", "add", "finance", "--tables", "events"]);
    assert!(fs::symlink_metadata(project.path("lake.toml")).unwrap().is_symlink());
    assert!(fs::read_to_string(there).unwrap().contains("finance"));
}

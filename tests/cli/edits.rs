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
    assert!(removed.stderr.contains("--remove-zones"), "what becomes of its data: {}", removed.stderr);
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

#[test]
fn a_table_is_inferred_of_a_file_and_comes_behind_the_last_one() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    project.write("in/orders_20260131.csv", "Order No.;placed;price\n1;2026-01-31;9.90\n2;2026-02-01;\n");
    let added = project.done(&[
        "table",
        "add",
        "orders",
        "--from",
        "in/orders_20260131.csv",
        "--description",
        "What was bought",
    ]);
    let block = "[[table]]\nname = \"orders\"\ndescription = \"What was bought\"\n\
                 files = \"orders_{date:%Y%m%d}.csv\"\ndelimiter = \";\"\n\n[table.columns]\n\
                 order_no = { type = \"int64\", from = \"Order No.\" }\nplaced = \"date\"\nprice = \"float64\"\n";
    assert_eq!(added.stdout, block);
    assert!(added.stderr.contains("this one file") && !added.stderr.contains("64 KiB"), "{}", added.stderr);
    let zones = before.find("\n[[zone]]").unwrap();
    assert_eq!(text(&project), format!("{}\n{block}{}", &before[..zones], &before[zones..]));
    // What was written is what the file is converted by.
    let report = project.json(&["convert", "in/orders_20260131.csv", "--table", "orders", "--out", "o"]);
    assert_eq!((&report["files"][0]["rows"], &report["files"][0]["bad_rows"]), (&2.into(), &0.into()));
    project.done(&["table", "remove", "orders"]);
    assert_eq!(text(&project), before);
}

#[test]
fn json_lines_are_known_and_what_is_uncertain_is_said() {
    let project = Project::example("retail", "dev");
    let row = "{\"page\":\"home\",\"ms\":12}\n";
    project.write("clicks.jsonl", row.repeat(4000));
    project.write("plain.csv", "1,x\n2,y\n");
    let added = project.json(&["table", "add", "clicks", "--from", "clicks.jsonl", "--files", "web/*.jsonl"]);
    assert!(added["block"].as_str().unwrap().contains("format = \"jsonl\""), "{added}");
    let notes = added["notes"].to_string();
    assert!(notes.contains("64 KiB") && notes.contains("does not match `clicks.jsonl`"), "{notes}");
    let before = text(&project);
    let shown = project.json(&["table", "add", "plain", "--from", "plain.csv", "--dry-run"]);
    assert!(shown["notes"].to_string().contains("no header was seen"), "{shown}");
    assert!(shown["block"].as_str().unwrap().contains("header = false"), "{shown}");
    assert_eq!((&shown["written"], text(&project)), (&false.into(), before));
}

#[test]
fn a_table_that_cannot_be_is_not_written() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    project.write("events_9.csv", "a,b\n1,2\n");
    project.write("other.csv", "a,b\n1,2\n");
    project.write("empty.csv", "");
    for (arguments, part) in [
        (&["visits", "--from", "events_9.csv"][..], "belongs to the table `events` already"),
        (&["events", "--from", "other.csv"], "lake.toml:12: the table `events` is there already"),
        (&["Other", "--from", "other.csv"], "write for example `other`"),
        (&["other", "--from", "other.csv", "--files", "{day}"], "is no file pattern"),
        (&["empty", "--from", "empty.csv"], "no columns can be inferred"),
        (&["none", "--from", "none.csv"], "none.csv cannot be read"),
    ] {
        let refused = project.tarn(&[&["table", "add"], arguments].concat());
        assert_eq!(refused.code, 2, "{arguments:?}\n{}", refused.stderr);
        assert!(refused.stderr.contains(part), "{arguments:?} lacks {part}\n{}", refused.stderr);
        assert_eq!(text(&project), before, "{arguments:?}");
    }
    project.done(&["table", "add", "visits", "--from", "events_9.csv", "--files", "visits/*.csv"]);
}

#[test]
fn blocks_may_have_files_of_their_own() {
    let project = Project::example("retail", "dev");
    let before = text(&project);
    project.write("orders.csv", "id,placed\n1,2026-01-31\n");
    project.done(&["table", "add", "orders", "--from", "orders.csv", "--own-file"]);
    let added = project.done(&["zone", "add", "finance", "--tables", "orders", "--own-file"]);
    assert!(added.stderr.contains("zones/finance.toml:1"), "{}", added.stderr);
    assert_eq!(fs::read_to_string(project.path("zones/finance.toml")).unwrap(), added.stdout);
    assert_eq!(text(&project), before);
    let checked = project.json(&["check"]);
    assert_eq!((&checked["tables"], &checked["zones"]), (&4.into(), &3.into()));
    project.done(&["zone", "add", "sales", "--tables", "orders"]);
    let twice = project.tarn(&["zone", "add", "finance", "--tables", "orders"]);
    assert!(twice.code == 2 && twice.stderr.contains("zones/finance.toml:1: "), "{}", twice.stderr);
    let used = project.tarn(&["table", "remove", "orders"]);
    assert!(used.code == 2 && used.stderr.contains("sales, finance"), "{}", used.stderr);
    project.done(&["zone", "remove", "sales"]);
    let removed = project.done(&["zone", "remove", "finance"]);
    assert!(removed.stderr.contains("the whole file"), "{}", removed.stderr);
    project.done(&["table", "remove", "orders"]);
    assert!(!project.path("zones/finance.toml").exists() && !project.path("tables/orders.toml").exists());
    assert_eq!(text(&project), before);
}

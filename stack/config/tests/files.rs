//! A lake whose tables and zones have files of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use tarn_config::{Diagnostic, Files, Parsed, parse, parse_files};
use tarn_lake::EnvironmentName;

const LAKE: &str = "version = 1\n[lake]\nname = \"retail\"\n[schedule]\ndaily = \"02:30\"\n";
const EVENTS: &str =
    "# Ours.\n[[table]]\nname = \"events\"\nfiles = \"events*.csv\"\ncolumns.itemid = \"int64\"";
const MARKETING: &str = "[[zone]]\nname = \"marketing\"\ntables = [\"events\"]\n";

fn dev() -> EnvironmentName {
    EnvironmentName::new("dev").unwrap()
}

fn files(lake: &str, tables: &[&str], zones: &[&str]) -> Files {
    let mut files = Files::new("lake.toml", lake);
    for (number, text) in tables.iter().enumerate() {
        files.add_tables(format!("tables/t{number}.toml"), text);
    }
    for (number, text) in zones.iter().enumerate() {
        files.add_zones(format!("zones/z{number}.toml"), text);
    }
    files
}

fn faults(files: &Files) -> Vec<Diagnostic> {
    parse_files(files, &dev()).expect_err("a fault")
}

/// Where each fault is, and what it says.
fn told(files: &Files) -> Vec<String> {
    let told = |fault: &Diagnostic| {
        let located = files.located(fault);
        format!("{}:{}:{} {}", located.file, located.line, located.column, fault.title)
    };
    faults(files).iter().map(told).collect()
}

#[test]
fn a_block_means_the_same_wherever_it_stands() {
    let apart = parse_files(&files(LAKE, &[EVENTS], &[MARKETING]), &dev()).unwrap();
    let together = parse(&[LAKE, EVENTS, "\n", MARKETING].concat(), &dev()).unwrap();
    assert_eq!(apart.lake, together.lake);
    assert_eq!(apart.lake.zones.len(), 1);
}

#[test]
fn every_fault_is_told_in_its_own_file() {
    let files = files(
        &LAKE.replace("daily", "dayly"),
        &[EVENTS, &EVENTS.replace("int64", "int65")],
        &[&MARKETING.replace("[\"events", "[\"evnts")],
    );
    assert_eq!(
        told(&files),
        [
            "lake.toml:5:1 unknown key `dayly` in `[schedule]`",
            "tables/t1.toml:3:8 two tables are called `events`",
            "tables/t1.toml:4:9 two tables have the files `events*.csv`",
            "tables/t1.toml:5:18 `int65` is no column type",
            "zones/z0.toml:3:11 the lake has no table `evnts`",
        ]
    );
    let twice = &faults(&files)[1];
    assert_eq!(twice.label, "the table on line 3 of `tables/t0.toml` already has this name");
    let picture = files.render(twice, false);
    assert!(
        picture.contains("--> tables/t1.toml:3:8") && picture.contains("3 | name = \"events\""),
        "{picture}"
    );
}

#[test]
fn a_file_holds_blocks_of_its_folder_only() {
    let told = told(&files(LAKE, &[EVENTS, "name = \"clicks\"\n[lake]\n"], &[EVENTS, MARKETING]));
    assert_eq!(
        told,
        [
            "tables/t1.toml:1:1 `name` does not belong into `tables/t1.toml`",
            "tables/t1.toml:2:2 `lake` does not belong into `tables/t1.toml`",
            "zones/z0.toml:2:3 `table` does not belong into `zones/z0.toml`",
        ]
    );
}

#[test]
fn what_is_no_toml_spoils_its_own_file_only() {
    let told = told(&files(
        LAKE,
        &[EVENTS, "[[table]\nname = 7\n"],
        &["[[zone]]\nnamee = \"a\"\ntables = [\"events\"]"],
    ));
    assert!(told[0].starts_with("tables/t1.toml:1:"), "{told:?}");
    assert!(told.iter().any(|fault| fault.starts_with("zones/z0.toml:2:1 unknown key `namee`")), "{told:?}");
}

#[test]
fn files_of_other_editors_are_read() {
    let windows = format!("\u{feff}{}", EVENTS.replace('\n', "\r\n"));
    let Parsed { lake, warnings } =
        parse_files(&files(LAKE, &[&windows], &["", "# nothing\n"]), &dev()).unwrap();
    assert_eq!((lake.tables.len(), lake.zones.len(), warnings.len()), (1, 0, 0));
    let told = told(&files(LAKE, &[&windows.replace("files", "fiels")], &[]));
    assert_eq!(told[..1], ["tables/t0.toml:4:1 unknown key `fiels` in the table `events`"]);
}

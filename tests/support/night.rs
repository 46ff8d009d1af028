//! Two nights of exports for the example `daily-batch`, with everything that happens to such files, and what
//! SQL says of each. The same files go through a folder and through the local cloud.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::{Project, gzip, settle};

const CALL: &str = "7,0171,0172,2026-06-15 23:59:59,61,0.1250,true\n";
const SUBSCRIBER: &str = "0171,Ada,01.02.2020,0179\n";

/// A key in landing and the text that is packed there; an empty file is not packed.
pub type File = (&'static str, &'static str);

/// Three periods of a layout, and one file for each way to be none of a table's.
pub const FIRST: [File; 10] = [
    ("structure/subscribers_20240615_020000.csv.gz", SUBSCRIBER),
    ("structure/subscribers_20250615_020000.csv.gz", "0171,Ada,01.02.2020,0179,ada@example.com\n"),
    ("structure/subscribers_20260615_020000.csv.gz", "0171,Ada,01.02.2020,ada@example.com\n"),
    ("structure/subscribers_20230615_020000.csv.gz", SUBSCRIBER),
    ("structure/calls_20260615_020000.csv.gz", CALL),
    ("structure/calls_20260616_020000.csv.gz", "1,2,3\n"),
    ("structure/calls_20260617_020000.csv.gz", ""),
    ("structure/calls_20261350_020000.csv.gz", CALL),
    ("structure/tariffs_20260614_030000.csv.gz", "basic,1.500,0.5\nbasic-night,free,0.5\n"),
    ("structure/strangers_20260615_020000.csv.gz", SUBSCRIBER),
];

/// A night exported again with a call more, one that was refused and is mended, and tariffs that wait for
/// their week.
pub const SECOND: [File; 3] = [
    (
        "structure/calls_20260615_020000.csv.gz",
        "7,0171,0172,2026-06-15 23:59:59,61,0.1250,true\n8,0171,0172,2026-06-15 12:00:00,9,0.0100,false\n",
    ),
    ("structure/calls_20260616_020000.csv.gz", "9,0171,0172,2026-06-16 12:00:00,9,0.0100,false\n"),
    ("structure/tariffs_20260615_030000.csv.gz", "basic,1.600,0.5\n"),
];

/// Of each night, and of the run that was told to take the tariffs: key, status and class, as
/// `tarn_ops.files` has them.
pub fn classes() -> [Value; 3] {
    let file = |name: &str, status: &str, class: &str| json!([format!("{name}.csv.gz"), status, class]);
    let converted = |name: &str| file(name, "converted", "");
    [
        json!([
            converted("calls_20260615_020000"),
            file("calls_20260616_020000", "quarantined", "UNMATCHED"),
            file("calls_20260617_020000", "skipped", "EMPTY"),
            file("calls_20261350_020000", "skipped", "IRREGULAR"),
            file("strangers_20260615_020000", "skipped", "UNCONFIGURED"),
            file("subscribers_20230615_020000", "skipped", "NO_LAYOUT"),
            converted("subscribers_20240615_020000"),
            converted("subscribers_20250615_020000"),
            converted("subscribers_20260615_020000"),
            converted("tariffs_20260614_030000"),
        ]),
        json!([converted("calls_20260615_020000"), converted("calls_20260616_020000")]),
        json!([converted("tariffs_20260615_030000")]),
    ]
}

/// The statement that is answered by [`classes`], over the table of files by whatever name it has.
pub fn classes_of(files: &str, run: &str) -> String {
    format!(
        "SELECT replace(key, 'structure/', '') AS key, status, class FROM {files} WHERE run = '{run}' ORDER BY key"
    )
}

/// Files, rows and bad rows that the reports of the three runs must have.
pub fn is_accounted(reports: &[Value; 3]) {
    let classes = ["landed", "converted", "quarantined", "skipped", "failed", "waiting"];
    let files = |report: &Value| classes.map(|class| report[class]["files"].as_u64().unwrap());
    let [first, second, tariffs] = reports;
    assert_eq!(files(first), [10, 5, 1, 4, 0, 0], "{first:#}");
    assert_eq!((&first["rows"], &first["bad_rows"]), (&5.into(), &1.into()), "{first:#}");
    assert_eq!(files(second), [2, 2, 0, 0, 0, 1], "{second:#}");
    assert!(second["remarks"].to_string().contains("tariffs"), "what waits is told: {second:#}");
    assert_eq!(files(tariffs), [1, 1, 0, 0, 0, 0], "{tariffs:#}");
    assert!(reports.iter().all(|report| report["balanced"] == true));
}

/// Writes exports below a folder.
pub fn export(folder: &Path, files: &[File]) {
    for (key, text) in files {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if text.is_empty() { Vec::new() } else { gzip(text) }).unwrap();
    }
}

/// Both nights, and the tariffs out of their turn, with nothing but this machine; the three reports.
pub fn in_a_folder(project: &Project, dir: &str) -> [Value; 3] {
    let landing = project.path(dir).join("landing");
    let run = |files: &[File], options: &[&str]| {
        export(&landing, files);
        settle(&landing);
        project.json(&[&["run", "--dir", dir], options].concat())
    };
    [run(&FIRST, &[]), run(&SECOND, &[]), run(&[], &["--table", "tariffs"])]
}

//! `tarn janitor --dir`: what no source has any more is told, and goes when somebody says so.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use tarn_tests::{Project, settle};

use crate::folder::{generate, sql};

#[test]
fn an_object_of_no_source_is_told_and_goes_only_when_asked() {
    let project = Project::example("retail", "dev");
    let refused = project.tarn(&["janitor", "--dir", "lake"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("before the first `tarn run`"), "{}", refused.stderr);

    let lake = project.path("lake");
    generate(&project.path("lake/landing"), &["--rows", "2000"]);
    settle(&lake.join("landing"));
    project.json(&["run", "--dir", "lake"]);
    let rows = sql(&lake, "select count(*) as n from 'silver/events/*.parquet'");
    let orphan = lake.join(format!("silver/events/part-{:032x}.parquet", 7));
    let named = fs::read_dir(lake.join("silver/events")).unwrap().next().unwrap().unwrap().path();
    fs::copy(named, &orphan).unwrap();

    let young = project.json(&["janitor", "--dir", "lake", "--dry-run"]);
    assert_eq!(young["objects"], 0, "it is young: {young:#}");
    let old = SystemTime::now() - Duration::from_secs(3 * 86_400);
    File::options().append(true).open(&orphan).unwrap().set_modified(old).unwrap();
    let told = project.json(&["janitor", "--dir", "lake", "--dry-run"]);
    assert_eq!((&told["objects"], &told["removed"]), (&1.into(), &false.into()), "{told:#}");
    let refused = project.tarn(&["janitor", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "nobody said yes: {}", refused.stderr);
    assert!(refused.stderr.contains("--yes") && orphan.is_file(), "{}", refused.stderr);

    let swept = project.done(&["janitor", "--dir", "lake", "--yes"]);
    assert!(swept.stdout.contains("removed 1 objects"), "{}", swept.stdout);
    assert!(!orphan.exists());
    assert_eq!(sql(&lake, "select count(*) as n from 'silver/events/*.parquet'"), rows);
}

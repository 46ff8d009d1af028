//! Every job against the stand-ins in memory, the stand-ins against their contract, and the whole
//! pipeline against crashes at every call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod account;
mod backup;
mod build_model;
mod commit;
mod contracts;
mod convert;
mod crash;
mod custom_resource;
mod due;
mod empty_bucket;
mod faults;
mod govern;
mod govern_grants;
mod govern_location;
mod govern_races;
mod govern_settings;
mod govern_tags;
mod groups;
mod janitor;
mod keep_models;
mod ops_tables;
mod overwrite;
mod plan_run;
mod reprocess;
mod restore;
mod run_crawlers;
mod spark_application;
mod splits;
mod support;
mod sync_zone;
mod trigger;
mod why;

#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jobs");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let is_known = module == "main" || include_str!("main.rs").contains(&format!("\nmod {module};\n"));
        assert!(is_known, "main.rs has no `mod {module};`");
    }
}

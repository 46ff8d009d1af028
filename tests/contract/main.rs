//! The adapters keep the contract that the stand-ins of `tarn-core` keep: the suites of
//! `tarn_core::testing::contract` against S3, DynamoDB and Glue of the local cloud, and against the
//! S3 of moto, which was written by other people and is stricter.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

mod cloud;
mod contracts;
mod converting;
mod copying;
mod emptying;
mod spark;

#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("contract");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let is_known = module == "main" || include_str!("main.rs").contains(&format!("\nmod {module};\n"));
        assert!(is_known, "main.rs has no `mod {module};`");
    }
}

//! The schema that is committed is the one that this code makes; `tests/cli` holds files against it.

#![allow(clippy::unwrap_used, reason = "clippy spares only functions marked #[test]")]

use std::fs;
use std::path::Path;

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let made = format!("{:#}\n", tarn_config::json_schema());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("lake.schema.json");
    if std::env::var_os("TARN_BLESS").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap();
    assert!(made == committed, "lake.schema.json is not what the code makes; TARN_BLESS=1 writes it anew");
}

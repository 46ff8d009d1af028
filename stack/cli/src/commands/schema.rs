//! `tarn schema`: what may stand in lake.toml, for editors.

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Common, Schema};
use crate::console::{self, GOOD, styled};
use crate::exit;
use crate::failure::Failure;

/// How the schema's file is called where `tarn init` writes it.
pub const FILE: &str = "lake.schema.json";

pub fn run(common: &Common, options: &Schema) -> Result<ExitCode, Failure> {
    let Some(file) = &options.out else {
        console::json(&tarn_config::json_schema());
        return Ok(exit::done_if(true));
    };
    write(file).map_err(|error| Failure::failed(format!("{} cannot be written: {error}", file.display())))?;
    match common.json {
        true => console::json(&serde_json::json!({ "file": file })),
        false => console::result(format!("{} {}", styled("wrote", GOOD), file.display())),
    }
    Ok(exit::done_if(true))
}

/// Writes the schema to a file.
pub fn write(file: &Path) -> std::io::Result<()> {
    std::fs::write(file, format!("{:#}\n", tarn_config::json_schema()))
}

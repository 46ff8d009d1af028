//! `tarn table`: a table comes into lake.toml, or goes out of it.

use std::process::ExitCode;

use tarn_config::edit::Kind;

use super::edit::remove;
use crate::arguments::{Common, Table};
use crate::failure::Failure;

pub fn run(common: &Common, options: &Table) -> Result<ExitCode, Failure> {
    match options {
        Table::Remove(options) => remove(common, Kind::Table, options, stays(&options.name)),
    }
}

fn stays(name: &str) -> Vec<String> {
    vec![format!(
        "where `{name}` was deployed, what it has in bronze, silver and the catalog stays; files of it that land \
         after the next `tarn deploy` are skipped and named in the report"
    )]
}

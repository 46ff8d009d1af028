//! `tarn zone`: a zone comes into lake.toml, or goes out of it.

use std::process::ExitCode;

use tarn_config::edit::{self, Kind};

use super::edit::{Editor, Story, remove};
use crate::arguments::{Common, Zone, ZoneAdd};
use crate::failure::Failure;

pub fn run(common: &Common, options: &Zone) -> Result<ExitCode, Failure> {
    match options {
        Zone::Add(options) => add(common, options),
        Zone::Remove(options) => remove(common, Kind::Zone, options, stays(&options.name)),
    }
}

fn add(common: &Common, options: &ZoneAdd) -> Result<ExitCode, Failure> {
    let (name, dry_run) = (options.name.as_str(), options.dry_run);
    let block = edit::zone_block(name, &options.description, &options.tables);
    let notes = vec!["`tarn deploy` brings it to the account, as one stack more".into()];
    let story = Story { done: "added", kind: Kind::Zone, name, dry_run, notes };
    Editor::open(common)?.add(&block, options.own_file, &story)
}

fn stays(name: &str) -> Vec<String> {
    vec![format!(
        "where `{name}` was deployed it gets no more data after the next `tarn deploy`; its stack stays, with its \
         bucket and all data in it, until `tarn deploy --remove-zones`"
    )]
}

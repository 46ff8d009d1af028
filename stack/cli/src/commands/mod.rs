//! One file per command; each body is the story of what the command does.

mod access;
mod artifacts;
mod backup;
mod baseline;
mod check;
mod convert;
mod costs;
mod deploy;
mod destroy;
mod difference;
mod doctor;
mod edit;
mod files;
pub(crate) mod folder;
mod follow;
mod inferred;
mod init;
mod janitor;
mod local;
mod model;
mod pace;
mod plan;
mod push;
mod query;
mod render;
mod repair;
mod reprocess;
mod restore;
mod run;
mod schema;
mod shelves;
mod status;
mod table;
mod unlock;
mod watch;
mod who;
mod why;
mod zone;

use std::process::ExitCode;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

pub(crate) use plan::deployed_lake;
pub(crate) use status::not_deployed;

/// Runs the command that was typed.
pub async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Init(options) => init::run(common, options),
        Command::Check => check::run(common).await,
        Command::Convert(options) => convert::run(common, options),
        Command::Schema(options) => schema::run(common, options),
        Command::Zone(options) => zone::run(common, options),
        Command::Table(options) => table::run(common, options),
        Command::Model(options) => model::run(common, options).await,
        Command::Render(options) => render::run(common, options),
        Command::Doctor(options) => doctor::run(common, options).await,
        Command::Plan(options) => plan::run(common, options).await,
        Command::Deploy(options) => deploy::run(common, options).await,
        Command::Destroy(options) => destroy::run(common, options).await,
        Command::Run(options) => run::run(common, options).await,
        Command::Watch(options) => watch::run(common, options).await,
        Command::Janitor(options) => janitor::run(common, options).await,
        Command::Backup(options) => backup::run(common, options).await,
        Command::Restore(options) => restore::run(common, options).await,
        Command::Status(options) => status::run(common, options).await,
        Command::Files(options) => files::run(common, options).await,
        Command::Why(options) => why::run(common, options).await,
        Command::Reprocess(options) => reprocess::run(common, options).await,
        Command::Unlock(options) => unlock::run(common, options).await,
        Command::Access(options) => who::access(common, options).await,
        Command::Can(options) => who::can(common, options).await,
        Command::Query(options) => query::run(common, options).await,
        Command::Push(options) => push::run(common, options).await,
        Command::Local(options) => local::run(common, options),
    }
}

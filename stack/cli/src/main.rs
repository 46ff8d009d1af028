//! tarn: one file, `lake.toml`, becomes a whole data lake.

mod account;
mod arguments;
mod checkers;
mod commands;
mod confirm;
mod console;
mod exit;
mod failure;
mod handlers;
mod progress;
mod project;
mod since;
mod site;
mod sql;
mod whole;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match commands::run(arguments).await {
        Ok(code) => code,
        Err(failure) => failure.print(),
    }
}

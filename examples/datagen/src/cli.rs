//! The command line: the only place that meets the user.
//!
//! Standard output carries exactly one line of JSON, so that scripts can compare what a lake says it loaded
//! with what was delivered. Everything else goes to standard error.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::output::{Failure, Report};
use crate::{retail, tickit};

/// The exit code when a file or standard output cannot be written; clap itself uses 2 for wrong usage.
const EXIT_IO: u8 = 1;

const EXAMPLE: &str = "\
Example:
  tarn-datagen retail --rows 1000000 --seed 7 --out /tmp/retail
  tarn-datagen retail --rows 10000 --seed 7 --out /tmp/retail --part 1
  tarn-datagen tickit --rows 172000 --seed 7 --out /tmp/tickit";

/// Make sample data for tarn's example lakes.
///
/// The same arguments always give the same bytes.
#[derive(Parser)]
#[command(name = "tarn-datagen", version, after_help = EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    lake: Lake,
}

#[derive(Subcommand)]
enum Lake {
    Retail(RetailArgs),
    Tickit(TickitArgs),
}

/// The clickstream of an online shop: events, item properties and the category tree.
///
/// Prints one line of JSON that names the files with their rows and bytes.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
struct RetailArgs {
    /// Rows of events; the other tables follow from it
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=retail::MOST_ROWS))]
    rows: u64,

    /// Where the random numbers start
    #[arg(long, default_value_t = 7)]
    seed: u64,

    /// The folder to write to; it is created if it is missing, and files of the same name are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Write a later delivery instead: only events_partN.csv, with the Nth day after the first delivery
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(retail::LAST_PART)))]
    part: Option<u32>,
}

/// Tickets for events: users, venues, categories, dates, events, listings and sales.
///
/// Prints one line of JSON that names the files with their rows and bytes.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
struct TickitArgs {
    /// Rows of sales; the other tables follow from it
    #[arg(long, default_value_t = 172_000, value_parser = clap::value_parser!(u64).range(1..=tickit::MOST_ROWS))]
    rows: u64,

    /// Where the random numbers start
    #[arg(long, default_value_t = 7)]
    seed: u64,

    /// The folder to write to; it is created if it is missing, and files of the same name are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Write a later delivery instead: only sales_partN.csv, with the sales of the Nth of December
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(tickit::LAST_PART)))]
    part: Option<u32>,
}

/// Does what the command line asks and says how it ended.
pub fn run() -> ExitCode {
    match deliver(Cli::parse().lake) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr().lock(), "{failure}");
            ExitCode::from(EXIT_IO)
        }
    }
}

fn deliver(lake: Lake) -> Result<(), Failure> {
    let files = match lake {
        Lake::Retail(RetailArgs { rows, seed, out, part }) => {
            retail::write(&out, &retail::Order { rows, seed, part })?
        }
        Lake::Tickit(TickitArgs { rows, seed, out, part }) => {
            tickit::write(&out, &tickit::Order { rows, seed, part })?
        }
    };
    let report = Report { files };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{report}")
        .and_then(|()| stdout.flush())
        .map_err(|source| Failure::new("Cannot write to", "standard output", source))
}

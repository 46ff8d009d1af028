//! What can be typed of runs, and of what became of files.

use std::path::PathBuf;

use clap::Args;
use tarn_core::Status;

use super::Place;

/// Where a lake stands: in an account, on the local cloud, or in a folder.
#[derive(Debug, Clone, Args)]
pub struct Site {
    #[command(flatten)]
    pub place: Place,
    /// Act on this folder instead of AWS, as `tarn run --dir` made it
    #[arg(long, value_name = "DIR", conflicts_with = "local")]
    pub dir: Option<PathBuf>,
}

pub const RUN_HELP: &str = "\
Examples:
  tarn run
  tarn run --local --json
  tarn run --follow
  tarn run --table orders
  tarn run --dir lake

With --dir nothing but this machine is needed. DIR is made if it is not there; put files into
DIR/landing. Parquet lies in DIR/silver/TABLE and DIR/zones/ZONE/TABLE, what was refused in
DIR/quarantine, what became of every file in DIR/ledger.jsonl. A file is known by its bytes: one that
was converted is not converted again until they change. Hidden files and links are left out.";

pub const WATCH_HELP: &str = "\
Example:
  tarn watch --dir lake

Files that arrive together are one run: it begins when none was written for two seconds, or half a
minute after the first. lake.toml is read again for every run. Ctrl-C ends after the files that are
being converted; the next run goes on where this one ended.";

#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub place: Place,
    /// Act on this folder instead of AWS: files of DIR/landing become DIR/silver and DIR/zones
    #[arg(long, value_name = "DIR", conflicts_with = "local")]
    pub dir: Option<PathBuf>,
    /// Only the new files of this table, whether it is due or not; may be given more than once
    #[arg(long = "table", value_name = "NAME")]
    pub tables: Vec<String>,
    /// Say how far it is: files, rows, speed, time left; where nobody watches, on a line every 5 seconds
    #[arg(long)]
    pub follow: bool,
}

#[derive(Debug, Args)]
pub struct Watch {
    /// The folder, as `tarn run --dir` has it; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
}

pub const FILES_HELP: &str = "\
Examples:
  tarn files --status failed
  tarn files --table events --since 2026-01-31
  tarn files --prefix clicks/ --since 36h --json
  tarn files --dir lake

The ledger is asked: every version of a file that a run has seen is in it. --since takes a day, a moment
such as 2026-01-31T02:30 in UTC, or how long ago: 90m, 36h, 7d. What waits for its first run is not in
the ledger; `tarn why FILE` knows it. On AWS the whole ledger is read, whatever is asked for.";

/// What became of files.
#[derive(Debug, Args)]
pub struct Files {
    #[command(flatten)]
    pub site: Site,
    /// Only those that stand so: done, quarantined, skipped, failed, leased, reopened
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<Status>,
    /// Only those of this table
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Only those whose keys begin so
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// Only those that this run wrote last
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Only those that were settled since then
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

pub const WHY_HELP: &str = "\
Examples:
  tarn why clicks/events_20260131.csv
  tarn why orders.csv --rows --dir lake

Also tells of a file that no run has seen, and of one that is not there: which table its name fits, or why
none. Values of rejected rows are shown with --rows only.";

/// The story of a file.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    pub site: Site,
    /// Show the first rejected rows themselves, not only what is wrong with them
    #[arg(long)]
    pub rows: bool,
    /// The file's key in landing, which is its path below the landing folder
    pub file: String,
}

pub const REPROCESS_HELP: &str = "\
Examples:
  tarn reprocess clicks/events_20260131.csv
  tarn reprocess --status failed --now
  tarn reprocess --prefix clicks/2026 --dry-run
  tarn reprocess --run daily-1769912400000 --yes

The next run converts them by the table and the code as they are then. Each is written to the object that
it has in silver, so rows are never doubled, and an object that would not change is not written. What is
not in landing any more, or would be skipped, is left as it is and named.";

/// Files that are to be converted again.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["file", "prefix", "run", "status"])))]
pub struct Reprocess {
    #[command(flatten)]
    pub site: Site,
    /// The file's key in landing; all its versions
    #[arg(conflicts_with_all = ["prefix", "run", "status"])]
    pub file: Option<String>,
    /// Files whose keys begin so
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// Files that this run wrote last
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Files that stand so: done, quarantined, failed
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<Status>,
    /// Only tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Run the pipeline straight away
    #[arg(long, conflicts_with = "dry_run")]
    pub now: bool,
}

pub const UNLOCK_HELP: &str = "\
Examples:
  tarn unlock --env prod
  tarn unlock --env prod --yes

A lock whose holder was heard of within five minutes stays, unless it was a process of this machine that is
gone. The lock of a folder needs no unlocking: the kernel takes it from a process that dies.";

/// The lock of a deployment.
#[derive(Debug, Args)]
pub struct Unlock {
    #[command(flatten)]
    pub site: Site,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

fn status(text: &str) -> Result<Status, String> {
    Status::named(text).ok_or_else(|| {
        let words: Vec<&str> = Status::ALL.iter().map(|status| status.word()).collect();
        format!("write one of: {}", words.join(", "))
    })
}

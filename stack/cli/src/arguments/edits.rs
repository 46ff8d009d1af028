//! What can be typed to write lake.toml, and to see what may stand in it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Place;

pub const INIT_HELP: &str = "\
Examples:
  tarn init
  tarn init shop --name shop --from data/orders.csv data/events.jsonl --daily 02:30
  tarn init --yes

On a terminal it asks for what is not given. Elsewhere, or with --yes, it asks nothing, and
without --from the file has a table to start from. Each FILE becomes a table as `tarn table add`
would write it. Beside lake.toml lies its JSON Schema, lake.schema.json, for editors.";

#[derive(Debug, Args)]
pub struct Init {
    /// The folder, which is made if it is not there [default: this one]
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// What every resource name begins with [default with --yes: the folder's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What the lake is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Files as they land, or objects as s3://BUCKET/KEY; each kind becomes a table
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,
    /// The time of day at which the pipeline runs, in UTC, beside running when files arrive
    #[arg(long, value_name = "HH:MM")]
    pub daily: Option<String>,
    /// Ask nothing and take what is usual
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub place: Place,
}

pub const SCHEMA_HELP: &str = "\
Examples:
  tarn schema
  tarn schema --out lake.schema.json

Editors with taplo, such as VS Code with Even Better TOML, follow a first line of lake.toml:
  #:schema ./lake.schema.json

What the header of a model's file may say is the schema's definition `model`.";

#[derive(Debug, Args)]
pub struct Schema {
    /// Write it to a file instead, in the place of what is there
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

const ZONE_ADD_HELP: &str = "\
Examples:
  tarn zone add finance --tables orders,events --description 'Monthly figures'
  tarn zone add finance --tables orders --dry-run

The block comes behind the last [[zone]]; no other byte of lake.toml changes. Nothing is deployed:
tarn deploy does that. A file that would have faults is not written, and the faults are shown.";

#[derive(Debug, Subcommand)]
pub enum Zone {
    /// Add a zone
    #[command(after_help = ZONE_ADD_HELP)]
    Add(ZoneAdd),
    /// Take a zone out, with the comments directly above it
    #[command(after_help = "Example:\n  tarn zone remove finance")]
    Remove(BlockRemove),
}

#[derive(Debug, Args)]
pub struct ZoneAdd {
    /// Its bucket and database are called by it
    pub name: String,
    /// The tables it may have
    #[arg(long, value_name = "NAME", value_delimiter = ',', required = true)]
    pub tables: Vec<String>,
    /// Whose it is and what for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub description: String,
    /// Write it to a file of its own beside lake.toml, zones/NAME.toml
    #[arg(long)]
    pub own_file: bool,
    /// Show the block and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

const TABLE_ADD_HELP: &str = "\
Examples:
  tarn table add orders --from data/orders_20260131.csv
  tarn table add clicks --from s3://shop-dev-landing-123456789012-eu-central-1/clicks/1.jsonl
  tarn table add orders --from orders.csv --files 'shop/orders*.csv' --dry-run

The file is read as a whole. Delimiter, header and whether it is JSON Lines are judged by its first
64 KiB, types by every row. What is a date in its name becomes {date:...} in `files`. The block comes
behind the last [[table]]; no other byte of lake.toml changes, and nothing is deployed.";

#[derive(Debug, Subcommand)]
pub enum Table {
    /// Add a table: its columns and format are those of a file
    #[command(after_help = TABLE_ADD_HELP)]
    Add(TableAdd),
    /// Take a table out, with the comments directly above it
    #[command(
        after_help = "Example:\n  tarn table remove events\n\nA table that zones have is refused; take it out of them first."
    )]
    Remove(BlockRemove),
}

#[derive(Debug, Args)]
pub struct TableAdd {
    /// What SQL calls it
    pub name: String,
    /// A file as they land, or an object as s3://BUCKET/KEY, compressed or not
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Which files in landing belong to it [default: those called like FILE]
    #[arg(long, value_name = "PATTERN")]
    pub files: Option<String>,
    /// What it holds
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub description: String,
    /// Write it to a file of its own beside lake.toml, tables/NAME.toml
    #[arg(long)]
    pub own_file: bool,
    /// Show the block and write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct BlockRemove {
    /// Its name
    pub name: String,
    /// Show the lines that would go, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

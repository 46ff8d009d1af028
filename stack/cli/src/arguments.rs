//! What can be typed.

mod backups;
mod edits;
mod models;
mod runs;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use backups::{Backup, BackupList, BackupVerb, Restore};
pub use edits::{BlockRemove, Init, Schema, Table, TableAdd, Zone, ZoneAdd};
pub use models::{Model, ModelUpkeep};
pub use runs::{Files, Reprocess, Run, Site, Unlock, Watch, Why};

/// Turns one file, lake.toml, into a whole serverless AWS data lake.
#[derive(Debug, Parser)]
#[command(name = "tarn", version, about, after_help = AFTER_HELP, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Your own files, with nothing but this machine:
  tarn init --from data/events.csv  write a first lake.toml, with a table for them
  tarn run --dir lake               run the pipeline over the folder lake: lake/landing to lake/silver

A first tour of the whole, with no AWS account:
  tarn init                         write a first lake.toml
  tarn local start                  start the local cloud
  tarn deploy --local               deploy the lake of ./lake.toml onto it
  tarn push --local data/           copy new and changed files to landing
  tarn run --local                  run the pipeline and follow it
  tarn query --local 'select count(*) as n from events'
  tarn destroy --local              take everything away

Exit status:
  0  done
  1  something could not be done
  2  the command line or lake.toml is at fault; nothing was done
  3  no credentials, or a right is missing
  4  there are changes, where --exit-code asks for them";

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The lake's file [default: lake.toml in this folder or the nearest one above]
    #[arg(long, global = true, value_name = "FILE", env = "TARN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Which deployment of the lake: dev, prod, a test's name
    #[arg(long, global = true, value_name = "NAME", default_value = "dev", env = "TARN_ENV")]
    pub env: String,
    /// Print the result as JSON on standard output, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where a command acts.
#[derive(Debug, Clone, Copy, Args)]
pub struct Place {
    /// Act on the local cloud of this project instead of AWS (see `tarn local start`)
    #[arg(long)]
    pub local: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first lake.toml; it never overwrites one
    #[command(after_help = edits::INIT_HELP)]
    Init(Init),
    /// Check lake.toml and the templates made of it; needs no account
    Check,
    /// Write the CloudFormation templates to a folder, or tell what changes in them; needs no account
    #[command(after_help = RENDER_HELP)]
    Render(Render),
    /// Add a zone to lake.toml, or take one out; comments and order stay
    #[command(subcommand)]
    Zone(Zone),
    /// Add a table to lake.toml, or take one out; comments and order stay
    #[command(subcommand)]
    Table(Table),
    /// Look at the models, which are the files in models/ beside lake.toml; needs no account
    #[command(subcommand)]
    Model(Model),
    /// Print the JSON Schema of lake.toml, by which editors complete and check the file
    #[command(after_help = edits::SCHEMA_HELP)]
    Schema(Schema),
    /// Turn text into Parquet on this machine; needs no account, unless it lies in S3
    #[command(after_help = CONVERT_HELP)]
    Convert(Convert),
    /// Look whether a deployment can begin: credentials, region, names, leftovers, Lake Formation
    #[command(after_help = "Examples:\n  tarn doctor --env prod\n  tarn doctor --local --ignore 6,7 --json")]
    Doctor(Doctor),
    /// Tell what `deploy` would do to the account, data at risk first, and what the lake costs; nothing is changed
    #[command(after_help = "Examples:\n  tarn plan --env prod\n  tarn plan --local --exit-code --json")]
    Plan(Plan),
    /// Bring the account to what lake.toml says: plan, ask where somebody can answer, apply
    #[command(
        after_help = "Examples:\n  tarn deploy --local\n  tarn deploy --env prod\n  tarn deploy --env prod --remove-zones --yes"
    )]
    Deploy(Deploy),
    /// Take the lake down: stacks, buckets with all their versions, everything
    #[command(
        after_help = "Examples:\n  tarn destroy --local --yes\n  tarn destroy --env test --dry-run\n  tarn destroy --lake retail --env test"
    )]
    Destroy(Destroy),
    /// Run the pipeline and follow it until its account is balanced
    #[command(after_help = runs::RUN_HELP)]
    Run(Run),
    /// Run the pipeline over a folder whenever new files lie in its landing, until Ctrl-C
    #[command(after_help = runs::WATCH_HELP)]
    Watch(Watch),
    /// List what became of every file that landed
    #[command(after_help = runs::FILES_HELP)]
    Files(Files),
    /// Tell everything about one file: its table, its runs, what it became, and what happens next
    #[command(after_help = runs::WHY_HELP)]
    Why(Why),
    /// Let the next run convert files again
    #[command(after_help = runs::REPROCESS_HELP)]
    Reprocess(Reprocess),
    /// Take away the lock of a deployment that has died
    #[command(after_help = runs::UNLOCK_HELP)]
    Unlock(Unlock),
    /// Find what no source has any more, such as objects that a dead worker left, and remove it
    #[command(after_help = JANITOR_HELP)]
    Janitor(Janitor),
    /// Write down catalog, rights, ledger and configuration as one set; list the sets that there are
    #[command(after_help = backups::BACKUP_HELP)]
    Backup(Backup),
    /// Give a lake back what a backup has, or look whether the backup is whole
    #[command(after_help = backups::RESTORE_HELP)]
    Restore(Restore),
    /// Look whether the deployed lake is well: stacks, last run, queues, alarms, grants of every zone
    #[command(after_help = STATUS_HELP)]
    Status(Status),
    /// Show who sees which column of which table: by the file, and as it is deployed
    #[command(after_help = ACCESS_HELP)]
    Access(Access),
    /// Answer whether somebody can read a table or a column
    #[command(after_help = CAN_HELP)]
    Can(Can),
    /// Ask the lake a question in SQL
    #[command(
        after_help = "Examples:\n  tarn query 'select event, count(*) as n from events group by event'\n  \
                      tarn query --zone marketing --format csv 'select * from category_tree'\n  \
                      tarn query --ops 'select key, status, reason from files order by began'\n  \
                      tarn query --dir lake 'select count(*) as n from events'"
    )]
    Query(Query),
    /// Copy new and changed files of a folder to landing
    #[command(after_help = "Example:\n  tarn push --local data/\n\nKeys are the paths below the folder. \
                            Hidden files are left out.")]
    Push(Push),
    /// Start, stop or look at the local cloud of this project
    #[command(subcommand)]
    Local(Local),
}

const RENDER_HELP: &str = "\
Examples:
  tarn render --out build/templates
  tarn render --diff build/templates
  tarn render --diff ../main/lake.toml --exit-code

What changes is told from OTHER to the lake.toml of this project: data at risk first, then settings,
tables, zones, rights, and every resource. No account is asked.";

#[derive(Debug, Args)]
pub struct Render {
    /// The folder; it is made if it is not there
    #[arg(long, value_name = "DIR", required_unless_present = "diff")]
    pub out: Option<PathBuf>,
    /// Tell what changes since another lake.toml, or since what --out once wrote to a folder
    #[arg(long, value_name = "OTHER")]
    pub diff: Option<PathBuf>,
    /// End with status 4 if there are changes
    #[arg(long, requires = "diff")]
    pub exit_code: bool,
    /// Write what `deploy --local` would deploy
    #[arg(long)]
    pub local: bool,
}

const CONVERT_HELP: &str = "\
Examples:
  tarn convert data/events*.csv.gz --table events --out silver
  tarn convert orders.txt --schema orders.toml --out silver --codec snappy
  tarn convert unknown.csv --infer --out silver
  tarn convert events.csv --table events --out silver --partition-by event --cluster-by itemid
  tarn convert s3://raw/events.csv.gz --table events --out s3://lake/events/

One Parquet file for each input, events.csv.gz to events.parquet; of a large one several of about
--target-size, events.part-00000.parquet and so on. Bad rows go to a file beside it,
events.rejects.jsonl, with line, byte offset and reason. A schema file has the keys of a [[table]]
of lake.toml:

  delimiter = \"|\"
  header = false
  columns = { id = \"int64\", placed = \"date\", price = \"decimal(12,2)\" }

With --partition-by event the rows go to event=view/events.parquet and so on below the folder. A
column with more values than max_partitions sorts the rows instead; a warning says so.

Objects of S3 are read as streams. What goes to S3 is made in the system's temporary folder first and
uploaded when all files are done, each object as a whole.

Exit status 1: a file was refused; the others were converted.";

#[derive(Debug, Args)]
pub struct Convert {
    /// The files, or objects as s3://BUCKET/KEY, compressed or not
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// The folder for the Parquet files, which is made if it is not there, or s3://BUCKET/PREFIX/
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub columns: Columns,
    /// Columns that become folders, such as event=view/, instead of the table's [partition_by]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub partition_by: Vec<String>,
    /// Columns that rows are sorted by inside a file, instead of the table's [cluster_by]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub cluster_by: Vec<String>,
    /// How the Parquet files are compressed
    #[arg(long, value_enum, default_value_t = Codec::Zstd)]
    pub codec: Codec,
    /// How many threads convert a file [default: one for each core, at most 4]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// About how much memory a conversion may take, such as 192M or 1G
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub memory: Option<u64>,
    /// A Parquet file that would become larger is followed by another, events.part-00001.parquet
    #[arg(long, value_name = "BYTES", value_parser = bytes, default_value = "128M")]
    pub target_size: u64,
    /// The secret key of columns that are hashed, at least 16 bytes; a line end behind it is left out
    #[arg(long, value_name = "FILE")]
    pub hash_key_file: Option<PathBuf>,
    /// Replace Parquet files that are there already
    #[arg(long)]
    pub overwrite: bool,
}

/// Where the columns and the format of the files are written.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Columns {
    /// In this table of lake.toml
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// In this file, with the keys of a [[table]]
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Nowhere yet: read each file as a whole, print the block that fits, and use it
    #[arg(long)]
    pub infer: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    Zstd,
    Snappy,
}

/// A number of bytes, with `K`, `M` or `G` for powers of 1,024.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, power) = match text.to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        number if number.ends_with('K') => (number.len() - 1, 10),
        number if number.ends_with('M') => (number.len() - 1, 20),
        number if number.ends_with('G') => (number.len() - 1, 30),
        number => (number.len(), 0),
    };
    let number: Option<u64> = text.get(..digits).and_then(|digits| digits.parse().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << power)).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "write a number of bytes, such as 201326592, 192M or 1G".into())
}

#[derive(Debug, Args)]
pub struct Deploy {
    #[command(flatten)]
    pub place: Place,
    /// Where the handlers' archive lies [default: beside the tarn binary]
    #[arg(long, value_name = "DIR", env = "TARN_HANDLERS")]
    pub handlers: Option<PathBuf>,
    /// Take down the stacks of zones that are not in lake.toml any more; without it they stay
    #[arg(long)]
    pub remove_zones: bool,
    /// Do not ask, whatever the plan says
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub place: Place,
    /// Where the handlers' archive lies [default: beside the tarn binary]
    #[arg(long, value_name = "DIR", env = "TARN_HANDLERS")]
    pub handlers: Option<PathBuf>,
    /// Checks that do not count, by their numbers
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    pub ignore: Vec<u8>,
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub place: Place,
    /// Where the handlers' archive lies [default: beside the tarn binary]
    #[arg(long, value_name = "DIR", env = "TARN_HANDLERS")]
    pub handlers: Option<PathBuf>,
    /// End with status 4 if there is anything to do
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub struct Destroy {
    #[command(flatten)]
    pub place: Place,
    /// Do not ask for the lake's name
    #[arg(long)]
    pub yes: bool,
    /// Only tell what would go
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Keep the buckets, the key that reads them and the ledger; everything else goes
    #[arg(long)]
    pub keep_data: bool,
    /// The name of the environment, where it is protected; --yes does not stand for it
    #[arg(long, value_name = "ENV")]
    pub protected: Option<String>,
    /// The lake's name, where its lake.toml is gone; with --env, it says which one goes
    #[arg(long, value_name = "NAME")]
    pub lake: Option<String>,
}

const JANITOR_HELP: &str = "\
Examples:
  tarn janitor --dry-run
  tarn janitor --dir lake --yes

An object goes if its name is that of a source that is done and does not have it, was refused, failed
too often, or is known neither to the ledger nor to landing, and if it is older than two days. So do
parts of large files, and partitions without objects. Raw files in bronze and copies in zones stay.
Ends with 1 if the ledger knows so little of a table that its objects are no orphans.";

#[derive(Debug, Args)]
pub struct Janitor {
    #[command(flatten)]
    pub place: Place,
    /// Act on this folder instead of AWS
    #[arg(long, value_name = "DIR", conflicts_with = "local")]
    pub dir: Option<PathBuf>,
    /// Only tell what would go
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

const STATUS_HELP: &str = "\
Examples:
  tarn status --env prod
  tarn status --env prod --drift --json
  tarn status --env prod --repair

Ends with 0 if all is well, and with 1 if something is wrong or could not be asked. --repair needs, of
the caller, to be an administrator of Lake Formation with lakeformation:GrantPermissions,
RevokePermissions, RegisterResource and PutDataLakeSettings, and iam:PassRole on the lake's location
roles. What others granted to others stays.";

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub place: Place,
    /// Let CloudFormation compare every stack with what stands; takes some minutes
    #[arg(long)]
    pub drift: bool,
    /// Give back what Lake Formation lacks: administrator, locations, grants
    #[arg(long)]
    pub repair: bool,
}

const ACCESS_HELP: &str = "\
Examples:
  tarn access --local
  tarn access --zone marketing --table events --json
  tarn access --file-only

What is deployed is what the deployed file says, as far as the grants stand in Lake Formation; what
a grant lets somebody see beyond that is told too. Ends with 4 where the file and what is deployed differ.";

#[derive(Debug, Args)]
pub struct Access {
    #[command(flatten)]
    pub place: Place,
    /// Only of this zone
    #[arg(long, value_name = "NAME")]
    pub zone: Option<String>,
    /// Only of this table
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Ask no account: what the file says
    #[arg(long)]
    pub file_only: bool,
}

const CAN_HELP: &str = "\
Examples:
  tarn can marketing read events.email
  tarn can role/Analyst read orders --zone finance
  tarn can role/Analyst read sales_by_day.paid
  tarn can arn:aws:iam::123456789012:user/ana read events --file-only

PRINCIPAL is a zone, for its reader role, or a role or user as the file writes it. Ends with 0 if it can
read at least one column that was asked for, masked and hashed ones too, and with 1 if it cannot.";

#[derive(Debug, Args)]
pub struct Can {
    #[command(flatten)]
    pub place: Place,
    /// A zone, `role/NAME`, or an ARN
    pub principal: String,
    /// What it would do
    #[arg(value_parser = ["read"], value_name = "read")]
    pub verb: String,
    /// TABLE or TABLE.COLUMN, or a model in the place of the table
    #[arg(value_name = "TABLE[.COLUMN]")]
    pub what: String,
    /// Only through this zone
    #[arg(long, value_name = "NAME")]
    pub zone: Option<String>,
    /// Ask no account: what the file says
    #[arg(long)]
    pub file_only: bool,
}

#[derive(Debug, Args)]
pub struct Query {
    #[command(flatten)]
    pub place: Place,
    /// Ask in a zone's database instead of silver
    #[arg(long, value_name = "NAME")]
    pub zone: Option<String>,
    /// Ask in the lake's own tables, `runs`, `files` and `quarantine`, instead of silver
    #[arg(long, conflicts_with = "zone")]
    pub ops: bool,
    /// Ask in a folder that `tarn run --dir` made, silver and gold alike; needs no account
    #[arg(long, value_name = "DIR", conflicts_with_all = ["zone", "ops", "local"])]
    pub dir: Option<PathBuf>,
    /// Tell how the question would be answered, and do not ask it
    #[arg(long, requires = "dir")]
    pub explain: bool,
    /// How to print the answer; --json is the same as json
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The statement
    pub sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub struct Push {
    #[command(flatten)]
    pub place: Place,
    /// The folder
    pub dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Local {
    /// Start it: a Python environment of its own, MiniStack with IAM enforced, and moto
    Start,
    /// Stop it; what is in it is gone
    Stop,
    /// Say whether it runs, and where
    Status,
}

//! What can be typed of backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Site;

pub const BACKUP_HELP: &str = "\
Examples:
  tarn backup --env prod
  tarn backup --env prod --to s3://company-backups/lake/
  tarn backup --id 20260131T042000512Z --to /mnt/backups
  tarn backup list --from /mnt/backups
  tarn backup --dir lake --to /mnt/backups

A set holds the catalog with its DDL, rights and tags, the ledger, the configuration and the reports of
runs. It holds no rows and no files. On AWS one is made every week too. Sets lie in the lake's ops bucket,
and go with it: --to copies a set to a place of its own. A run that is under way is waited for, three
minutes at most; the set of a longer one says which parts moved.

Exit status 1: the set could not be made, or did not come back as it was written.";

/// A backup to be made, or what there is.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Backup {
    #[command(subcommand)]
    pub verb: Option<BackupVerb>,
    #[command(flatten)]
    pub site: Site,
    /// Copy the set to a folder, or to s3://BUCKET/PREFIX/, which outlive the lake
    #[arg(long, value_name = "PLACE")]
    pub to: Option<PathBuf>,
    /// Copy this set, and make no other
    #[arg(long, value_name = "ID", requires = "to")]
    pub id: Option<String>,
    /// Remove sets that are more than `keep` of [backup], as the weekly backup does
    #[arg(long, conflicts_with = "id")]
    pub prune: bool,
}

#[derive(Debug, Subcommand)]
pub enum BackupVerb {
    /// List the sets that there are
    List(BackupList),
}

/// The sets of a place.
#[derive(Debug, Args)]
pub struct BackupList {
    #[command(flatten)]
    pub site: Site,
    /// List those of a folder, or of s3://BUCKET/PREFIX/, instead of the lake's own
    #[arg(long, value_name = "PLACE")]
    pub from: Option<PathBuf>,
}

pub const RESTORE_HELP: &str = "\
Examples:
  tarn restore --check --env prod
  tarn restore 20260131T042000512Z --from /mnt/backups --check
  tarn restore --env prod --from s3://company-backups/lake/
  tarn restore --env prod --into test --dry-run
  tarn restore --dir lake --from /mnt/backups

The newest set is taken where no ID is given. The lake must stand: `tarn deploy` comes first. Give back the
data of silver, bronze and landing before, with nothing that starts a run: what the ledger says is held
against what lies there. Tables, partitions, rights, tags and records that are newer than the set stay,
unless --force is given; it can be repeated.

Exit status 1: a part of the set is broken, or something could not be given back; both are named.";

/// A set to be looked at, or to be given back.
#[derive(Debug, Args)]
pub struct Restore {
    /// The set [default: the newest]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub site: Site,
    /// Take the set from a folder, or from s3://BUCKET/PREFIX/, instead of the lake's own
    #[arg(long, value_name = "PLACE")]
    pub from: Option<PathBuf>,
    /// Only read every part, and say which is not what was written
    #[arg(long, conflicts_with_all = ["into", "force", "dry_run"])]
    pub check: bool,
    /// Give it to this environment of the lake instead of --env
    #[arg(long, value_name = "ENV", conflicts_with = "dir")]
    pub into: Option<String>,
    /// Only tell what would be given back
    #[arg(long)]
    pub dry_run: bool,
    /// Overwrite what is newer than the set
    #[arg(long)]
    pub force: bool,
    /// Do not ask whether what is newer is to be overwritten
    #[arg(long)]
    pub yes: bool,
}

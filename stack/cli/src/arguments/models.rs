//! What can be typed about models.

use clap::{Args, Subcommand};

use super::Site;

#[derive(Debug, Subcommand)]
pub enum Model {
    /// List the models in the order in which they are made, with what they read
    #[command(after_help = "Examples:\n  tarn model list\n  tarn model list --json")]
    List,
    /// Find the columns of models and their types without running any, or what is wrong with them
    #[command(after_help = "Examples:\n  tarn model check\n  tarn model check sales_by_day --json")]
    Check(ModelCheck),
    /// Keep their tables: small files put together, old snapshots let go, what nothing names removed
    #[command(after_help = UPKEEP_HELP)]
    Upkeep(ModelUpkeep),
}

const UPKEEP_HELP: &str = "\
Examples:
  tarn model upkeep --dir lake --yes
  tarn model upkeep --env prod --leave-files

No row changes, and runs may go on. A snapshot goes when it is older than seven days and not among the
newest five; a file that no snapshot names when it is older than three days, and if you say so. On AWS this
also comes by itself, on Sundays at 03:50 UTC; in a protected environment that one removes no file, and
whoever may types this.";

#[derive(Debug, Args)]
pub struct ModelCheck {
    /// The model [default: all]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct ModelUpkeep {
    #[command(flatten)]
    pub site: Site,
    /// Count the files that nothing names, and remove none
    #[arg(long, conflicts_with = "yes")]
    pub leave_files: bool,
    /// Remove files that nothing names without asking
    #[arg(long)]
    pub yes: bool,
}

//! What can be typed about models.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Model {
    /// List the models in the order in which they are made, with what they read
    #[command(after_help = "Examples:\n  tarn model list\n  tarn model list --json")]
    List,
}

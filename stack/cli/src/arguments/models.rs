//! What can be typed about models.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Model {
    /// List the models in the order in which they are made, with what they read
    #[command(after_help = "Examples:\n  tarn model list\n  tarn model list --json")]
    List,
    /// Find the columns of models and their types without running any, or what is wrong with them
    #[command(after_help = "Examples:\n  tarn model check\n  tarn model check sales_by_day --json")]
    Check(ModelCheck),
}

#[derive(Debug, Args)]
pub struct ModelCheck {
    /// The model [default: all]
    pub name: Option<String>,
}

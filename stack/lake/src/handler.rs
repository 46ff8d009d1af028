//! The handlers of the data plane and the settings that the control plane hands them.

use crate::{EnvironmentName, InvalidName, LakeName, Names, ZoneName};

/// A handler: one entry of the multi-call binary, chosen by the function's Handler property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Handler {
    /// Answers CloudFormation: empties a bucket before it is deleted.
    CustomResource,
    /// Answers CloudFormation: what the lake needs of Lake Formation.
    Govern,
    /// Wakes the pipeline when files arrived.
    Trigger,
    /// Lists what is new and writes the work list of a run.
    PlanRun,
    /// Converts one landing object.
    Convert,
    /// Registers a table in the Glue catalog.
    Commit,
    /// Makes a model; of the archive that has an engine for SQL.
    Model,
    /// Brings a zone's copy up to date.
    Sync,
    /// Runs a Glue crawler and waits for it.
    RunCrawlers,
    /// Balances the account of a run and writes its report.
    Account,
    /// Removes objects that no source has.
    Janitor,
    /// Writes down what no other deployment brings back.
    Backup,
    /// Keeps the tables of models: small files, old snapshots; of the archive that makes models.
    Upkeep,
}

impl Handler {
    /// Every handler.
    pub const ALL: [Handler; 13] = [
        Handler::CustomResource,
        Handler::Govern,
        Handler::Trigger,
        Handler::PlanRun,
        Handler::Convert,
        Handler::Commit,
        Handler::Model,
        Handler::Sync,
        Handler::RunCrawlers,
        Handler::Account,
        Handler::Janitor,
        Handler::Backup,
        Handler::Upkeep,
    ];

    /// The value of the function's Handler property.
    pub fn name(self) -> &'static str {
        match self {
            Handler::CustomResource => "custom-resource",
            Handler::Govern => "govern",
            Handler::Trigger => "trigger",
            Handler::PlanRun => "plan-run",
            Handler::Convert => "convert",
            Handler::Commit => "commit",
            Handler::Model => "model",
            Handler::Sync => "sync",
            Handler::RunCrawlers => "run-crawlers",
            Handler::Account => "account",
            Handler::Janitor => "janitor",
            Handler::Backup => "backup",
            Handler::Upkeep => "upkeep",
        }
    }

    /// The handler of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|handler| handler.name() == name)
    }
}

/// The environment variables that carry a handler's settings.
pub mod variable {
    /// The lake's name.
    pub const LAKE: &str = "TARN_LAKE";
    /// The environment's name.
    pub const ENVIRONMENT: &str = "TARN_ENV";
    /// The account, 12 digits.
    pub const ACCOUNT: &str = "TARN_ACCOUNT";
    /// The zone, only for sync.
    pub const ZONE: &str = "TARN_ZONE";
    /// The ARN of the secret that columns are hashed with, only where a lake hashes.
    pub const HASH_KEY: &str = "TARN_HASH_KEY";
    /// The region; Lambda sets it.
    pub const REGION: &str = "AWS_REGION";
}

/// A handler's settings: which lake it works for. All resource names follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How the lake's resources are called.
    pub names: Names,
    /// The zone a sync function serves.
    pub zone: Option<ZoneName>,
    /// The secret that columns are hashed with, where the lake hashes any.
    pub hash_key: Option<String>,
}

/// Why settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable that must be there is not.
    #[error("the environment variable {0} is not set; tarn's templates set it on every function")]
    Missing(&'static str),
    /// A variable holds what cannot be.
    #[error("the environment variable {variable}: {source}")]
    Invalid {
        /// Which variable.
        variable: &'static str,
        /// What is wrong with it.
        source: InvalidName,
    },
}

impl Settings {
    /// Reads the settings through a lookup, so that only the edge touches the environment.
    pub fn read(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name| lookup(name).filter(|v| !v.is_empty()).ok_or(SettingsError::Missing(name));
        let invalid = |variable| move |source| SettingsError::Invalid { variable, source };
        let lake = LakeName::new(required(variable::LAKE)?).map_err(invalid(variable::LAKE))?;
        let environment =
            EnvironmentName::new(required(variable::ENVIRONMENT)?).map_err(invalid(variable::ENVIRONMENT))?;
        let zone = lookup(variable::ZONE).map(ZoneName::new).transpose().map_err(invalid(variable::ZONE))?;
        let names = Names::new(lake, environment, required(variable::ACCOUNT)?, required(variable::REGION)?);
        Ok(Self { names, zone, hash_key: lookup(variable::HASH_KEY) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(Settings::read(|_| None), Err(SettingsError::Missing(variable::LAKE)));
    }

    #[test]
    fn handlers_are_found_by_their_names() {
        for handler in Handler::ALL {
            assert_eq!(Handler::named(handler.name()), Some(handler));
        }
        assert_eq!(Handler::named("main"), None);
    }
}

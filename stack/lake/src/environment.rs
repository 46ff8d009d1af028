//! One deployment of a lake: where it stands, how it is guarded, what it keeps and who is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EnvironmentName, KeyArn, PolicyArn, RoleArn};

/// One deployment of a lake: `dev`, `prod`, a test's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The second part of every resource name.
    pub name: EnvironmentName,
    /// Whether its data outlives a `destroy`: buckets, keys and tables are kept, stacks are
    /// protected against termination.
    pub protected: bool,
    /// Where it stands, and under which rules of the account.
    #[serde(default)]
    pub deployment: Deployment,
    /// How long it keeps what.
    #[serde(default)]
    pub retention: Retention,
    /// Who is told of what.
    #[serde(default)]
    pub alarms: Alarms,
    /// How many backups of it are kept.
    #[serde(default)]
    pub backup: Backups,
    /// What every resource that can be tagged is tagged with, beside tarn's own tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Where an environment stands, and what the account demands of everything in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The only account it may be deployed to; twelve digits. `None` is any.
    pub account: Option<String>,
    /// The only region. `None` is the one that the caller's settings name.
    pub region: Option<String>,
    /// What the handlers run on.
    pub architecture: Architecture,
    /// The policy that bounds what every role may ever do.
    pub permissions_boundary: Option<PolicyArn>,
    /// The role that CloudFormation works under, so that who deploys needs no rights of their own on
    /// what is deployed. `None` is the caller.
    #[serde(default)]
    pub service_role: Option<RoleArn>,
    /// A role that is made an administrator of Lake Formation, beside those that are.
    pub lake_formation_admin: Option<RoleArn>,
    /// A key that the user brings; without one the lake has a key of its own.
    pub kms_key: Option<KeyArn>,
}

/// The processor that handlers run on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Graviton: the same work for less.
    Arm64,
    /// Intel and AMD, with the vector instructions of x86-64-v3.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
}

impl Architecture {
    /// As Lambda and the handlers' archive call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }
}

/// How long things are kept, in days; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Raw files in landing, and their older versions.
    pub landing_days: Option<u32>,
    /// Rows and files in quarantine.
    pub quarantine_days: Option<u32>,
    /// Versions of objects that were replaced or deleted, in every bucket but landing.
    pub old_versions_days: u32,
    /// Plans, work lists and reports of runs.
    pub runs_days: u32,
    /// Results of queries.
    pub query_results_days: u32,
    /// Who asked the buckets for what.
    pub access_logs_days: u32,
    /// What functions and the state machine log: one of [`Retention::LOG_DAYS`].
    pub logs_days: u32,
}

impl Retention {
    /// The days that CloudWatch keeps logs for (source: `RetentionInDays` of `AWS::Logs::LogGroup`).
    pub const LOG_DAYS: [u32; 22] = [
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
        3653,
    ];

    /// What holds where the file says nothing: a protected environment remembers for longer.
    pub fn of(protected: bool) -> Self {
        let (old_versions_days, logs_days) = if protected { (90, 365) } else { (30, 30) };
        Self {
            landing_days: None,
            quarantine_days: None,
            old_versions_days,
            runs_days: 365,
            query_results_days: 30,
            access_logs_days: 365,
            logs_days,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::of(false)
    }
}

/// Who is told of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alarms {
    /// Whom a mail is sent to; each must confirm it once.
    pub emails: Vec<String>,
    /// After so many hours without a run that succeeded, somebody is told.
    pub silent_hours: Option<u32>,
}

/// Backups of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backups {
    /// The newest ones that the weekly backup leaves; never none.
    pub keep: u32,
}

impl Default for Backups {
    /// Those of two months.
    fn default() -> Self {
        Self { keep: 8 }
    }
}

impl Environment {
    /// An environment with nothing said of it.
    pub fn new(name: EnvironmentName, protected: bool) -> Self {
        Self {
            name,
            protected,
            deployment: Deployment::default(),
            retention: Retention::of(protected),
            alarms: Alarms::default(),
            backup: Backups::default(),
            tags: BTreeMap::new(),
        }
    }

    /// An environment whose data may go with it.
    pub fn throwaway(name: EnvironmentName) -> Self {
        Self::new(name, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_stored_by_an_older_tarn_is_read() {
        let stored = r#"{"name":"dev","protected":false}"#;
        let wanted = Environment::throwaway(EnvironmentName::new("dev").unwrap());
        assert_eq!(serde_json::from_str::<Environment>(stored).unwrap(), wanted);
    }

    #[test]
    fn a_protected_environment_remembers_for_longer() {
        let (dev, prod) = (Retention::of(false), Retention::of(true));
        assert!(prod.old_versions_days > dev.old_versions_days && prod.logs_days > dev.logs_days);
        assert!([dev, prod].iter().all(|kept| Retention::LOG_DAYS.contains(&kept.logs_days)));
    }
}

//! What a command ends with when it cannot go on, and the one place that prints it.

use std::process::ExitCode;

use tarn_deploy::{LockError, PortError, PortErrorKind};

use crate::console;
use crate::exit;

const DEPLOYED: &str =
    "is the lake deployed in this environment? `tarn deploy` does it; --env names another one";

const LACKING: &str = "the caller lacks this right; ask whoever manages the account's IAM";

/// Why a command cannot go on.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    /// What is wrong.
    pub message: String,
    hint: Option<String>,
}

impl Failure {
    /// The command line or the config is at fault.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { code: exit::BAD_INPUT, message: message.into(), hint: None }
    }

    /// Something could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: exit::FAILED, message: message.into(), hint: None }
    }

    /// Faults that were printed already, each under its line.
    pub fn shown() -> Self {
        Self { code: exit::BAD_INPUT, message: String::new(), hint: None }
    }

    /// Adds the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it and gives the exit status.
    pub fn print(&self) -> ExitCode {
        if !self.message.is_empty() {
            console::error(&self.message);
        }
        if let Some(hint) = &self.hint {
            console::hint(hint);
        }
        ExitCode::from(self.code)
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        match error.kind {
            PortErrorKind::Credentials => Self {
                code: exit::NO_ACCESS,
                message: "no usable AWS credentials were found: sign in (for example `aws sso login`), set \
                          AWS_PROFILE, or add --local to act on the local cloud"
                    .into(),
                hint: None,
            },
            PortErrorKind::AccessDenied => {
                Self { code: exit::NO_ACCESS, message: error.to_string(), hint: Some(LACKING.into()) }
            }
            PortErrorKind::NotFound => Self::failed(error.to_string()).hint(DEPLOYED),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Locked(locked) => Self::failed(locked.to_string()),
            LockError::Port(error) => error.into(),
        }
    }
}

impl From<tarn_core::Error> for Failure {
    fn from(error: tarn_core::Error) -> Self {
        let failure = Self::failed(error.chain());
        match error.kind() {
            tarn_core::Kind::NotFound => failure.hint(DEPLOYED),
            tarn_core::Kind::AccessDenied => Self { code: exit::NO_ACCESS, ..failure }.hint(LACKING),
            _ => failure,
        }
    }
}

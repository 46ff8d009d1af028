//! What goes wrong in a job, sorted by what can be done about it.

use std::error::Error as StdError;
use std::fmt;

/// A job's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be done about an error; its name is the error name that the state machine sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The thing asked for is not there.
    NotFound,
    /// It is there already, or somebody else changed it first.
    Conflict,
    /// The role lacks a right.
    AccessDenied,
    /// Too many requests; trying again later helps.
    Throttled,
    /// The service or the network failed; trying again may help.
    Unavailable,
    /// The input or the stored state makes no sense; trying again does not help.
    Invalid,
    /// Time is nearly up; the work goes on in another invocation.
    OutOfTime,
    /// Anything else.
    Internal,
}

impl Kind {
    /// The error name in the state machine.
    pub fn name(self) -> &'static str {
        match self {
            Kind::NotFound => "NotFound",
            Kind::Conflict => "Conflict",
            Kind::AccessDenied => "AccessDenied",
            Kind::Throttled => "Throttled",
            Kind::Unavailable => "Unavailable",
            Kind::Invalid => "Invalid",
            Kind::OutOfTime => "OutOfTime",
            Kind::Internal => "Internal",
        }
    }
}

/// An error with its kind, what was being done, and its cause.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without a deeper cause.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), source: None }
    }

    /// An error with its cause.
    pub fn caused(
        kind: Kind,
        what: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, what: what.into(), source: Some(source.into()) }
    }

    /// What can be done about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole chain of causes on one line, for a log or a state machine.
    pub fn chain(&self) -> String {
        let mut text = self.what.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

//! What the caller is told while it waits: the first start takes about a minute, and silence looks like a hang.

use std::fmt;
use std::path::PathBuf;

use crate::service::Service;

/// Receives what the local cloud does at this moment.
pub trait Observer {
    fn step(&self, step: &Step);
}

impl<F: Fn(&Step)> Observer for F {
    fn step(&self, step: &Step) {
        self(step);
    }
}

/// One step of a start. Its text fits one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another tarn is at work on the same thing.
    Waiting {
        holder: String,
    },
    /// Nothing to do.
    AlreadyRunning,
    CreatingEnvironment {
        python_version: String,
        directory: PathBuf,
    },
    /// Some packages are only for other systems or other versions of Python.
    InstallingPackages {
        at_most: usize,
    },
    /// One of the packages; `number` counts from 1.
    FetchingPackage {
        number: usize,
        package: String,
    },
    UnpackingPackages,
    Starting {
        service: Service,
        port: u16,
    },
    Answers {
        service: Service,
        url: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { holder } => write!(out, "waiting for another tarn ({holder})"),
            Self::AlreadyRunning => write!(out, "the local cloud is already running"),
            Self::CreatingEnvironment { python_version, directory } => {
                write!(out, "creating a Python {python_version} environment in {}", directory.display())
            }
            Self::InstallingPackages { at_most } => {
                write!(out, "installing up to {at_most} packages (once; takes about a minute)")
            }
            Self::FetchingPackage { number, package } => write!(out, "fetching package {number}, {package}"),
            Self::UnpackingPackages => write!(out, "unpacking the packages"),
            Self::Starting { service, port } => write!(out, "starting {service} on port {port}"),
            Self::Answers { service, url } => write!(out, "{service} answers at {url}"),
        }
    }
}

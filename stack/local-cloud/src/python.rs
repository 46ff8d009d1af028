//! Finds a Python that can run the emulators: 3.10 or newer, able to make a virtual environment.
//!
//! Finding the name is not enough: pyenv leaves shims that fail, and Debian ships `python3` without `ensurepip`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::LocalCloudError;

const CANDIDATES: [&str; 6] = ["python3.13", "python3.12", "python3.11", "python3.10", "python3", "python"];
const OLDEST: Version = Version { major: 3, minor: 10, patch: 0 };

/// Prints the version, then which of the needed modules are missing.
const PROBE: &str = "\
import sys; print('%d.%d.%d' % sys.version_info[:3])
from importlib.util import find_spec
print(' '.join(name for name in ('venv', 'ensurepip') if find_spec(name) is None))";

/// An interpreter that has been run and will do.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    pub program: PathBuf,
    pub version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(|part| part.parse().ok());
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }
}

/// Why an interpreter will not do.
#[derive(Debug, PartialEq, Eq)]
enum Unsuitable {
    NotFound,
    NotRunnable(String),
    TooOld(Version),
    Without(String),
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(out, "not found"),
            Self::NotRunnable(reason) => write!(out, "does not run ({reason})"),
            Self::TooOld(version) => write!(out, "its version {version} is older than {OLDEST}"),
            Self::Without(modules) => write!(out, "it lacks the module {}", modules.replace(' ', " and ")),
        }
    }
}

/// The interpreter that the caller named, and no other; without one, the first of the usual names that will do.
pub(crate) fn find(named: Option<&Path>) -> Result<Python, LocalCloudError> {
    match named {
        Some(program) => probe(program).map_err(|reason| LocalCloudError::UnsuitablePython {
            program: program.to_path_buf(),
            reason: reason.to_string(),
        }),
        None => find_among(&CANDIDATES),
    }
}

fn find_among(candidates: &[&str]) -> Result<Python, LocalCloudError> {
    let mut tried = Vec::new();
    for candidate in candidates {
        match probe(Path::new(candidate)) {
            Ok(python) => return Ok(python),
            Err(reason) => tried.push(format!("`{candidate}`: {reason}")),
        }
    }
    Err(LocalCloudError::NoPython { tried: tried.join("; ") })
}

fn probe(program: &Path) -> Result<Python, Unsuitable> {
    let ran = Command::new(program).args(["-I", "-c", PROBE]).output();
    let output = ran.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Unsuitable::NotFound,
        _ => Unsuitable::NotRunnable(error.to_string()),
    })?;
    let version = judge(&String::from_utf8_lossy(&output.stdout), || {
        let complaint = String::from_utf8_lossy(&output.stderr);
        complaint.lines().next().map_or_else(|| output.status.to_string(), str::to_owned)
    })?;
    Ok(Python { program: program.to_path_buf(), version })
}

/// Reads what [`PROBE`] printed; `complaint` explains why it printed too little.
fn judge(printed: &str, complaint: impl Fn() -> String) -> Result<Version, Unsuitable> {
    let mut lines = printed.lines();
    let version =
        lines.next().and_then(Version::parse).ok_or_else(|| Unsuitable::NotRunnable(complaint()))?;
    if version < OLDEST {
        return Err(Unsuitable::TooOld(version));
    }
    match lines.next() {
        Some("") => Ok(version),
        Some(missing) => Err(Unsuitable::Without(missing.to_owned())),
        None => Err(Unsuitable::NotRunnable(complaint())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        assert_eq!(Version::parse("3.11.7\n"), Some(Version { major: 3, minor: 11, patch: 7 }));
        for wrong in ["", "3", "3.11", "3.11.7.1", "3.11.x", "Python 3.11.7", "3.14.0rc1"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(
            version("3.9.18") < OLDEST && version("3.10.0") >= OLDEST && version("3.9.1") < version("3.13.0")
        );
    }

    #[test]
    fn what_the_probe_prints_is_judged() {
        let judge = |printed| judge(printed, || "no such version".to_owned());
        assert_eq!(judge("3.12.1\n\n").unwrap().to_string(), "3.12.1");
        let refused = |printed| judge(printed).unwrap_err().to_string();
        assert_eq!(refused("3.9.2\n\n"), "its version 3.9.2 is older than 3.10.0");
        assert_eq!(refused("3.11.2\nensurepip\n"), "it lacks the module ensurepip");
        assert_eq!(refused("3.11.2\nvenv ensurepip\n"), "it lacks the module venv and ensurepip");
        assert_eq!(refused(""), "does not run (no such version)");
        assert_eq!(refused("3.11.2\n"), "does not run (no such version)");
    }

    #[test]
    fn without_python_the_error_says_what_was_tried_and_what_to_install() {
        let error = find_among(&["python-that-is-not-there", "false"]).unwrap_err().to_string();
        for part in [
            "`python-that-is-not-there`: not found",
            "`false`: does not run",
            "apt-get install python3 python3-venv",
            "brew install python@3.12",
            "dnf install python3",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn a_named_interpreter_is_never_replaced_by_another() {
        let error = find(Some(Path::new("/nonexistent/python"))).unwrap_err().to_string();
        assert!(error.contains("`/nonexistent/python` cannot be used: not found"), "{error}");
    }
}

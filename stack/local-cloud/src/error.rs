//! Everything that can keep the local cloud from starting or stopping, each with the way out.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::service::Service;

/// Why a Python is needed and where it comes from; the same words for each way of not having one.
const INSTALL_PYTHON: &str =
    "The local cloud's two emulators, MiniStack and moto, are Python programs and get a \
virtual environment of their own. Install Python 3.10 or newer:
  Debian, Ubuntu:  apt-get install python3 python3-venv
  macOS:           brew install python@3.12
  Fedora:          dnf install python3";

/// A failure of the local cloud.
#[derive(Debug, thiserror::Error)]
pub enum LocalCloudError {
    /// None of the usual names led to an interpreter that will do.
    #[error("no suitable Python was found. Tried {tried}.\n{INSTALL_PYTHON}")]
    NoPython { tried: String },

    /// The interpreter that the caller named will not do.
    #[error("the Python at `{}` cannot be used: {reason}.\n{INSTALL_PYTHON}", program.display())]
    UnsuitablePython { program: PathBuf, reason: String },

    /// Making the virtual environment failed; it is made anew next time.
    #[error(
        "cannot {doing} in `{}` ({status}). The end of {}:\n{tail}\n\
         The next start tries again from the beginning; it needs the Python package registry (PyPI, or the index \
         that pip is configured for).",
        directory.display(), log.display()
    )]
    Environment { doing: &'static str, directory: PathBuf, status: ExitStatus, log: PathBuf, tail: String },

    /// Another tarn holds the lock for longer than is reasonable.
    #[error(
        "another tarn ({holder}) has been busy with `{}` for {waited_seconds} s. \
         Wait for it or end it, then try again.",
        path.display()
    )]
    Locked { path: PathBuf, holder: String, waited_seconds: u64 },

    /// A program could not be run at all.
    #[error("cannot run `{}` to {doing}: {source}", program.display())]
    Run { doing: &'static str, program: PathBuf, source: io::Error },

    /// An emulator ended by itself while it was being started.
    #[error("{service} ended while starting ({status}). The end of {}:\n{tail}", log.display())]
    Died { service: Service, status: ExitStatus, log: PathBuf, tail: String },

    /// An emulator runs but never answered while it was being started; it was ended again.
    #[error(
        "{service} did not answer at {url} within {waited_seconds} s and was ended again. The end of {}:\n{tail}",
        log.display()
    )]
    NeverAnswered { service: Service, url: String, waited_seconds: u64, log: PathBuf, tail: String },

    /// The local cloud was started, and is no longer whole. It is left as it is: it may hold work.
    #[error(
        "the local cloud is not whole: {what}. Its logs are in `{}`. \
         What is in it is lost on stopping; run `tarn local stop`, then `tarn local start`.",
        log_dir.display()
    )]
    Broken { what: String, log_dir: PathBuf },

    /// Processes that even SIGKILL did not end.
    #[error(
        "{} of the local cloud did not end within {waited_seconds} s of SIGKILL. \
         They may hang in the kernel; look at them with `ps`, then run `tarn local stop` again.",
        pids_in_words(pids)
    )]
    StillRunning { pids: Vec<u32>, waited_seconds: u64 },

    /// The file that says what runs cannot be understood.
    #[error(
        "`{}` is not what this tarn writes: {source}. \
         Run `tarn local stop`, which does not need it and removes it.",
        path.display()
    )]
    State { path: PathBuf, source: serde_json::Error },

    /// The file system or the loopback interface refused.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl LocalCloudError {
    /// Gives an I/O error its place and purpose; to be handed to `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}

fn pids_in_words(pids: &[u32]) -> String {
    let list = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    if pids.len() == 1 { format!("process {list}") } else { format!("processes {list}") }
}

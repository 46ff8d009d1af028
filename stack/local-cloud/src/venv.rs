//! The emulators' own Python environment: pinned, made once, shared by all projects.
//!
//! Its name holds a hash of the pins and of Python's version, so another tarn with other pins makes another one
//! beside it. An environment cannot be moved, so it is made in place, and a stamp written last says that it is whole.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::LocalCloudError;
use crate::lock::Lock;
use crate::log;
use crate::progress::{Observer, Step};
use crate::python::{Python, Version};
use crate::service::Service;

const REQUIREMENTS: &str = include_str!("../requirements.txt");
/// Starts MiniStack; beside the programs of the packages.
const MINISTACK: &str = include_str!("ministack.py");
const STAMP: &str = "tarn-complete";
/// An installation takes about a minute; a slow network deserves more.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Settings of the user's shell that would lead Python or pip out of the environment. The rest stays: which index
/// and which proxy pip uses is the user's business.
const MISLEADING: [&str; 10] = [
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSAFEPATH",
    "__PYVENV_LAUNCHER__",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_PYTHON",
    "PIP_DRY_RUN",
];

/// A complete environment.
#[derive(Clone, Debug)]
pub(crate) struct Venv {
    directory: PathBuf,
}

impl Venv {
    /// Finds the environment, or makes it; several callers at once make it once.
    pub fn ensure(cache: &Path, python: &Python, observer: &dyn Observer) -> Result<Self, LocalCloudError> {
        let name = format!("venv-{}", fingerprint(REQUIREMENTS, MINISTACK, python.version));
        let venv = Self { directory: cache.join(&name) };
        if venv.is_complete() {
            return Ok(venv);
        }
        fs::create_dir_all(cache).map_err(LocalCloudError::io("create the cache directory", cache))?;
        let tell = |holder| observer.step(&Step::Waiting { holder });
        let _lock = Lock::acquire(&cache.join(format!("{name}.lock")), PATIENCE, tell)?;
        if !venv.is_complete() {
            venv.make(python, &cache.join(format!("{name}.log")), observer)?;
        }
        Ok(venv)
    }

    pub fn python(&self) -> PathBuf {
        self.script("python")
    }

    pub fn script(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }

    /// The interpreter is a link to the one it was made with, which an upgrade may have removed.
    fn is_complete(&self) -> bool {
        self.directory.join(STAMP).exists() && self.python().exists()
    }

    fn make(&self, python: &Python, log: &Path, observer: &dyn Observer) -> Result<(), LocalCloudError> {
        self.remove_unfinished()?;
        File::create(log).map_err(LocalCloudError::io("create", log))?;
        observer.step(&Step::CreatingEnvironment {
            python_version: python.version.to_string(),
            directory: self.directory.clone(),
        });
        let mut create = Command::new(&python.program);
        create.args(["-I", "-m", "venv"]).arg(&self.directory);
        self.run("create a Python environment", create, log, |_| ())?;
        self.install(log, observer)?;
        self.run("check the installed packages", self.pip(&["check"]), log, |_| ())?;
        self.write(&format!("bin/{}", Service::MiniStack.script()), MINISTACK)?;
        self.write(STAMP, "").map(|_| ())
    }

    fn remove_unfinished(&self) -> Result<(), LocalCloudError> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LocalCloudError::io("remove the unfinished environment", &self.directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn install(&self, log: &Path, observer: &dyn Observer) -> Result<(), LocalCloudError> {
        observer.step(&Step::InstallingPackages { at_most: packages(REQUIREMENTS) });
        let requirements = self.write("tarn-requirements.txt", REQUIREMENTS)?;
        // No dependencies: what is not pinned is not installed; `pip check` afterwards tells if a pin is missing.
        let mut install = self.pip(&["install", "--no-deps", "--no-input", "-r"]);
        install.arg(requirements);
        let mut fetched = 0;
        self.run("install the emulators", install, log, |line| {
            if let Some(step) = progress_in(line, &mut fetched) {
                observer.step(&step);
            }
        })
    }

    fn pip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.python());
        command.args(["-u", "-m", "pip", "--disable-pip-version-check"]).args(arguments);
        command
    }

    fn write(&self, name: &str, content: &str) -> Result<PathBuf, LocalCloudError> {
        let path = self.directory.join(name);
        fs::write(&path, content).map_err(LocalCloudError::io("write", &path))?;
        Ok(path)
    }

    /// Runs a command to its end, its output into the log, each line of it also to `on_line`.
    fn run(
        &self,
        doing: &'static str,
        mut command: Command,
        log: &Path,
        on_line: impl FnMut(&str),
    ) -> Result<(), LocalCloudError> {
        let program = PathBuf::from(command.get_program());
        let not_run = |source| LocalCloudError::Run { doing, program: program.clone(), source };
        MISLEADING.iter().for_each(|name| {
            command.env_remove(name);
        });
        let mut output = File::options().append(true).open(log).map_err(LocalCloudError::io("open", log))?;
        let errors = output.try_clone().map_err(LocalCloudError::io("open", log))?;
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = spawned.map_err(not_run)?;
        if let Some(stdout) = child.stdout.take() {
            copy_lines(stdout, &mut output, on_line).map_err(LocalCloudError::io("write", log))?;
        }
        let status = child.wait().map_err(not_run)?;
        if status.success() {
            return Ok(());
        }
        Err(LocalCloudError::Environment {
            doing,
            directory: self.directory.clone(),
            status,
            log: log.to_path_buf(),
            tail: log::tail(log),
        })
    }
}

fn copy_lines(
    from: impl std::io::Read,
    to: &mut impl Write,
    mut on_line: impl FnMut(&str),
) -> std::io::Result<()> {
    for line in BufReader::new(from).split(b'\n') {
        let line = line?;
        to.write_all(&line)?;
        to.write_all(b"\n")?;
        on_line(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

fn pins(requirements: &str) -> impl Iterator<Item = &str> {
    requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// How many packages there are; one that is pinned differently for each version of Python counts once.
fn packages(requirements: &str) -> usize {
    let names = pins(requirements).filter_map(|pin| pin.split("==").next());
    names.collect::<std::collections::BTreeSet<_>>().len()
}

/// Comments do not count: rewording one must not reinstall everything.
fn fingerprint(requirements: &str, starter: &str, version: Version) -> String {
    let mut hash = Sha256::new();
    pins(requirements).for_each(|pin| hash.update(format!("{pin}\n")));
    hash.update(starter);
    hash.update(version.to_string());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What a line of pip's output tells about the progress.
fn progress_in(line: &str, fetched: &mut usize) -> Option<Step> {
    if line.starts_with("Installing collected packages") {
        return Some(Step::UnpackingPackages);
    }
    let package = line.strip_prefix("Collecting ")?.split([' ', ';']).next()?.to_owned();
    *fetched += 1;
    Some(Step::FetchingPackage { number: *fetched, package })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> Version {
        crate::python::find(None).unwrap().version
    }

    #[test]
    fn every_requirement_is_pinned_exactly() {
        for pin in pins(REQUIREMENTS) {
            let requirement = pin.split(';').next().unwrap();
            assert_eq!(requirement.matches("==").count(), 1, "{pin}");
            assert!(!requirement.contains(['>', '<', '~', '*', ',', '@']), "{pin}");
        }
        for wanted in ["ministack==1.5.33", "moto==5.2.5"] {
            assert!(pins(REQUIREMENTS).any(|pin| pin == wanted), "{wanted}");
        }
        assert!(pins(REQUIREMENTS).any(|pin| pin.starts_with("pytz==")));
    }

    #[test]
    fn a_package_with_two_pins_counts_once() {
        assert_eq!(packages("# two\na==1 ; python < '3.11'\na==2 ; python >= '3.11'\n\nb==1\n"), 2);
    }

    #[test]
    fn other_pins_make_another_environment_and_other_comments_do_not() {
        let version = version();
        let fingerprint = |requirements| fingerprint(requirements, "start", version);
        assert_eq!(fingerprint("# one\na==1\n"), fingerprint("# other\n\na==1"));
        assert_ne!(fingerprint("a==1"), fingerprint("a==2"));
    }

    #[test]
    fn pip_tells_how_far_it_is() {
        let mut fetched = 4;
        let step = progress_in("Collecting moto==5.2.5 (from -r x.txt (line 9))", &mut fetched);
        assert_eq!(step, Some(Step::FetchingPackage { number: 5, package: "moto==5.2.5".to_owned() }));
        assert_eq!(progress_in("  Downloading moto-5.2.5.whl", &mut fetched), None);
        assert_eq!(
            progress_in("Installing collected packages: x", &mut fetched),
            Some(Step::UnpackingPackages)
        );
    }

    #[test]
    fn an_unfinished_environment_is_removed_and_a_whole_one_is_found() {
        let cache = tempfile::tempdir().unwrap();
        let venv = Venv { directory: cache.path().join("venv-x") };
        fs::create_dir_all(venv.directory.join("bin")).unwrap();
        fs::write(venv.python(), "").unwrap();
        assert!(!venv.is_complete());
        venv.write(STAMP, "").unwrap();
        assert!(venv.is_complete());
        fs::remove_file(venv.python()).unwrap();
        assert!(!venv.is_complete(), "its interpreter is gone");
        venv.remove_unfinished().unwrap();
        assert!(!venv.directory.exists());
        venv.remove_unfinished().unwrap();
    }

    #[test]
    fn a_failed_command_shows_the_end_of_the_log() {
        let cache = tempfile::tempdir().unwrap();
        let log = cache.path().join("venv-x.log");
        File::create(&log).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo fetching; echo no such package >&2; exit 3"]);
        let venv = Venv { directory: cache.path().join("venv-x") };
        let error = venv.run("install the emulators", command, &log, |_| ()).unwrap_err().to_string();
        for part in ["cannot install the emulators", "exit status: 3", "no such package", "tries again"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }
}

//! Other processes: whose a process id is, and how it is ended.
//!
//! A process id alone proves nothing, it may have been given to someone else since. What proves is the command
//! line: each emulator carries a [`Marker`] in its own.
//!
//! Signals are sent by the shell's own `kill`: unsafe code is denied here, and a small container has no `/bin/kill`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalCloudError;

/// Words on a command line that tie a process to one local cloud: `-X tarn-local-cloud=<its directory>`.
///
/// Python takes any `-X` option and ignores those it does not know.
#[derive(Clone, Debug)]
pub(crate) struct Marker(String);

impl Marker {
    pub fn of(state_dir: &Path) -> Self {
        Self(format!("tarn-local-cloud={}", state_dir.to_string_lossy()))
    }

    pub fn arguments(&self) -> [&str; 2] {
        ["-X", &self.0]
    }

    fn is_in(&self, command: &str) -> bool {
        command.contains(&format!(" -X {} ", self.0))
    }
}

/// A process as it was seen a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    /// The command line, its words joined by spaces.
    pub command: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Terminate,
    Kill,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// The living processes that carry the marker.
pub(crate) fn marked(marker: &Marker) -> Result<Vec<Process>, LocalCloudError> {
    Ok(all()?.into_iter().filter(|process| marker.is_in(&process.command)).collect())
}

/// The living processes whose program lies in the folder; of a script, the program is the second word.
pub(crate) fn started_from(folder: &Path) -> Result<Vec<Process>, LocalCloudError> {
    let prefix = format!("{}/", folder.to_string_lossy());
    let is_from = |process: &Process| {
        let after_interpreter = process.command.split_once(' ').map_or("", |(_, rest)| rest);
        process.command.starts_with(&prefix) || after_interpreter.starts_with(&prefix)
    };
    Ok(all()?.into_iter().filter(is_from).collect())
}

/// Signals the process group that the process leads, or the process alone when it leads none.
///
/// A process that is already gone is no error: to be gone is what was wanted.
pub(crate) fn signal(signal: Signal, pid: u32) -> Result<(), LocalCloudError> {
    let script = r#"kill -s "$1" -- "-$2" || kill -s "$1" -- "$2""#;
    let mut kill = Command::new("sh");
    kill.args(["-c", script, "sh", signal.name(), &pid.to_string()]).stderr(Stdio::null());
    run("end a process", "sh", kill.status()).map(|_| ())
}

/// Waits until `remaining` finds no more process, and returns those left when `limit` has passed.
pub(crate) fn wait_until_gone(
    limit: Duration,
    remaining: impl Fn() -> Result<Vec<Process>, LocalCloudError>,
) -> Result<Vec<Process>, LocalCloudError> {
    let begun = Instant::now();
    loop {
        let left = remaining()?;
        if left.is_empty() || begun.elapsed() >= limit {
            return Ok(left);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Every living process; a zombie has no command line and counts as gone.
fn all() -> Result<Vec<Process>, LocalCloudError> {
    let proc = Path::new("/proc");
    if proc.join("self/cmdline").exists() { from_proc(proc) } else { from_ps() }
}

fn from_proc(proc: &Path) -> Result<Vec<Process>, LocalCloudError> {
    let entries = fs::read_dir(proc).map_err(LocalCloudError::io("list processes in", proc))?;
    // A process may end between being listed and being read; then it is not there, and that is the answer.
    Ok(entries.flatten().filter_map(|entry| read_process(&entry.path())).collect())
}

fn read_process(folder: &Path) -> Option<Process> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let words = fs::read(folder.join("cmdline")).ok()?;
    let command = String::from_utf8_lossy(words.strip_suffix(b"\0")?).replace('\0', " ");
    Some(Process { pid, command })
}

/// For macOS, which has no `/proc`.
fn from_ps() -> Result<Vec<Process>, LocalCloudError> {
    let listed = Command::new("ps").args(["-axww", "-o", "pid=,command="]).stderr(Stdio::null()).output();
    let output = run("list processes", "ps", listed)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse_ps_line).collect())
}

fn parse_ps_line(line: &str) -> Option<Process> {
    let (pid, command) = line.trim_start().split_once(' ')?;
    Some(Process { pid: pid.parse().ok()?, command: command.trim_start().to_owned() })
}

fn run<T>(doing: &'static str, program: &str, outcome: std::io::Result<T>) -> Result<T, LocalCloudError> {
    outcome.map_err(|source| LocalCloudError::Run { doing, program: PathBuf::from(program), source })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    fn sleeper(marker: &Marker) -> std::process::Child {
        let mut command = Command::new("sh");
        command.args(["-c", "read _", "sh"]).args(marker.arguments()).arg("ministack");
        command.stdin(Stdio::piped()).process_group(0).spawn().unwrap()
    }

    /// For a moment after `spawn` a child has no command line: the kernel lets the parent go on before it is set.
    pub(crate) fn wait_until_seen(marker: &Marker) {
        let begun = Instant::now();
        while marked(marker).unwrap().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(5), "never seen");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_process_is_known_by_its_marker_and_ended_with_its_group() {
        let marker = Marker::of(Path::new("/tmp/a lake/.tarn/local"));
        let mut mine = sleeper(&marker);
        let mut other = sleeper(&Marker::of(Path::new("/tmp/a lake/.tarn/local2")));
        wait_until_seen(&marker);
        let pids = |found: Vec<Process>| found.iter().map(|process| process.pid).collect::<Vec<_>>();
        assert_eq!(pids(marked(&marker).unwrap()), [mine.id()]);

        signal(Signal::Terminate, mine.id()).unwrap();
        let left = wait_until_gone(Duration::from_secs(5), || marked(&marker)).unwrap();
        assert_eq!(left, [], "not waited for yet, so a zombie: gone");
        mine.wait().unwrap();
        signal(Signal::Kill, other.id()).unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn signalling_a_process_that_is_gone_is_no_error() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        signal(Signal::Kill, child.id()).unwrap();
    }

    #[test]
    fn ps_says_the_same_as_proc() {
        let me = std::process::id();
        let find = |found: Vec<Process>| found.into_iter().find(|process| process.pid == me).unwrap();
        assert_eq!(find(from_ps().unwrap()), find(all().unwrap()));
    }

    #[test]
    fn a_ps_line_is_a_pid_and_a_command_line() {
        let process = parse_ps_line("    7 /venv/bin/python -X tarn-local-cloud=/p ministack").unwrap();
        assert_eq!(process.pid, 7);
        assert!(Marker::of(Path::new("/p")).is_in(&process.command));
        assert_eq!(parse_ps_line("PID COMMAND"), None);
    }
}

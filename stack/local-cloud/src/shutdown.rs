//! Ends a local cloud, and every function that it started.
//!
//! MiniStack does not end its functions when it ends, and waits for those that are at work; only its own reset
//! kills them. So the reset comes first, the signals follow, and what is left in the functions' directory is swept.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::LocalCloudError;
use crate::health;
use crate::ports;
use crate::process::{self, Marker, Process, Signal};
use crate::service::Service;
use crate::state::Running;

const LONGEST_RESET: Duration = Duration::from_secs(10);
const LONGEST_TERMINATION: Duration = Duration::from_secs(5);
const LONGEST_KILL: Duration = Duration::from_secs(5);

/// What a stop has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    pub services: Vec<StoppedService>,
    /// How many processes of functions were running.
    pub functions: usize,
}

/// An emulator's process that was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedService {
    pub service: Service,
    pub pid: u32,
    /// It did not end when asked to and was killed.
    pub killed: bool,
}

impl Stopped {
    /// Nothing was running.
    pub fn is_nothing(&self) -> bool {
        self.services.is_empty() && self.functions == 0
    }
}

/// Ends whatever carries the marker, whether `running` knows of it or not.
pub(crate) fn end(marker: &Marker, running: Option<&Running>) -> Result<Stopped, LocalCloudError> {
    let processes = process::marked(marker)?;
    let functions = function_processes(running, &processes)?;
    if let Some(running) = running.filter(|running| is_among(&processes, running.ministack.pid)) {
        // Its failure is no reason not to go on: the signals and the sweep do the rest.
        let _ = health::request("POST", running.ministack.port, "/_ministack/reset", LONGEST_RESET);
    }
    let killed = end_marked(marker, &processes)?;
    if let Some(running) = running {
        sweep_functions(running)?;
    }
    let stopped = |service| stopped_service(service, &processes, &killed);
    let services = Service::ALL.into_iter().filter_map(stopped).collect();
    Ok(Stopped { services, functions: functions.len() })
}

/// Without MiniStack's process, another local cloud may have its port by now, and with it the functions' directory.
fn function_processes(
    running: Option<&Running>,
    marked: &[Process],
) -> Result<Vec<Process>, LocalCloudError> {
    match running {
        Some(running)
            if is_among(marked, running.ministack.pid) || ports::is_free(running.ministack.port) =>
        {
            process::started_from(&running.function_dir)
        }
        _ => Ok(Vec::new()),
    }
}

fn is_among(processes: &[Process], pid: u32) -> bool {
    processes.iter().any(|process| process.pid == pid)
}

/// Asks, waits, kills; returns those that had to be killed.
fn end_marked(marker: &Marker, processes: &[Process]) -> Result<Vec<Process>, LocalCloudError> {
    signal_all(Signal::Terminate, processes)?;
    let stubborn = process::wait_until_gone(LONGEST_TERMINATION, || process::marked(marker))?;
    signal_all(Signal::Kill, &stubborn)?;
    let left = process::wait_until_gone(LONGEST_KILL, || process::marked(marker))?;
    if left.is_empty() { Ok(stubborn) } else { Err(still_running(&left)) }
}

fn signal_all(signal: Signal, processes: &[Process]) -> Result<(), LocalCloudError> {
    processes.iter().try_for_each(|process| process::signal(signal, process.pid))
}

fn sweep_functions(running: &Running) -> Result<(), LocalCloudError> {
    if !ports::is_free(running.ministack.port) {
        return Ok(());
    }
    let functions = || process::started_from(&running.function_dir);
    signal_all(Signal::Kill, &functions()?)?;
    let left = process::wait_until_gone(LONGEST_KILL, functions)?;
    if !left.is_empty() {
        return Err(still_running(&left));
    }
    remove_folder(&running.function_dir)
}

fn remove_folder(folder: &Path) -> Result<(), LocalCloudError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LocalCloudError::io("remove the functions' directory", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Each service once: a child that MiniStack has forked wears its command line until it runs its own program.
fn stopped_service(service: Service, processes: &[Process], killed: &[Process]) -> Option<StoppedService> {
    let running = processes.iter().filter(|process| runs(process, service));
    let process = running.min_by_key(|process| process.pid)?;
    Some(StoppedService { service, pid: process.pid, killed: is_among(killed, process.pid) })
}

pub(crate) fn runs(process: &Process, service: Service) -> bool {
    let script = format!("/bin/{}", service.script());
    process.command.split(' ').any(|word| word.ends_with(&script))
}

fn still_running(processes: &[Process]) -> LocalCloudError {
    LocalCloudError::StillRunning {
        pids: processes.iter().map(|process| process.pid).collect(),
        waited_seconds: LONGEST_KILL.as_secs(),
    }
}

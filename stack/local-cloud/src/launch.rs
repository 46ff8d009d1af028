//! Starts an emulator that outlives this tarn and its shell, and waits until it answers.
//!
//! A process group of its own keeps Ctrl-C away from it, files instead of the terminal keep it alive when the
//! terminal closes. Its environment is made from scratch: MiniStack hands it on to the functions, and neither the
//! user's credentials nor the user's proxy belong there.

use std::env;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalCloudError;
use crate::health;
use crate::log;
use crate::ports::Ports;
use crate::process::Marker;
use crate::service::{self, Service};
use crate::venv::Venv;

/// All that an emulator gets of the user's environment, beside the directory for temporary files.
const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];
const LONGEST_START: Duration = Duration::from_secs(60);
const LONGEST_PROBE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(25);

/// What all emulators of one local cloud are started with.
#[derive(Debug)]
pub(crate) struct Launcher<'a> {
    pub venv: &'a Venv,
    pub marker: &'a Marker,
    pub ports: Ports,
    pub state_dir: &'a Path,
    pub extra_variables: &'a [(String, String)],
}

/// A process that was started and may not answer yet.
#[derive(Debug)]
pub(crate) struct Launched {
    pub service: Service,
    pub pid: u32,
    pub port: u16,
    log: PathBuf,
    ended: Receiver<ExitStatus>,
}

impl Launcher<'_> {
    pub fn launch(&self, service: Service) -> Result<Launched, LocalCloudError> {
        let log = self.state_dir.join(format!("{}.log", service.name()));
        let output = File::create(&log).map_err(LocalCloudError::io("create", &log))?;
        let errors = output.try_clone().map_err(LocalCloudError::io("open", &log))?;
        let mut command = self.command(service);
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let program = PathBuf::from(command.get_program());
        let doing = "start an emulator";
        let child = command.spawn().map_err(|source| LocalCloudError::Run { doing, program, source })?;
        let (pid, port) = (child.id(), service.port(self.ports));
        Ok(Launched { service, pid, port, log, ended: reap(child) })
    }

    /// The script is given to Python rather than run: a `#!` line is cut off at 127 characters and at a space.
    fn command(&self, service: Service) -> Command {
        let mut command = Command::new(self.venv.python());
        command.args(self.marker.arguments()).arg(self.venv.script(service.script()));
        command.args(service.arguments(self.ports)).current_dir(self.state_dir).env_clear();
        command.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("TMPDIR", env::temp_dir());
        command.envs(self.extra_variables.iter().map(|(name, value)| (name, value)));
        command.envs(service.variables(self.ports));
        command
    }
}

/// Waits for the child in the background: it becomes no zombie while this process lives, and its end is noticed.
fn reap(mut child: Child) -> Receiver<ExitStatus> {
    let (tell, ended) = mpsc::channel();
    thread::spawn(move || {
        if let Ok(status) = child.wait() {
            // Nobody may be listening any more: the emulator has been ready long since.
            let _ = tell.send(status);
        }
    });
    ended
}

impl Launched {
    pub fn wait_until_ready(&self) -> Result<(), LocalCloudError> {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_START {
            if let Ok(status) = self.ended.try_recv() {
                return Err(self.died(status));
            }
            if health::answers(self.service, self.port, LONGEST_PROBE) {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(self.never_answered())
    }

    pub fn url(&self) -> String {
        service::url(self.port)
    }

    fn died(&self, status: ExitStatus) -> LocalCloudError {
        let (log, tail) = (self.log.clone(), log::tail(&self.log));
        LocalCloudError::Died { service: self.service, status, log, tail }
    }

    fn never_answered(&self) -> LocalCloudError {
        LocalCloudError::NeverAnswered {
            service: self.service,
            url: self.url(),
            waited_seconds: LONGEST_START.as_secs(),
            log: self.log.clone(),
            tail: log::tail(&self.log),
        }
    }
}

/// Where a MiniStack on this port unpacks functions; the name is MiniStack's own.
pub(crate) fn function_dir(port: u16) -> PathBuf {
    env::temp_dir().join(format!("ministack-provided-code-{port}"))
}

//! The local cloud of one project: start it, find it again, stop it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::LocalCloudError;
use crate::health;
use crate::launch::{self, Launched, Launcher};
use crate::lock::Lock;
use crate::ports::Ports;
use crate::process::{self, Marker};
use crate::progress::{Observer, Step};
use crate::python;
use crate::service::Service;
use crate::shutdown::{self, Stopped};
use crate::state::{self, Endpoint, Running, StateFile};
use crate::venv::Venv;

/// A busy emulator may be slow to answer; it is not broken for that.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
/// The other start may be installing the emulators.
const START_PATIENCE: Duration = Duration::from_secs(20 * 60);
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// How often other ports are tried when those found free were taken by someone else.
const PORT_ATTEMPTS: usize = 4;

/// The local cloud of one project, whether it runs or not.
#[derive(Clone, Debug)]
pub struct LocalCloud {
    state_dir: PathBuf,
    cache_dir: PathBuf,
    python: Option<PathBuf>,
    extra_variables: Vec<(String, String)>,
}

/// What was found on looking at `state.json`, the processes and the ports.
enum Found {
    Nothing,
    Healthy(Running),
    /// None of the processes lives any more.
    Dead(Running),
    /// Some of it lives, not all of it works.
    Broken(LocalCloudError),
}

impl LocalCloud {
    /// The local cloud of the project; `cache` holds the emulators' environment and is shared between projects.
    pub fn at(project: &Path, cache: &Path) -> Self {
        // One spelling, however the project was reached: the running processes are known by it.
        let absolute = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
        let absolute = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let state_dir = absolute(project).join(".tarn").join("local");
        Self { state_dir, cache_dir: absolute(cache), python: None, extra_variables: Vec::new() }
    }

    /// Uses this Python interpreter instead of looking for one.
    pub fn with_python(mut self, program: &Path) -> Self {
        self.python = Some(program.to_path_buf());
        self
    }

    /// Sets a variable for both emulators and, through MiniStack, for all functions; for example `RUST_LOG`.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.extra_variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts both emulators and waits until they answer. When they already do, they are left alone.
    pub fn start(&self, observer: &dyn Observer) -> Result<Running, LocalCloudError> {
        self.make_state_dir()?;
        let _lock = self.lock(START_PATIENCE, |holder| observer.step(&Step::Waiting { holder }))?;
        match self.look()? {
            Found::Healthy(running) => {
                observer.step(&Step::AlreadyRunning);
                return Ok(running);
            }
            Found::Broken(error) => return Err(error),
            Found::Dead(running) => self.clear(Some(&running))?,
            // A start that was interrupted leaves processes and no state.
            Found::Nothing => self.clear(None)?,
        };
        let python = python::find(self.python.as_deref())?;
        let venv = Venv::ensure(&self.cache_dir, &python, observer)?;
        let running = self.launch(&venv, observer)?;
        self.state_file().write(&running)?;
        Ok(running)
    }

    /// The local cloud, if it runs and answers. What is left of one that has died is cleaned up.
    pub fn running(&self) -> Result<Option<Running>, LocalCloudError> {
        match self.look()? {
            Found::Nothing => return Ok(None),
            Found::Healthy(running) => return Ok(Some(running)),
            Found::Broken(error) => return Err(error),
            Found::Dead(_) => (),
        }
        let _lock = self.lock(STOP_PATIENCE, |_| ())?;
        // Once more, under the lock: another tarn may have started it meanwhile.
        match self.look()? {
            Found::Nothing => Ok(None),
            Found::Healthy(running) => Ok(Some(running)),
            Found::Broken(error) => Err(error),
            Found::Dead(running) => self.clear(Some(&running)).map(|_| None),
        }
    }

    /// Ends both emulators and all functions they started. What was in the local cloud is gone.
    pub fn stop(&self) -> Result<Stopped, LocalCloudError> {
        if !self.state_dir.exists() {
            return Ok(Stopped::default());
        }
        let _lock = self.lock(STOP_PATIENCE, |_| ())?;
        let running = match self.state_file().read() {
            // The marked processes are found without it.
            Err(LocalCloudError::State { .. }) => None,
            other => other?,
        };
        self.clear(running.as_ref())
    }

    fn clear(&self, running: Option<&Running>) -> Result<Stopped, LocalCloudError> {
        let stopped = shutdown::end(&self.marker(), running)?;
        self.state_file().remove()?;
        Ok(stopped)
    }

    fn look(&self) -> Result<Found, LocalCloudError> {
        let Some(running) = self.state_file().read()? else {
            return Ok(Found::Nothing);
        };
        let processes = process::marked(&self.marker())?;
        let lives = |service: Service| {
            let pid = running.endpoint(service).pid;
            processes.iter().any(|process| process.pid == pid && shutdown::runs(process, service))
        };
        let [ministack, moto] = Service::ALL.map(lives);
        Ok(match (ministack, moto) {
            (true, true) => self.ask(running),
            (true, false) => self.broken("moto has ended while MiniStack still runs".to_owned()),
            (false, true) => self.broken("MiniStack has ended while moto still runs".to_owned()),
            (false, false) => Found::Dead(running),
        })
    }

    fn ask(&self, running: Running) -> Found {
        let silent = Service::ALL
            .into_iter()
            .find(|service| !health::answers(*service, running.endpoint(*service).port, LONGEST_ANSWER));
        match silent {
            None => Found::Healthy(running),
            Some(service) => self.broken(format!(
                "{service} runs (process {}) and does not answer at {} within {} s",
                running.endpoint(service).pid,
                running.endpoint(service).url,
                LONGEST_ANSWER.as_secs()
            )),
        }
    }

    fn broken(&self, what: String) -> Found {
        Found::Broken(LocalCloudError::Broken { what, log_dir: self.state_dir.clone() })
    }

    /// A port that was free may be taken before the emulator gets there; then others are tried.
    fn launch(&self, venv: &Venv, observer: &dyn Observer) -> Result<Running, LocalCloudError> {
        let mut attempt = 1;
        loop {
            let ports = Ports::free()?;
            let outcome = self.launch_on(ports, venv, observer);
            if outcome.is_ok() {
                return outcome;
            }
            shutdown::end(&self.marker(), None)?;
            let taken = matches!(outcome, Err(LocalCloudError::Died { .. })) && !ports.are_free();
            if !taken || attempt == PORT_ATTEMPTS {
                return outcome;
            }
            attempt += 1;
        }
    }

    fn launch_on(
        &self,
        ports: Ports,
        venv: &Venv,
        observer: &dyn Observer,
    ) -> Result<Running, LocalCloudError> {
        let marker = self.marker();
        let (state_dir, extra_variables) = (self.state_dir.as_path(), self.extra_variables.as_slice());
        let launcher = Launcher { venv, marker: &marker, ports, state_dir, extra_variables };
        let launch = |service: Service| {
            observer.step(&Step::Starting { service, port: service.port(ports) });
            launcher.launch(service)
        };
        // Both first, then wait: they start at the same time.
        let (ministack, moto) = (launch(Service::MiniStack)?, launch(Service::Moto)?);
        for launched in [&ministack, &moto] {
            launched.wait_until_ready()?;
            observer.step(&Step::Answers { service: launched.service, url: launched.url() });
        }
        let endpoint = |launched: &Launched| Endpoint::new(launched.pid, launched.port);
        Ok(Running {
            ministack: endpoint(&ministack),
            moto: endpoint(&moto),
            started_at_unix_seconds: state::now_unix_seconds(),
            log_dir: self.state_dir.clone(),
            function_dir: launch::function_dir(ports.ministack),
        })
    }

    fn make_state_dir(&self) -> Result<(), LocalCloudError> {
        let made = fs::create_dir_all(&self.state_dir);
        made.map_err(LocalCloudError::io("create the directory", &self.state_dir))?;
        // Nothing in it belongs into the project's history.
        let ignore = self.state_dir.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(LocalCloudError::io("write", &ignore))
    }

    fn lock(&self, patience: Duration, on_wait: impl FnOnce(String)) -> Result<Lock, LocalCloudError> {
        Lock::acquire(&self.state_dir.join("lock"), patience, on_wait)
    }

    fn state_file(&self) -> StateFile {
        StateFile::within(&self.state_dir)
    }

    fn marker(&self) -> Marker {
        Marker::of(&self.state_dir)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::state::tests::running;

    fn cloud_with_state(pid: u32) -> (tempfile::TempDir, LocalCloud) {
        let project = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::at(project.path(), &project.path().join("cache"));
        cloud.make_state_dir().unwrap();
        let ports = Ports::free().unwrap();
        let [ministack, moto] = [ports.ministack, ports.moto].map(|port| Endpoint::new(pid, port));
        cloud.state_file().write(&running(ministack, moto)).unwrap();
        (project, cloud)
    }

    fn marked_sleeper(cloud: &LocalCloud) -> Child {
        let marker = cloud.marker();
        let mut command = Command::new("sh");
        command.args(["-c", "read _", "sh"]).args(marker.arguments()).arg("/x/bin/tarn-ministack");
        let child = command.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
        process::tests::wait_until_seen(&marker);
        child
    }

    #[test]
    fn where_nothing_was_started_nothing_runs_and_nothing_is_stopped() {
        let project = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::at(project.path(), &project.path().join("cache"));
        assert_eq!(cloud.running().unwrap(), None);
        assert!(cloud.stop().unwrap().is_nothing());
        assert!(!project.path().join(".tarn").exists(), "looking leaves no trace");
    }

    #[test]
    fn a_state_whose_process_ids_belong_to_someone_else_is_cleaned_up_and_they_live_on() {
        let mut stranger = Command::new("sleep").arg("300").spawn().unwrap();
        let (_project, cloud) = cloud_with_state(stranger.id());
        assert_eq!(cloud.running().unwrap(), None);
        assert_eq!(cloud.state_file().read().unwrap(), None);
        assert_eq!(stranger.try_wait().unwrap(), None, "the stranger was not ended");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }

    #[test]
    fn half_a_local_cloud_is_an_error_until_it_is_stopped() {
        let project = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::at(project.path(), &project.path().join("cache"));
        cloud.make_state_dir().unwrap();
        let mut half = marked_sleeper(&cloud);
        let ports = Ports::free().unwrap();
        let [ministack, moto] = [Endpoint::new(half.id(), ports.ministack), Endpoint::new(1, ports.moto)];
        cloud.state_file().write(&running(ministack, moto)).unwrap();
        let error = cloud.running().unwrap_err().to_string();
        assert!(error.contains("moto has ended") && error.contains("tarn local stop"), "{error}");
        let stopped = cloud.stop().unwrap();
        let [service] = stopped.services.as_slice() else { panic!("{stopped:?}") };
        assert_eq!((service.service, service.pid, service.killed), (Service::MiniStack, half.id(), false));
        assert_eq!(cloud.running().unwrap(), None);
        half.wait().unwrap();
    }

    #[test]
    fn stop_needs_no_state_to_find_what_an_interrupted_start_left() {
        let (_project, cloud) = cloud_with_state(1);
        fs::write(cloud.state_dir.join("state.json"), "{").unwrap();
        let mut left = marked_sleeper(&cloud);
        assert!(cloud.running().is_err());
        assert_eq!(cloud.stop().unwrap().services.len(), 1);
        assert_eq!(cloud.running().unwrap(), None);
        left.wait().unwrap();
    }
}

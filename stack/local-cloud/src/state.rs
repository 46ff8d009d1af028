//! What runs, as written to `state.json`: how a later `tarn` finds the local cloud again.
//!
//! The file is written when both emulators answer and removed when they are ended. It is believed only together
//! with the processes and ports it names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::LocalCloudError;
use crate::ports::Ports;
use crate::service::{self, Service};

/// The local cloud's root credentials; both emulators know them.
const ROOT_KEY: &str = "test";

/// A local cloud that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Nearly everything of AWS.
    pub ministack: Endpoint,
    /// Lake Formation and Textract.
    pub moto: Endpoint,
    pub started_at_unix_seconds: u64,
    /// Holds `ministack.log` and `moto.log`.
    pub log_dir: PathBuf,
    /// Where MiniStack unpacks the functions it starts.
    pub function_dir: PathBuf,
}

/// Where one emulator listens, and the process that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    pub url: String,
    pub pid: u32,
    pub port: u16,
}

impl Endpoint {
    pub(crate) fn new(pid: u32, port: u16) -> Self {
        Self { url: service::url(port), pid, port }
    }
}

impl Running {
    pub fn endpoint(&self, service: Service) -> &Endpoint {
        match service {
            Service::MiniStack => &self.ministack,
            Service::Moto => &self.moto,
        }
    }

    /// The environment variables that lead an AWS SDK, or the `aws` command, to this local cloud as its root user.
    pub fn client_variables(&self) -> Vec<(&'static str, String)> {
        let ports = Ports { ministack: self.ministack.port, moto: self.moto.port };
        let mut variables = Vec::from(service::endpoint_variables(ports));
        variables.push(("AWS_ACCESS_KEY_ID", ROOT_KEY.to_owned()));
        variables.push(("AWS_SECRET_ACCESS_KEY", ROOT_KEY.to_owned()));
        variables
    }
}

/// The file `state.json` of one local cloud.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub fn within(state_dir: &Path) -> Self {
        Self { path: state_dir.join("state.json") }
    }

    pub fn read(&self) -> Result<Option<Running>, LocalCloudError> {
        let text = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(LocalCloudError::io("read", &self.path))?,
        };
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|source| LocalCloudError::State { path: self.path.clone(), source })
    }

    /// Writes beside and renames, so that a reader sees the whole file or none.
    pub fn write(&self, running: &Running) -> Result<(), LocalCloudError> {
        let beside = self.path.with_extension("json.new");
        let written = serde_json::to_vec_pretty(running).map_err(io::Error::from);
        let written = written.and_then(|text| fs::write(&beside, text));
        let renamed = written.and_then(|()| fs::rename(&beside, &self.path));
        renamed.map_err(LocalCloudError::io("write", &self.path))
    }

    pub fn remove(&self) -> Result<(), LocalCloudError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(LocalCloudError::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn now_unix_seconds() -> u64 {
    // A clock before 1970 is wrong anyway; the time is only shown.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn running(ministack: Endpoint, moto: Endpoint) -> Running {
        let [log_dir, function_dir] = ["/nonexistent/log", "/nonexistent/functions"].map(PathBuf::from);
        Running { ministack, moto, started_at_unix_seconds: 1, log_dir, function_dir }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::within(folder.path());
        assert_eq!(file.read().unwrap(), None);
        let running = running(Endpoint::new(11, 4566), Endpoint::new(12, 5000));
        file.write(&running).unwrap();
        assert_eq!(file.read().unwrap(), Some(running));
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(file.read().unwrap(), None);
    }

    #[test]
    fn a_foreign_file_is_an_error_that_names_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("state.json"), r#"{"version": 2}"#).unwrap();
        let error = StateFile::within(folder.path()).read().unwrap_err().to_string();
        assert!(error.contains("state.json") && error.contains("tarn local stop"), "{error}");
    }

    #[test]
    fn a_client_is_led_to_both_emulators_as_root() {
        let running = running(Endpoint::new(11, 4566), Endpoint::new(12, 5000));
        let variables = running.client_variables();
        assert!(variables.contains(&("AWS_ENDPOINT_URL", "http://127.0.0.1:4566".to_owned())));
        assert!(variables.contains(&("AWS_ENDPOINT_URL_TEXTRACT", "http://127.0.0.1:5000".to_owned())));
        assert!(variables.contains(&("AWS_ACCESS_KEY_ID", "test".to_owned())));
    }
}

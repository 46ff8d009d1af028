//! A local cloud that all tests share, and places made in it by other hands than ours.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use tarn_aws::{S3, SdkConfig};
use tarn_cloud::Access;
use tarn_local_cloud::{LocalCloud, Running, Service, Step};
use tarn_tests::python;
use tempfile::TempDir;

/// Places made at once: Python takes longer to start than to make them.
const BATCH: &str = "24";

/// A local cloud in a project of its own. It stops when the last test that uses it ends.
pub struct Cloud {
    cloud: LocalCloud,
    running: Running,
    _project: TempDir,
}

static SHARED: Mutex<Weak<Cloud>> = Mutex::new(Weak::new());

impl Cloud {
    /// The one that runs, or a new one.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cloud = Arc::new(Self::start());
            *shared = Arc::downgrade(&cloud);
            cloud
        })
    }

    fn start() -> Self {
        let project = tempfile::Builder::new().prefix("tarn-contract-").tempdir().unwrap();
        let cloud = LocalCloud::at(project.path(), &cache_folder());
        let running = cloud.start(&|_: &Step| ()).unwrap_or_else(|error| panic!("{error}"));
        Self { cloud, running, _project: project }
    }

    /// Where a service listens.
    pub fn endpoint(&self, service: Service) -> String {
        self.running.endpoint(service).url.clone()
    }

    /// How the adapters get there.
    pub async fn config(&self, service: Service) -> SdkConfig {
        tarn_cloud::connect(&Access::LocalCloud { endpoint: self.endpoint(service) }).await
    }

    /// The S3 of a service.
    pub async fn s3(&self, service: Service) -> S3 {
        S3::new(&self.config(service).await)
    }

    /// Fresh, empty places of a kind: `bucket`, `table` or `database`.
    pub fn places(&self, service: Service, kind: &'static str) -> Places {
        Places { endpoint: self.endpoint(service), kind, left: Mutex::default() }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Err(error) = self.cloud.stop() {
            // A panic while another one unwinds would hide what went wrong first.
            assert!(std::thread::panicking(), "the local cloud did not stop: {error}");
        }
    }
}

/// Places that nobody has used yet.
pub struct Places {
    endpoint: String,
    kind: &'static str,
    left: Mutex<Vec<String>>,
}

impl Places {
    /// The next one.
    pub fn next(&self) -> String {
        let mut left = self.left.lock().unwrap();
        if left.is_empty() {
            *left = serde_json::from_value(asked("places.py", &[&self.endpoint, self.kind, BATCH])).unwrap();
        }
        left.pop().unwrap()
    }
}

/// What a script of `tests/python` says, as JSON.
pub fn asked(script: &str, arguments: &[&str]) -> Value {
    let answer = python(script, arguments);
    assert_eq!(answer.code, 0, "{script} {arguments:?}\n{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}", answer.stdout))
}

/// The same folder as the command line's, so that the emulators are installed once.
fn cache_folder() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("TARN_CACHE_DIR")
        .or_else(|| Some(from("XDG_CACHE_HOME")?.join("tarn")))
        .or_else(|| Some(from("HOME")?.join(".cache/tarn")))
        .expect("TARN_CACHE_DIR or HOME is set")
}

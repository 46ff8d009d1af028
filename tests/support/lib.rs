//! What tests through the binary share: a project in a folder of its own, `tarn` in a scrubbed
//! environment, and the Python tools that `scripts/test` installs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it cannot go on")]

pub mod night;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

/// A project: a folder with a `lake.toml`.
pub struct Project {
    folder: TempDir,
    environment: String,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// Its exit status.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Project {
    /// A project with that `lake.toml`.
    pub fn with(lake: &str, environment: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("tarn-test-").tempdir().unwrap();
        std::fs::write(folder.path().join("lake.toml"), lake).unwrap();
        Self { folder, environment: environment.into() }
    }

    /// A copy of an example's `lake.toml`, and of its models.
    pub fn example(name: &str, environment: &str) -> Self {
        let folder = repository().join("examples").join(name);
        let project = Self::with(&fs::read_to_string(folder.join("lake.toml")).unwrap(), environment);
        for model in fs::read_dir(folder.join("models")).into_iter().flatten() {
            let model = model.unwrap();
            let name = model.file_name().into_string().unwrap();
            project.write(&format!("models/{name}"), fs::read(model.path()).unwrap());
        }
        project
    }

    /// A path in the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file of the project.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs `tarn` in the project.
    pub fn tarn(&self, arguments: &[&str]) -> Answer {
        let mut command = scrubbed(binary("tarn"));
        command.args(arguments).arg("--env").arg(&self.environment).current_dir(self.folder.path());
        answer(command)
    }

    /// Runs `tarn` and kills it after a while; whether it was still alive then.
    pub fn killed(&self, arguments: &[&str], after: Duration) -> bool {
        let mut command = scrubbed(binary("tarn"));
        command.args(arguments).arg("--env").arg(&self.environment).current_dir(self.folder.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        alive
    }

    /// Starts `tarn` and does not wait for it; what it prints can be read.
    pub fn spawned(&self, arguments: &[&str]) -> Child {
        let mut command = scrubbed(binary("tarn"));
        command.args(arguments).arg("--env").arg(&self.environment).current_dir(self.folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs `tarn` against an emulator in the place of AWS.
    pub fn tarn_at(&self, endpoint: &str, arguments: &[&str]) -> Answer {
        let mut command = scrubbed(binary("tarn"));
        command.args(arguments).arg("--env").arg(&self.environment).current_dir(self.folder.path());
        command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        answer(command)
    }

    /// Runs `tarn` and expects it to go well.
    pub fn done(&self, arguments: &[&str]) -> Answer {
        let answer = self.tarn(arguments);
        assert_eq!(answer.code, 0, "tarn {arguments:?}\n{}\n{}", answer.stdout, answer.stderr);
        answer
    }

    /// Runs `tarn ... --json` and expects it to go well.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&answer.stdout).unwrap_or_else(|e| panic!("{e}: {}", answer.stdout))
    }
}

/// Makes all files of a folder old enough not to be waited for.
pub fn settle(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            settle(&path);
        } else {
            let old = SystemTime::now() - Duration::from_secs(60);
            File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        }
    }
}

/// A text packed, to the same bytes every time.
pub fn gzip(text: &str) -> Vec<u8> {
    let mut child =
        Command::new("gzip").arg("-nc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

/// Runs a program that was built beside the tests.
pub fn program(name: &str, arguments: &[&str]) -> Answer {
    let mut command = scrubbed(binary(name));
    command.args(arguments);
    let answer = answer(command);
    assert_eq!(answer.code, 0, "{name} {arguments:?}\n{}\n{}", answer.stdout, answer.stderr);
    answer
}

/// Runs a script of `tests/python` with the interpreter that `scripts/test` has set up.
pub fn python(script: &str, arguments: &[&str]) -> Answer {
    let mut command = scrubbed(python_tools().join("python"));
    command.arg(repository().join("tests/python").join(script)).args(arguments);
    answer(command)
}

/// A script that works beside a test.
pub struct Beside {
    child: Child,
}

impl Beside {
    /// Starts a script of `tests/python`, which says `ready` when it is.
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        let mut command = scrubbed(python_tools().join("python"));
        command.arg(repository().join("tests/python").join(script)).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"ready\n", "{script}");
        Self { child }
    }

    /// Ends its input, and gives what it says then.
    pub fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The folder of Python's tools; without it a test fails, it does not skip.
pub fn python_tools() -> PathBuf {
    let folder = std::env::var_os("TARN_TEST_TOOLS")
        .expect("TARN_TEST_TOOLS is not set: run the tests through scripts/test, which installs them");
    PathBuf::from(folder)
}

/// Runs a command in a scrubbed environment.
pub fn command(program: impl AsRef<Path>, arguments: &[&str]) -> Answer {
    let mut command = scrubbed(program.as_ref().to_path_buf());
    command.args(arguments);
    answer(command)
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Where a program lies that was built beside the tests.
pub fn program_path(name: &str) -> PathBuf {
    binary(name)
}

/// A binary of this build: beside the folder that the test itself lies in.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.is_file(), "{} is not there: run scripts/build first, as scripts/test does", path.display());
    path
}

/// No credentials, profiles, proxies or settings of the developer reach a test: it must do the
/// same everywhere.
fn scrubbed(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    for kept in ["PATH", "HOME", "LANG", "TMPDIR", "TARN_CACHE_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    // What pip needs to reach its index, where the machine has an own way to it.
    for (name, value) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PIP_") {
            command.env(name, value);
        }
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/nonexistent");
    command.env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command
}

fn answer(mut command: Command) -> Answer {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

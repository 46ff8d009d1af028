//! The real thing: both emulators are installed (once), started, asked, found again, and ended without a trace.
//!
//! The environment is shared between runs, in `TARN_CACHE_DIR` or `~/.cache/tarn`; the first run takes about a minute
//! and needs the Python package registry. The test fails where it cannot run: nothing else proves this crate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "clippy takes only the test functions themselves for tests"
)]

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tarn_local_cloud::{LocalCloud, Running, Service, Step};

fn cache_dir() -> PathBuf {
    env::var_os("TARN_CACHE_DIR").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(env::var_os("HOME").expect("HOME or TARN_CACHE_DIR is set")).join(".cache/tarn")
    })
}

/// Sends a request as it stands; returns the status and the whole answer.
fn send(running: &Running, head: &str, body: &str) -> (u16, String) {
    let address = ("127.0.0.1", running.ministack.port);
    let mut connection = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(connection, "{head}\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The lines of `ps` that mention the text.
fn processes_with(text: &Path) -> Vec<String> {
    let listed = run("ps", &["-axww", "-o", "pid=,stat=,command="]);
    listed.lines().filter(|line| line.contains(&*text.to_string_lossy())).map(str::to_owned).collect()
}

fn start_a_stubborn_function(running: &Running) {
    let pid = running.ministack.pid.to_string();
    let command = run("ps", &["-ww", "-o", "command=", "-p", &pid]);
    let python = command.split(' ').next().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubborn_function.py");
    let mut caller = Command::new(python);
    caller.arg(script).envs(running.client_variables()).env_remove("AWS_PROFILE").env("NO_PROXY", "*");
    assert!(caller.status().unwrap().success(), "the function was not started");
    let begun = Instant::now();
    while processes_with(&running.function_dir).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the function does not run");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn refuses_strangers(running: &Running) {
    let (status, health) = send(running, "GET /_ministack/health HTTP/1.0", "");
    assert!(status == 200 && health.contains(r#""auth": "enabled""#), "{health}");

    let whoami = "Action=GetCallerIdentity&Version=2011-06-15";
    let unsigned = "POST / HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded";
    let (status, answer) = send(running, unsigned, whoami);
    assert!(status == 403 && answer.contains("MissingAuthenticationToken"), "{answer}");

    let now = run("date", &["-u", "+%Y%m%dT%H%M%SZ"]);
    let scope = format!("AKIAUNKNOWN000000000/{}/us-east-1/sts/aws4_request", &now[..8]);
    let stranger = format!(
        "{unsigned}\r\nX-Amz-Date: {now}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"
    );
    let (status, answer) = send(running, &stranger, whoami);
    assert!(status == 403 && answer.contains("InvalidClientTokenId"), "{answer}");
}

#[test]
fn starts_answers_is_found_again_and_stops_without_a_trace() {
    let project = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::at(project.path(), &cache_dir()).with_variable("RUST_LOG", "info");
    let steps = Mutex::new(Vec::new());
    let observer = |step: &Step| {
        println!("{step}");
        steps.lock().unwrap().push(step.clone());
    };
    let begun = Instant::now();
    let running = cloud.start(&observer).unwrap_or_else(|error| panic!("{error}"));
    println!("started in {:?}", begun.elapsed());
    assert!(!steps.lock().unwrap().contains(&Step::AlreadyRunning));
    refuses_strangers(&running);

    let begun = Instant::now();
    assert_eq!(cloud.start(&observer).unwrap(), running, "the same processes");
    println!("found again in {:?}", begun.elapsed());
    assert!(steps.lock().unwrap().contains(&Step::AlreadyRunning));
    assert_eq!(cloud.running().unwrap().as_ref(), Some(&running));
    assert_eq!(LocalCloud::at(project.path(), &cache_dir()).running().unwrap().as_ref(), Some(&running));

    start_a_stubborn_function(&running);
    let begun = Instant::now();
    let stopped = cloud.stop().unwrap_or_else(|error| panic!("{error}"));
    println!("stopped in {:?}: {stopped:?}", begun.elapsed());
    let services: Vec<Service> = stopped.services.iter().map(|stopped| stopped.service).collect();
    assert_eq!(services, [Service::MiniStack, Service::Moto]);
    assert_eq!(stopped.functions, 1);
    assert_eq!(processes_with(project.path()), [] as [String; 0]);
    assert_eq!(processes_with(&running.function_dir), [] as [String; 0]);
    assert!(!running.function_dir.exists());
    assert_eq!(cloud.running().unwrap(), None);
    assert!(cloud.stop().unwrap().is_nothing());
}

//! A proxy between functions and the local cloud, which sees every call of theirs: who makes it, and what it
//! is. So a test can kill a function at a named point, or show it objects older than they are.
//!
//! Functions are led to it by variables of their own, as a developer would lead an SDK to another endpoint; it
//! takes no code in the product. One connection carries one call.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tarn_tests::python;

use crate::lake::LocalLake;

/// A call that a function makes.
pub struct Call {
    /// `METHOD PATH OPERATION BODY`, of which the operation stands where the protocol has one.
    pub text: String,
    /// The process of the function.
    pub process: u32,
    /// The handler that it serves.
    pub handler: String,
}

/// What becomes of a call: given a way to send it on, its answer, or nothing when nobody waits for one.
pub type Rule = dyn Fn(&Call, &dyn Fn() -> Vec<u8>) -> Option<Vec<u8>> + Send + Sync;

/// The proxy. It ends with the test.
pub struct Between {
    at: SocketAddr,
    ended: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Between {
    /// Stands between these functions of a lake and the local cloud.
    pub fn stand(lake: &LocalLake, functions: &[&str], rule: Arc<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let (cloud, has_ended) = (address(&lake.endpoint), Arc::clone(&ended));
        let listening = std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if has_ended.load(Ordering::Relaxed) {
                    return;
                }
                let (rule, cloud) = (Arc::clone(&rule), cloud.clone());
                // A function that was killed meanwhile hangs up: that is no failure here.
                std::thread::spawn(move || drop(pass(client, at, &cloud, rule.as_ref())));
            }
        });
        let between = Self { at, ended, listener: Some(listening) };
        between.lead(lake, functions);
        between
    }

    fn lead(&self, lake: &LocalLake, functions: &[&str]) {
        let url = format!("http://{}", self.at);
        let named: Vec<String> = functions.iter().map(|name| lake.stack(name)).collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let led = python("lead.py", &[&[lake.endpoint.as_str(), &url][..], &named].concat());
        assert_eq!(led.code, 0, "{}", led.stderr);
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // So that it looks once more.
        let _ = TcpStream::connect(self.at);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

fn address(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

/// One call, and its answer.
fn pass(mut client: TcpStream, at: SocketAddr, cloud: &str, rule: &Rule) -> std::io::Result<()> {
    let request = request(&mut client)?;
    let from = client.peer_addr()?;
    let Some((process, handler)) = owner(from.port(), at.port(), cloud) else { return Ok(()) };
    let call = Call { text: told(&request), process, handler };
    let forward = || sent_on(&request, cloud).unwrap_or_default();
    match rule(&call, &forward) {
        Some(answer) => client.write_all(&answer),
        None => Ok(()),
    }
}

/// Reads a request whole: its head, and as much as it says.
fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65_536];
    loop {
        if is_whole(&bytes) {
            return Ok(bytes);
        }
        match client.read(&mut chunk)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(begins) = head_of(bytes) else { return false };
    let head = &bytes[..begins];
    match header(head, "content-length").and_then(|value| value.parse::<usize>().ok()) {
        Some(length) => bytes.len() >= begins + length,
        None if header(head, "transfer-encoding").is_some() => bytes.ends_with(b"\r\n0\r\n\r\n"),
        None => true,
    }
}

/// Where the body begins, once the head is there.
fn head_of(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

fn told(request: &[u8]) -> String {
    let (head, body) = request.split_at(head_of(request).unwrap_or(request.len()));
    let line = String::from_utf8_lossy(head).lines().next().unwrap_or_default().to_owned();
    let operation = header(head, "x-amz-target").unwrap_or_default();
    format!("{} {operation} {}", line.trim_end_matches(" HTTP/1.1"), String::from_utf8_lossy(body))
}

/// Sends a request on and reads its answer to the end, which the cloud marks by hanging up.
fn sent_on(request: &[u8], cloud: &str) -> std::io::Result<Vec<u8>> {
    let (head, body) = request.split_at(head_of(request).unwrap_or(request.len()));
    let head = String::from_utf8_lossy(head);
    let kept = head.trim_end().lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head = kept.chain(["connection: close", "", ""]).collect::<Vec<_>>().join("\r\n");
    let mut cloud = TcpStream::connect(cloud)?;
    cloud.write_all(head.as_bytes())?;
    cloud.write_all(body)?;
    let mut answer = Vec::new();
    cloud.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Which function has the other end of a connection.
fn owner(from: u16, to: u16, cloud: &str) -> Option<(u32, String)> {
    let (from, to) = (format!("0100007F:{from:04X}"), format!("0100007F:{to:04X}"));
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut lines = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|line| line.get(1) == Some(&from.as_str()) && line.get(2) == Some(&to.as_str()))?;
    let socket = PathBuf::from(format!("socket:[{}]", line.get(9)?));
    let has_it = |process: &u32| {
        let files = fs::read_dir(format!("/proc/{process}/fd"));
        files.is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| fs::read_link(file.path()).is_ok_and(|to| to == socket)))
        })
    };
    functions(cloud).into_iter().find(|(process, _)| has_it(process))
}

/// The processes of functions, and the handlers that they serve. The local cloud keeps the code of functions
/// in a folder that is named by its port.
pub fn functions(cloud: &str) -> Vec<(u32, String)> {
    let folder = format!("ministack-provided-code-{}/", cloud.rsplit(':').next().unwrap());
    let handler = |process: u32| {
        let below = PathBuf::from(format!("/proc/{process}"));
        let program = fs::read_link(below.join("exe")).unwrap_or_default();
        let variables = fs::read(below.join("environ")).unwrap_or_default();
        let mut variables = variables.split(|byte| *byte == 0);
        let handler = variables.find_map(|each| each.strip_prefix(b"_HANDLER="))?;
        let is_function = program.to_string_lossy().contains(&folder);
        is_function.then(|| (process, String::from_utf8_lossy(handler).into_owned()))
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    processes.filter_map(handler).collect()
}

//! A stand-in for a service that says what a test wrote down, also what no server should say.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};

use crate::{S3, SdkConfig};

/// Where it stands in an answer, the server waits for a tenth of a second.
pub(crate) const PAUSE: &str = "\u{1}";

/// A server on loopback. Every connection gets the next answer, and is closed after it.
pub(crate) struct StandIn {
    endpoint: String,
    requests: mpsc::Receiver<String>,
}

impl StandIn {
    /// Gives these answers, as they stand.
    pub(crate) fn answering(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers.into_iter().collect();
        let (tell, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut connection, _) = listener.accept().unwrap();
                tell.send(request(&mut connection)).unwrap();
                for (nth, part) in answer.split(PAUSE).enumerate() {
                    std::thread::sleep(Duration::from_millis(if nth > 0 { 100 } else { 0 }));
                    connection.write_all(part.as_bytes()).unwrap();
                }
            }
        });
        Self { endpoint, requests }
    }

    /// The way to it.
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "a test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// An S3 client of it.
    pub(crate) fn client(&self) -> S3 {
        S3::new(&self.config())
    }

    /// The requests so far: method and target, then the body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

/// An answer with that body.
pub(crate) fn ok(body: &str) -> String {
    promising(body.len(), body)
}

/// An answer whose head promises that many bytes.
pub(crate) fn promising(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn request(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            return format!("{} {body}", head.lines().next().unwrap_or_default());
        }
        let read = connection.read(&mut chunk).unwrap();
        assert!(read > 0, "the client went away");
        bytes.extend_from_slice(&chunk[..read]);
    }
}

fn length(head: &str) -> usize {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().map_or(0, |(_, value)| value.parse().unwrap())
}

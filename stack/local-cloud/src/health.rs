//! The least HTTP that can ask an emulator whether it is ready: plain, on loopback, one request a connection.
//!
//! Only the status is of interest, so an HTTP client would be a dependency for one line of text.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::service::Service;

/// Whether the service answers 200 at its health path within `limit`.
pub(crate) fn answers(service: Service, port: u16, limit: Duration) -> bool {
    request("GET", port, service.health_path(), limit).is_ok_and(|status| status == 200)
}

/// Sends a request without a body, reads the whole answer, returns its status. Each wait is bounded by `limit`.
pub(crate) fn request(method: &str, port: u16, path: &str, limit: Duration) -> io::Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, limit)?;
    connection.set_read_timeout(Some(limit))?;
    connection.set_write_timeout(Some(limit))?;
    // 1.0, so that the answer ends with the connection and is never chunked.
    write!(
        connection,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    // To the end, although only the first line counts: hanging up early fills the server's log with broken pipes.
    connection.read_to_end(&mut answer)?;
    status_of(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
}

fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_the_second_word_of_an_http_answer() {
        assert_eq!(status_of(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 503 Service Unavailable\r\n\r\n"), Some(503));
        assert_eq!(status_of(b"SSH-2.0-OpenSSH_9.2\r\n"), None);
        assert_eq!(status_of(b""), None);
    }

    #[test]
    fn nobody_there_is_no_answer() {
        let port = crate::ports::Ports::free().unwrap().ministack;
        assert!(!answers(Service::MiniStack, port, Duration::from_secs(1)));
    }
}

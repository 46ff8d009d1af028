//! Free ports on loopback. A port found free may be taken a moment later; who starts on it must be ready to retry.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::error::LocalCloudError;

/// The ports of one local cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub ministack: u16,
    pub moto: u16,
}

impl Ports {
    /// Takes two ports at once, so that they differ, and releases both.
    pub fn free() -> Result<Self, LocalCloudError> {
        let loopback = Path::new("127.0.0.1:0");
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let taken = bind().and_then(|first| Ok((first, bind()?)));
        let (first, second) = taken.map_err(LocalCloudError::io("take a free port at", loopback))?;
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let ports = port(&first).and_then(|ministack| Ok(Self { ministack, moto: port(&second)? }));
        ports.map_err(LocalCloudError::io("read the port taken at", loopback))
    }

    pub fn are_free(self) -> bool {
        is_free(self.ministack) && is_free(self.moto)
    }
}

pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_free_ports_differ_and_a_taken_one_is_seen() {
        let ports = Ports::free().unwrap();
        assert_ne!(ports.ministack, ports.moto);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(taken.local_addr().unwrap().port()));
    }
}

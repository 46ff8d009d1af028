//! The two emulators: how each is started and how each says that it is ready.

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv4Addr;

use crate::ports::Ports;

/// The only region of the local cloud.
pub(crate) const REGION: &str = "us-east-1";

/// One of the two programs that make up the local cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    MiniStack,
    Moto,
}

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::MiniStack, Self::Moto];

    /// The service's name in messages, and the stem of its log file.
    pub fn name(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Moto => "moto",
        }
    }

    /// The program's name in the environment's `bin`.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::MiniStack => "tarn-ministack",
            Self::Moto => "moto_server",
        }
    }

    pub(crate) fn port(self, ports: Ports) -> u16 {
        match self {
            Self::MiniStack => ports.ministack,
            Self::Moto => ports.moto,
        }
    }

    /// A path that answers 200 once the service is ready.
    pub(crate) fn health_path(self) -> &'static str {
        match self {
            Self::MiniStack => "/_ministack/health",
            Self::Moto => "/moto-api/",
        }
    }

    pub(crate) fn arguments(self, ports: Ports) -> Vec<OsString> {
        match self {
            Self::MiniStack => Vec::new(),
            Self::Moto => ["-H", "127.0.0.1", "-p", &ports.moto.to_string()].map(OsString::from).into(),
        }
    }

    /// The service's own variables. MiniStack hands all of its environment on to the functions it starts,
    /// so what functions need is set here too, and nothing may point them to a real account.
    pub(crate) fn variables(self, ports: Ports) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("NO_PROXY", "*".to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        variables.extend(endpoint_variables(ports));
        if self == Self::MiniStack {
            variables.extend(ministack_variables(ports));
        }
        variables
    }
}

impl fmt::Display for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::MiniStack => "MiniStack",
            Self::Moto => "moto",
        })
    }
}

fn ministack_variables(ports: Ports) -> [(&'static str, String); 6] {
    [
        ("GATEWAY_PORT", ports.ministack.to_string()),
        ("BIND_HOST", Ipv4Addr::LOCALHOST.to_string()),
        ("MINISTACK_REGION", REGION.to_owned()),
        ("AUTH", "true".to_owned()),
        // Both would take a fixed port (8883, 2222), for which two local clouds would compete.
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("SFTP_ENABLED", "0".to_owned()),
    ]
}

/// What leads an AWS SDK to the local cloud; the variables are the SDKs' own.
pub(crate) fn endpoint_variables(ports: Ports) -> [(&'static str, String); 6] {
    let moto = url(ports.moto);
    [
        ("AWS_ENDPOINT_URL", url(ports.ministack)),
        ("AWS_ENDPOINT_URL_LAKEFORMATION", moto.clone()),
        ("AWS_ENDPOINT_URL_EMR_SERVERLESS", moto.clone()),
        ("AWS_ENDPOINT_URL_TEXTRACT", moto),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
    ]
}

pub(crate) fn url(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_led_to_both_emulators_and_to_no_real_account() {
        let variables = Service::MiniStack.variables(Ports { ministack: 4566, moto: 5000 });
        let value = |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("AWS_ENDPOINT_URL"), Some("http://127.0.0.1:4566"));
        assert_eq!(value("AWS_ENDPOINT_URL_LAKEFORMATION"), Some("http://127.0.0.1:5000"));
        assert_eq!(value("AWS_ENDPOINT_URL_TEXTRACT"), Some("http://127.0.0.1:5000"));
        assert_eq!(value("AWS_SHARED_CREDENTIALS_FILE"), Some("/dev/null"));
        assert_eq!(value("AUTH"), Some("true"));
    }
}

//! Sends a custom resource's answer to the presigned URL that CloudFormation gave.

use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tarn_core::jobs::Answer;
use tarn_core::ports::Answers;
use tarn_core::{Error, Kind, ResponseUrl, Result};

const TRIES: u32 = 5;

/// Answers over HTTPS.
#[derive(Debug)]
pub struct HttpAnswers {
    connector: Connector,
}

impl HttpAnswers {
    /// A client of its own: the URL is presigned, so no credentials are involved.
    pub fn connect() -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        Self { connector: Connector::builder().tls_provider(provider).build() }
    }

    async fn put(&self, to: &ResponseUrl, body: &[u8]) -> Result<()> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("PUT").map_err(unsendable)?;
        request.set_uri(to.reveal()).map_err(|_| unsendable("the address is no URL"))?;
        request.headers_mut().insert("content-length", body.len().to_string());
        // The signature covers an empty content type.
        request.headers_mut().insert("content-type", "");
        let response = self.connector.call(request).await.map_err(|_| {
            Error::new(Kind::Unavailable, "CloudFormation's answer address could not be reached")
        })?;
        match response.status().as_u16() {
            200..300 => Ok(()),
            status => {
                Err(Error::new(Kind::Unavailable, format!("CloudFormation's answer address said {status}")))
            }
        }
    }
}

#[async_trait]
impl Answers for HttpAnswers {
    async fn send(&self, to: &ResponseUrl, answer: &Answer) -> Result<()> {
        let body = serde_json::to_vec(answer)
            .map_err(|error| Error::caused(Kind::Internal, "the answer cannot be written as JSON", error))?;
        let mut last = self.put(to, &body).await;
        for attempt in 1..TRIES {
            if last.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
            last = self.put(to, &body).await;
        }
        last
    }
}

fn unsendable(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Internal, format!("the answer to CloudFormation cannot be sent: {why}"))
}

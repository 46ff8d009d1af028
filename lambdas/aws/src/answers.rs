//! Sends a custom resource's answer to the presigned URL that CloudFormation gave.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tarn_core::jobs::Answer;
use tarn_core::ports::Answers;
use tarn_core::{Error, Kind, ResponseUrl, Result};
use tokio::time::{Instant, sleep, timeout};

/// The longest that one try may take.
const LONGEST_TRY: Duration = Duration::from_secs(3);

const LONGEST_PAUSE_MILLIS: u64 = 5_000;

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
    async fn send(&self, to: &ResponseUrl, answer: &Answer, within: Duration) -> Result<()> {
        let body = serde_json::to_vec(answer)
            .map_err(|error| Error::caused(Kind::Internal, "the answer cannot be written as JSON", error))?;
        let until = Instant::now() + within;
        for tries in 0.. {
            let left = until.saturating_duration_since(Instant::now());
            let sent =
                timeout(left.min(LONGEST_TRY), self.put(to, &body)).await.unwrap_or_else(|_| Err(late()));
            let pause = pause(tries);
            if sent.is_ok() || Instant::now() + pause >= until {
                return sent;
            }
            sleep(pause).await;
        }
        Err(late())
    }
}

/// Twice as long after each try, and at random within that: many answers at once would meet again.
fn pause(tries: u32) -> Duration {
    let longest = (200_u64 << tries.min(10)).min(LONGEST_PAUSE_MILLIS);
    let random = RandomState::new().build_hasher().finish();
    Duration::from_millis(longest / 2 + random % (longest / 2))
}

fn late() -> Error {
    Error::new(Kind::Unavailable, "CloudFormation's answer address did not answer in time")
}

fn unsendable(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Internal, format!("the answer to CloudFormation cannot be sent: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, ok};

    const BUSY: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    fn request(server: &StandIn) -> (ResponseUrl, Answer) {
        let url = format!("{}/answer?signature=secret", server.config().endpoint_url().unwrap());
        let request = serde_json::json!({
            "RequestType": "Create", "ResponseURL": url, "StackId": "stack", "RequestId": "request",
            "LogicalResourceId": "Resource",
        });
        let request = tarn_core::CustomResourceRequest::only_to_answer(&request).unwrap();
        (request.response_url.clone(), Answer::failed(&request, "why"))
    }

    #[tokio::test]
    async fn an_answer_that_fails_is_sent_again() {
        let server = StandIn::answering([BUSY.to_owned(), BUSY.to_owned(), ok("")]);
        let (url, answer) = request(&server);
        HttpAnswers::connect().send(&url, &answer, Duration::from_secs(20)).await.unwrap();
        let requests = server.requests();
        assert_eq!(requests.len(), 3);
        for sent in requests {
            assert!(
                sent.starts_with("PUT /answer?signature=secret HTTP/1.1 {\"Status\":\"FAILED\""),
                "{sent}"
            );
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_for_longer_than_there_is_time_and_no_error_shows_the_address() {
        let server = StandIn::answering(std::iter::repeat_n(BUSY.to_owned(), 100));
        let (url, answer) = request(&server);
        for within in [0, 700] {
            let (began, within) = (Instant::now(), Duration::from_millis(within));
            let error = HttpAnswers::connect().send(&url, &answer, within).await.unwrap_err();
            assert!(began.elapsed() <= within + Duration::from_millis(500), "{:?}", began.elapsed());
            assert_eq!(error.kind(), Kind::Unavailable);
            assert!(!format!("{error:?} {error} {}", error.chain()).contains("secret"));
        }
        let nonsense = tarn_core::CustomResourceRequest::only_to_answer(
            &serde_json::json!({"ResponseURL": "no url: secret"}),
        );
        let url = nonsense.unwrap().response_url;
        let error = HttpAnswers::connect().send(&url, &answer, Duration::ZERO).await.unwrap_err();
        assert!(!format!("{error:?} {error} {}", error.chain()).contains("secret"));
    }

    #[test]
    fn pauses_differ_and_are_bounded() {
        let pauses: std::collections::HashSet<_> = (0..20).map(|_| pause(3)).collect();
        assert!(pauses.len() > 5, "{pauses:?}");
        assert!((0..50).all(|tries| pause(tries) <= Duration::from_millis(LONGEST_PAUSE_MILLIS)));
    }
}

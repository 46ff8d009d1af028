//! There is an answer in every case, and no secret in any log.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tarn_core::jobs::AnswerStatus;
use tarn_core::{ResponseUrl, Result};
use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[derive(Default)]
struct Sent(Mutex<Vec<(String, Answer, Duration)>>);

#[async_trait::async_trait]
impl Answers for Sent {
    async fn send(&self, to: &ResponseUrl, answer: &Answer, within: Duration) -> Result<()> {
        self.0.lock().unwrap().push((to.reveal().to_owned(), answer.clone(), within));
        Ok(())
    }
}

fn payload() -> Value {
    json!({
        "RequestType": "Delete", "ResponseURL": "https://secret.example", "StackId": "stack",
        "RequestId": "request", "LogicalResourceId": "Thing", "PhysicalResourceId": "empty-bucket:b",
        "ResourceType": "Custom::EmptyBucket", "ResourceProperties": {"Password": "secret"},
    })
}

fn in_seconds(seconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    (now + Duration::from_secs(seconds)).as_millis() as u64
}

/// What is sent for an event.
async fn sent<W>(
    ports: Result<()>,
    payload: Value,
    seconds: u64,
    handle: impl Fn((), CustomResourceRequest, i64) -> W + Clone + Send + 'static,
) -> (Answer, Duration)
where
    W: Future<Output = Answer> + Send + 'static,
{
    let answers = Sent::default();
    respond(&answers, &ports, &handle, payload, in_seconds(seconds)).await.unwrap();
    let mut sent = answers.0.into_inner().unwrap();
    assert_eq!(sent.len(), 1, "one answer, and only one");
    let (to, answer, within) = sent.remove(0);
    assert_eq!(to, "https://secret.example");
    (answer, within)
}

async fn good((): (), request: CustomResourceRequest, _: i64) -> Answer {
    Answer { status: AnswerStatus::Success, ..Answer::failed(&request, "") }
}

#[tokio::test]
async fn a_job_that_ends_is_answered_with_all_the_time_that_is_left() {
    let (answer, within) = sent(Ok(()), payload(), 300, good).await;
    assert_eq!((answer.status, answer.request_id.as_str()), (AnswerStatus::Success, "request"));
    assert!(within > Duration::from_secs(290) && within < Duration::from_secs(300), "{within:?}");
}

#[tokio::test]
async fn a_panic_is_answered_wherever_it_is() {
    let inside = |(), _: CustomResourceRequest, _| async { panic!("inside") };
    let at_once = |(), request: CustomResourceRequest, deadline| {
        assert!(deadline < 0, "at once");
        good((), request, deadline)
    };
    let (inside, _) = sent(Ok(()), payload(), 300, inside).await;
    let (at_once, _) = sent(Ok(()), payload(), 300, at_once).await;
    for answer in [inside, at_once] {
        assert_eq!(answer.status, AnswerStatus::Failed);
        assert_eq!(answer.physical_resource_id, "empty-bucket:b");
        assert!(answer.reason.contains("panicked"), "{}", answer.reason);
    }
}

/// Lambda thaws the process for the next request; a job that nobody waits for would go on in it.
#[tokio::test]
async fn a_job_that_takes_too_long_is_answered_and_ended() {
    static WENT_ON: AtomicBool = AtomicBool::new(false);
    let slow = |(), request, deadline| async move {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        WENT_ON.store(true, Ordering::SeqCst);
        good((), request, deadline).await
    };
    let (answer, within) = sent(Ok(()), payload(), 11, slow).await;
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(answer.reason.contains("out of time"), "{}", answer.reason);
    assert!(within > Duration::from_secs(8), "there is time left to answer: {within:?}");
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert!(!WENT_ON.load(Ordering::SeqCst));
    // No time at all.
    let (answer, _) = sent(Ok(()), payload(), 0, slow).await;
    assert_eq!(answer.status, AnswerStatus::Failed);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_answered_at_once() {
    for (key, value) in [
        ("RequestType", json!("Import")),
        ("RequestType", Value::Null),
        ("StackId", json!(7)),
        ("LogicalResourceId", Value::Null),
        ("PhysicalResourceId", json!({"a": 1})),
    ] {
        let mut payload = payload();
        payload[key] = value;
        let came = payload["PhysicalResourceId"].as_str().map(str::to_owned);
        let (answer, _) = sent(Ok(()), payload, 300, good).await;
        assert_eq!(answer.status, AnswerStatus::Failed, "{key}");
        assert_eq!(answer.request_id, "request");
        assert!(came.is_none_or(|came| came == answer.physical_resource_id));
    }
}

#[tokio::test]
async fn a_function_that_cannot_start_says_so_to_whoever_waits() {
    let ports = Err(Error::new(Kind::Invalid, "TARN_LAKE is not set"));
    let (answer, _) = sent(ports, payload(), 300, good).await;
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(answer.reason.contains("TARN_LAKE is not set"), "{}", answer.reason);
}

#[tokio::test]
async fn an_event_without_an_address_is_an_error_that_shows_nothing_of_it() {
    for event in [json!("https://secret.example"), json!({"ResponseURL": ["secret"]}), Value::Null] {
        let answers = Sent::default();
        let error = respond(&answers, &Ok(()), &good, event, in_seconds(300)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(!format!("{error:?} {}", error.chain()).contains("secret"));
    }
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// At the most talkative level, with everything that a request can hold; and the runtime's own trace
/// of the event, which has it all.
#[tokio::test]
async fn no_log_shows_the_address_or_a_property() {
    let subscriber =
        tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(|| Log);
    let _guard = tracing::subscriber::set_default(subscriber.finish().with(crate::only_ours_below_info()));
    let body = payload().to_string();
    tracing::trace!(target: "lambda_runtime::layers::api_response", body, "raw JSON event received");
    tracing::debug!(target: "hyper::client", body, "request");
    let _ = sent(Ok(()), payload(), 300, good).await;
    let panics = |(), _: CustomResourceRequest, _| async { panic!("on purpose") };
    let _ = sent(Ok(()), payload(), 300, panics).await;
    let mut broken = payload();
    broken["RequestType"] = json!("Import");
    let _ = sent(Ok(()), broken, 300, good).await;
    tracing::debug!(request = ?request_of(payload()).unwrap().0, "as a careless programmer would");

    let log = String::from_utf8(LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap();
    assert_eq!(log.matches("answered").count(), 3, "{log}");
    assert!(log.contains("careless programmer"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

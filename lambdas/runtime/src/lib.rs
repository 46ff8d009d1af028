//! Serves a job in Lambda: settings once, each event decoded, errors told by their kind.
//!
//! What every handler needs and no job should know: tracing, the deadline, the error name that
//! the state machine retries by, and for custom resources an answer in every case.

mod custom_resource;

use std::future::Future;
use std::io::Write;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tarn_core::{Error, Kind};
use tarn_lake::Settings;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use custom_resource::serve_custom_resource;
pub use lambda_runtime::Error as RuntimeError;

/// The name of the handler to serve, from the function's Handler property.
pub fn handler_name() -> Option<String> {
    variable("_HANDLER")
}

/// The handler's settings, from the function's environment.
pub fn settings() -> Result<Settings, Error> {
    Settings::read(variable)
        .map_err(|error| Error::caused(Kind::Invalid, "reading the function's settings", error))
}

/// The cores that the function's memory pays for, at least one.
pub fn cores() -> usize {
    cores_of(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|megabytes| megabytes.parse().ok()))
}

/// A machine of Lambda shows two processors to a function that has one core's time, and threads without a
/// core of their own cost memory and gain nothing.
/// Source: Lambda's developer guide, "Configure Lambda function memory".
fn cores_of(memory_megabytes: Option<usize>) -> usize {
    const MEGABYTES_FOR_A_CORE: usize = 1769;
    memory_megabytes.map_or(1, |memory| memory / MEGABYTES_FOR_A_CORE).max(1)
}

/// Logs to the function's log as JSON lines; `RUST_LOG` sets the level.
pub fn log_as_json() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_env_filter(filter).with_current_span(false);
    log.finish().with(only_ours_below_info()).init();
}

/// Below `info` the crates around us tell whole requests: an address that CloudFormation signed, what
/// a user keeps secret.
fn only_ours_below_info() -> FilterFn {
    filter_fn(|event| *event.level() <= Level::INFO || event.target().starts_with("tarn"))
}

/// Writes a line of metrics to the function's log, as it is: CloudWatch takes its own format only where
/// it is the whole of a line. A log that cannot be written to is no reason to fail.
pub fn put_metrics(line: &serde_json::Value) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Logs what a job did, where nobody waits for its answer.
pub fn tell(what: &str, answer: &impl Serialize) {
    let answer = serde_json::to_string(answer).unwrap_or_default();
    tracing::info!("{what}: {answer}");
}

/// Serves a job: `handle` gets the decoded event and the invocation's last moment, in
/// milliseconds since 1970.
pub async fn serve<I, O, F, W>(handle: F) -> Result<(), RuntimeError>
where
    I: DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
    F: Fn(I, i64) -> W,
    W: Future<Output = Result<O, Error>>,
{
    let handle = &handle;
    let service = service_fn(move |event: LambdaEvent<serde_json::Value>| async move {
        let deadline_millis = event.context.deadline as i64;
        let input = serde_json::from_value(event.payload)
            .map_err(|error| Error::caused(Kind::Invalid, "the event is not what this handler takes", error));
        match input {
            Ok(input) => handle(input, deadline_millis).await.map_err(told),
            Err(error) => Err(told(error)),
        }
    });
    lambda_runtime::run(service).await
}

/// Logs an error once, here, and hands it to the state machine under its kind's name.
fn told(error: Error) -> Diagnostic {
    let chain = error.chain();
    tracing::error!(kind = error.kind().name(), "{chain}");
    Diagnostic { error_type: error.kind().name().into(), error_message: chain }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_pays_for_cores() {
        for (memory, cores) in [(None, 1), (Some(128), 1), (Some(1769), 1), (Some(3537), 1), (Some(3538), 2)]
        {
            assert_eq!(cores_of(memory), cores, "{memory:?}");
        }
        assert_eq!(cores_of(Some(10_240)), 5);
    }
}

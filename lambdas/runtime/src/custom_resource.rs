//! Custom resources: CloudFormation waits for an answer, so there is one in every case: when the
//! job ends, when it panics, when time is nearly up, when the request makes no sense, and when the
//! function could not even start.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tarn_core::jobs::Answer;
use tarn_core::ports::Answers;
use tarn_core::{CustomResourceRequest, Error, Kind};

use crate::{RuntimeError, told};

/// Kept back for sending the answer.
const RESERVE: Duration = Duration::from_secs(10);

/// Kept back for the end of the invocation.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// Serves a custom resource: `handle` gets the ports, the request and the invocation's last moment,
/// in milliseconds since 1970. Where there are no ports, every request is answered with the reason.
pub async fn serve_custom_resource<P, F, W>(
    answers: Arc<dyn Answers>,
    ports: Result<P, Error>,
    handle: F,
) -> Result<(), RuntimeError>
where
    P: Clone + Send + 'static,
    F: Fn(P, CustomResourceRequest, i64) -> W + Clone + Send + 'static,
    W: Future<Output = Answer> + Send + 'static,
{
    let (handle, answers, ports) = (&handle, &answers, &ports);
    let service = service_fn(move |event: LambdaEvent<Value>| async move {
        respond(answers.as_ref(), ports, handle, event.payload, event.context.deadline)
            .await
            .map_err(told)?;
        Ok::<(), Diagnostic>(())
    });
    lambda_runtime::run(service).await
}

/// Answers one request.
async fn respond<P, F, W>(
    answers: &dyn Answers,
    ports: &Result<P, Error>,
    handle: &F,
    payload: Value,
    deadline_millis: u64,
) -> Result<(), Error>
where
    P: Clone + Send + 'static,
    F: Fn(P, CustomResourceRequest, i64) -> W + Clone + Send + 'static,
    W: Future<Output = Answer> + Send + 'static,
{
    let (request, is_sound) = request_of(payload)?;
    let answer = match ports {
        _ if !is_sound => Answer::failed(&request, "the request is not what CloudFormation sends"),
        Err(error) => Answer::failed(&request, format!("the function cannot start: {}", error.chain())),
        Ok(ports) => {
            let (handle, ports, asked) = (handle.clone(), ports.clone(), request.clone());
            let work = async move { handle(ports, asked, deadline_millis as i64).await };
            within(time_left(deadline_millis).saturating_sub(RESERVE), work)
                .await
                .unwrap_or_else(|reason| Answer::failed(&request, reason))
        }
    };
    tracing::info!(
        request = ?request.request_type, resource = request.logical_resource_id,
        status = ?answer.status, reason = answer.reason, "answered",
    );
    let left = time_left(deadline_millis).saturating_sub(LAST_MOMENT);
    answers.send(&request.response_url, &answer, left).await
}

/// The request, and whether it makes sense. One without an address cannot be answered; its error
/// shows nothing of it.
fn request_of(payload: Value) -> Result<(CustomResourceRequest, bool), Error> {
    let lenient = CustomResourceRequest::only_to_answer(&payload);
    match (serde_json::from_value(payload), lenient) {
        (Ok(request), _) => Ok((request, true)),
        (Err(_), Some(request)) => Ok((request, false)),
        (Err(_), None) => Err(Error::new(
            Kind::Invalid,
            "this function answers CloudFormation, and the event says no address to answer to",
        )),
    }
}

/// Ends the work when its time is up: what went on behind the answer could undo a rollback.
async fn within<W>(time: Duration, work: W) -> Result<Answer, &'static str>
where
    W: Future<Output = Answer> + Send + 'static,
{
    let work = tokio::spawn(work);
    let stop = work.abort_handle();
    match tokio::time::timeout(time, work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err("the handler panicked; see its log"),
        Err(_) => {
            stop.abort();
            Err("the handler ran out of time; deploy or destroy again")
        }
    }
}

fn time_left(deadline_millis: u64) -> Duration {
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(deadline_millis);
    deadline.duration_since(SystemTime::now()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

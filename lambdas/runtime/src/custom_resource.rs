//! Custom resources: CloudFormation waits for an answer, so there is one in every case: when the
//! job ends, when it panics, and when time is nearly up.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use tarn_core::CustomResourceRequest;
use tarn_core::jobs::Answer;
use tarn_core::ports::Answers;

use crate::{RuntimeError, told};

/// Kept back for sending the answer.
const RESERVE: Duration = Duration::from_secs(8);

/// Serves a custom resource: `handle` gets the request and the invocation's last moment, in
/// milliseconds since 1970.
pub async fn serve_custom_resource<F, W>(answers: Arc<dyn Answers>, handle: F) -> Result<(), RuntimeError>
where
    F: Fn(CustomResourceRequest, i64) -> W,
    W: Future<Output = Answer> + Send + 'static,
{
    let (handle, answers) = (&handle, &answers);
    let service = service_fn(move |event: LambdaEvent<CustomResourceRequest>| async move {
        let request = event.payload;
        let work = tokio::spawn(handle(request.clone(), event.context.deadline as i64));
        let answer = match tokio::time::timeout(time_left(event.context.deadline), work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::failed(&request, "the handler panicked; see its log"),
            Err(_) => Answer::failed(&request, "the handler ran out of time; deploy or destroy again"),
        };
        tracing::info!(
            request = ?request.request_type, resource = request.logical_resource_id,
            status = ?answer.status, reason = answer.reason, "answered",
        );
        answers.send(&request.response_url, &answer).await.map_err(told)?;
        Ok::<(), Diagnostic>(())
    });
    lambda_runtime::run(service).await
}

fn time_left(deadline_millis: u64) -> Duration {
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(deadline_millis);
    deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(RESERVE)
}

//! SDK errors, sorted by name into what a user can do about them.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tarn_deploy::{PortError, PortErrorKind};

/// Turns an SDK error into ours; `doing` says what was being done.
pub(crate) fn failed<E>(doing: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        let kind = kind_of(&error);
        let said = error.as_service_error().and_then(|e| Some(format!("{}: {}", e.code()?, e.message()?)));
        PortError { kind, doing: doing.into(), reason: said.unwrap_or_else(|| causes(&error)), source: None }
    }
}

/// What could not be asked or understood, and why; not the response, which the SDK's debug text has as well.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn kind_of<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> PortErrorKind {
    match error {
        SdkError::ServiceError(service) => match service.err().code() {
            Some("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation") => {
                PortErrorKind::AccessDenied
            }
            Some(
                "ExpiredToken"
                | "ExpiredTokenException"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "SignatureDoesNotMatch",
            ) => PortErrorKind::Credentials,
            Some(
                "StateMachineDoesNotExist"
                | "ResourceNotFoundException"
                | "EntityNotFoundException"
                | "NotFoundException",
            ) => PortErrorKind::NotFound,
            // Athena has no name of its own for a workgroup that is not there. Every workgroup of a
            // lake has an output location, so one without is none of ours.
            Some("InvalidRequestException") if says_not_found(service.err().message()) => {
                PortErrorKind::NotFound
            }
            Some("Throttling" | "ThrottlingException" | "ServiceUnavailable" | "InternalFailure") => {
                PortErrorKind::Unavailable
            }
            Some(_) => PortErrorKind::Refused,
            None => PortErrorKind::Unknown,
        },
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => PortErrorKind::Unavailable,
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            PortErrorKind::Unavailable
        }
        // What is left of dispatch failures is that no credentials were found to sign with.
        SdkError::DispatchFailure(_) => PortErrorKind::Credentials,
        _ => PortErrorKind::Unknown,
    }
}

fn says_not_found(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("not found") || message.contains("No output location"))
}

//! SDK errors by name. An error whose name is not known here is `Internal` or `Unavailable`, never
//! "not there".

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tarn_core::{Error, Kind};

/// What can be done about an error of that name.
pub(crate) fn kind_of(code: &str) -> Option<Kind> {
    Some(match code {
        "NoSuchKey"
        | "NoSuchBucket"
        | "NoSuchVersion"
        | "NotFound"
        | "EntityNotFoundException"
        | "ResourceNotFoundException"
        | "StateMachineDoesNotExist"
        | "NoSuchUpload" => Kind::NotFound,
        "AccessDenied"
        | "AccessDeniedException"
        | "Forbidden"
        | "UnauthorizedOperation"
        | "KMS.AccessDeniedException" => Kind::AccessDenied,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "ConditionalCheckFailedException"
        | "AlreadyExistsException"
        | "ConcurrentModificationException"
        | "CrawlerRunningException"
        | "ExecutionAlreadyExists"
        | "VersionMismatchException" => Kind::Conflict,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded" => Kind::Throttled,
        "InternalError"
        | "ServiceUnavailable"
        | "InternalServerError"
        | "InternalServiceException"
        | "OperationTimeoutException"
        | "RequestTimeout" => Kind::Unavailable,
        // The last one is S3's word for an object that is archived.
        "ValidationException"
        | "InvalidInputException"
        | "InvalidRequest"
        | "InvalidArgument"
        | "InvalidObjectState" => Kind::Invalid,
        _ => return None,
    })
}

/// Turns an SDK error into ours; `doing` says what was being done, as in "reading s3://b/k".
pub(crate) fn failed<E>(doing: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        let kind = match &error {
            SdkError::ServiceError(service) => by_name(service.err().code(), service.raw().status().as_u16()),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                Kind::Unavailable
            }
            _ => Kind::Internal,
        };
        Error::caused(kind, doing, aws_smithy_types::error::display::DisplayErrorContext(error).to_string())
    }
}

/// A response to HEAD has no body and so no name; then the status is all there is.
fn by_name(code: Option<&str>, status: u16) -> Kind {
    if let Some(kind) = code.and_then(kind_of) {
        return kind;
    }
    match (code, status) {
        (_, 429 | 503) => Kind::Throttled,
        (_, 500..) => Kind::Unavailable,
        (Some(_), _) => Kind::Internal,
        (None, 404) => Kind::NotFound,
        (None, 403) => Kind::AccessDenied,
        (None, 409 | 412) => Kind::Conflict,
        (None, _) => Kind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_archived_is_told_from_what_is_gone() {
        assert_eq!(by_name(Some("InvalidObjectState"), 403), Kind::Invalid);
        assert_eq!(by_name(Some("KMS.AccessDeniedException"), 400), Kind::AccessDenied);
        assert_eq!(by_name(Some("NoSuchVersion"), 404), Kind::NotFound);
    }

    #[test]
    fn an_unknown_error_is_never_read_as_not_there() {
        assert_eq!(by_name(Some("SomethingNew"), 400), Kind::Internal);
        assert_eq!(by_name(Some("SomethingNew"), 404), Kind::Internal);
        assert_eq!(by_name(None, 404), Kind::NotFound);
        assert_eq!(by_name(None, 400), Kind::Internal);
        assert_eq!(by_name(Some("SomethingNew"), 500), Kind::Unavailable);
        assert_eq!(by_name(Some("AccessDenied"), 404), Kind::AccessDenied);
    }
}

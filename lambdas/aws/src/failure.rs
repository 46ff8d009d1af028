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
        | "ConflictException"
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
        | "InternalServerException"
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
        Error::caused(kind, doing, told(&error))
    }
}

/// What went wrong, in the words of the service or of those who could not ask it. Not what the SDK's own
/// debug text has as well: the whole response, in which there may be keys and rows, and this gets into a log.
fn told<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let service = error.as_service_error();
    let said = service.and_then(|service| Some(format!("{}: {}", service.code()?, service.message()?)));
    said.unwrap_or_else(|| {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let status = error.raw_response().map(|response| format!("status {}", response.status().as_u16()));
        causes.map(ToString::to_string).chain(status).collect::<Vec<_>>().join(": ")
    })
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
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    type S3Error = SdkError<aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Error, HttpResponse>;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("<Key>of somebody</Key>"))
    }

    #[test]
    fn what_a_response_held_is_in_no_error() {
        let undecoded = S3Error::response_error("unexpected end of the document", answer(200));
        let error = failed("listing s3://b")(undecoded);
        let text = format!("{error} {error:?}");
        assert!(text.contains("unexpected end of the document: status 200"), "{text}");
        assert!(!text.contains("somebody"), "{text}");
    }

    #[test]
    fn an_error_says_what_the_service_said() {
        let refused = ErrorMetadata::builder().code("AccessDenied").message("not you").build();
        let refused = aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Error::generic(refused);
        let error = failed("listing s3://b")(S3Error::service_error(refused, answer(403)));
        assert_eq!(error.kind(), Kind::AccessDenied);
        assert!(format!("{error} {error:?}").contains("AccessDenied: not you"), "{error:?}");
    }

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

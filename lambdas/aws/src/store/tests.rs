//! What no emulator says: names that XML cannot carry, and listings of uploads in pages.

use super::*;
use crate::stand_in::{StandIn, ok};

fn listing(kind: &str, inside: &str) -> String {
    ok(&format!("<?xml version=\"1.0\"?><{kind}>{inside}</{kind}>"))
}

#[tokio::test]
async fn names_that_xml_cannot_carry_are_asked_for_encoded_and_decoded() {
    let server = StandIn::answering([
        listing(
            "ListVersionsResult",
            "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
             <NextKeyMarker>a%01+%2B</NextKeyMarker><NextVersionIdMarker>v+1</NextVersionIdMarker>\
             <Version><Key>a%01+%2B</Key><VersionId>v+1</VersionId><Size>3</Size></Version>",
        ),
        listing(
            "ListVersionsResult",
            "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>\
             <DeleteMarker><Key>b%0A</Key><VersionId>v2</VersionId></DeleteMarker>",
        ),
        listing(
            "ListBucketResult",
            "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>\
             <Contents><Key>c%25+d</Key><Size>4</Size></Contents>",
        ),
    ]);
    let store = server.client();
    let versions = store.list_versions("bucket", "").await.unwrap();
    let found: Vec<(&str, &str, bool)> = versions
        .iter()
        .map(|found| (found.object.key.as_str(), found.version.as_str(), found.delete_marker))
        .collect();
    assert_eq!(found, [("a\u{1} +", "v+1", false), ("b\n", "v2", true)]);
    assert_eq!(store.list("bucket", "").await.unwrap()[0].key, "c% d");

    let requests = server.requests();
    assert!(requests.iter().all(|request| request.contains("encoding-type=url")), "{requests:?}");
    assert!(requests[1].contains("key-marker=a%01%20%2B&"), "{}", requests[1]);
    assert!(requests[1].contains("version-id-marker=v%2B1"), "{}", requests[1]);
}

#[tokio::test]
async fn a_listing_that_is_not_encoded_is_not_decoded() {
    let server = StandIn::answering([listing(
        "ListVersionsResult",
        "<IsTruncated>false</IsTruncated><Version><Key>a+%20</Key><VersionId>v</VersionId></Version>",
    )]);
    assert_eq!(server.client().list_versions("bucket", "").await.unwrap()[0].object.key, "a+%20");
}

#[tokio::test]
async fn a_listing_that_does_not_move_on_is_an_error() {
    let stuck = listing("ListVersionsResult", "<IsTruncated>true</IsTruncated>");
    let error = StandIn::answering([stuck]).client().list_versions("bucket", "").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    let again =
        listing("ListVersionsResult", "<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>");
    let server = StandIn::answering([again.clone(), again]);
    assert!(server.client().list_versions("bucket", "").await.is_err());
}

#[tokio::test]
async fn what_xml_cannot_name_is_deleted_one_by_one() {
    let server = StandIn::answering([listing("DeleteResult", ""), ok(""), ok("")]);
    let doomed = ["a", "b\u{1}", "c\nd", "e\u{ffff}"].map(|key| (key.to_owned(), "v".to_owned()));
    server.client().delete_versions("bucket", &doomed).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].starts_with("POST /bucket/?delete"), "{}", requests[0]);
    assert!(requests[0].contains("<Key>a</Key>") && requests[0].contains("<Key>c&#xA;d</Key>"));
    assert!(requests[1].starts_with("DELETE /bucket/b%01?"), "{}", requests[1]);
    assert!(requests[2].starts_with("DELETE /bucket/e%EF%BF%BF?"), "{}", requests[2]);
    assert!(requests[1].contains("versionId=v"), "{}", requests[1]);
}

/// S3 says 200, and names in the answer what it did not delete.
#[tokio::test]
async fn what_was_not_deleted_in_a_batch_is_an_error() {
    let error = "<Error><Key>b</Key><VersionId>v</VersionId><Code>AccessDenied</Code></Error>";
    let server = StandIn::answering([listing("DeleteResult", error)]);
    let doomed = ["a", "b"].map(|key| (key.to_owned(), "v".to_owned()));
    let error = server.client().delete_versions("bucket", &doomed).await.unwrap_err();
    assert_eq!(error.kind(), Kind::AccessDenied, "{}", error.chain());
}

#[tokio::test]
async fn unfinished_uploads_are_ended_on_every_page() {
    let page = |key: &str, more: &str| {
        let upload = format!("<Upload><Key>{key}</Key><UploadId>{key}-id</UploadId></Upload>");
        listing("ListMultipartUploadsResult", &format!("<EncodingType>url</EncodingType>{upload}{more}"))
    };
    let more = "<IsTruncated>true</IsTruncated><NextKeyMarker>a%20</NextKeyMarker>\
                <NextUploadIdMarker>a-id</NextUploadIdMarker>";
    let server = StandIn::answering([page("a%20", more), page("b", ""), ok(""), ok("")]);
    assert_eq!(server.client().abort_uploads("bucket").await.unwrap(), 2);
    let requests = server.requests();
    assert!(requests[1].contains("key-marker=a%20&"), "{}", requests[1]);
    assert!(requests[1].contains("upload-id-marker=a-id"), "{}", requests[1]);
    assert!(requests[2].starts_with("DELETE /bucket/a%20?"), "{}", requests[2]);
    assert!(requests[3].starts_with("DELETE /bucket/b?"), "{}", requests[3]);
}

const REFUSED: &str = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>";

fn refused() -> String {
    let length = REFUSED.len();
    format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{REFUSED}")
}

fn ten_bytes() -> SourceVersion {
    SourceVersion {
        bucket: "from".into(),
        key: "a b".into(),
        version: "v".into(),
        size_bytes: 10,
        landed_millis: 0,
    }
}

#[tokio::test]
async fn a_copy_in_parts_that_fails_is_ended_and_told() {
    let begun = listing("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
    let server = StandIn::answering([ok(""), begun, refused(), refused(), ok("")]);
    let store = server.client().with_copy_limits(9, 5);
    let error = store.copy(&ten_bytes(), "to", "k").await.unwrap_err();
    assert_eq!(error.kind(), Kind::AccessDenied);
    assert!(error.to_string().contains("copying to s3://to/k, part "), "{error}");
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert!(last.starts_with("DELETE /to/k?") && last.contains("uploadId=u"), "{requests:?}");
    assert!(requests.iter().all(|request| !request.starts_with("POST /to/k?uploadId")), "{requests:?}");
}

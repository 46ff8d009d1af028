//! Copies in parts, with limits that a test can afford.

use serde_json::json;
use tarn_core::ports::{Content, Created, ObjectStore, Piece, Stretch};
use tarn_core::{Kind, SourceVersion};
use tarn_local_cloud::Service;

use crate::cloud::{Cloud, asked};

const MIB: usize = 1 << 20;

async fn check(service: Service) {
    let cloud = Cloud::shared();
    let buckets = cloud.places(service, "bucket");
    let (from, to) = (buckets.next(), buckets.next());
    // 5 MiB is the least that S3 takes for a part that is not the last.
    let store = cloud.s3(service).await.with_copy_limits(6 * MIB as u64, 5 * MIB as u64);
    let key = "in/a b+%\u{fc}.csv";
    let bytes: Vec<u8> = (0..12 * MIB + 345).map(|n| (n % 251) as u8).collect();
    store.create(&from, key, Content::from(bytes.clone()), "f").await.unwrap();
    let version = store.list_versions(&from, "").await.unwrap().remove(0).version;
    store.replace(&from, key, Content::from(b"newer".to_vec()), "g").await.unwrap();

    let source = SourceVersion {
        bucket: from,
        key: key.into(),
        version,
        size_bytes: bytes.len() as u64,
        landed_millis: 0,
    };
    store.copy(&source, &to, "copy").await.unwrap();
    assert!(store.read(&to, "copy").await.unwrap() == bytes, "the bytes of the version, in their order");
    assert_eq!(store.fingerprint(&to, "copy").await.unwrap().as_deref(), Some("f"));
    let seen = asked("object.py", &[&cloud.endpoint(service), &to, "copy"]);
    assert_eq!(seen["parts"], json!(3), "{seen}");

    let gone = SourceVersion { version: "no-such-version".into(), ..source };
    assert!(store.copy(&gone, &to, "gone").await.is_err());
    assert_eq!(store.abort_uploads(&to).await.unwrap(), 0, "what failed leaves no upload behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_is_copied_in_parts_on_ministack() {
    check(Service::MiniStack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_is_copied_in_parts_on_moto() {
    check(Service::Moto).await;
}

/// Two stretches that S3 copies, and bytes between and behind them that are sent.
async fn check_pieces(service: Service) {
    let cloud = Cloud::shared();
    let buckets = cloud.places(service, "bucket");
    let (from, to) = (buckets.next(), buckets.next());
    let store = cloud.s3(service).await;
    let bytes: Vec<u8> = (0..13 * MIB + 345).map(|n| (n % 251) as u8).collect();
    let mut pieces = Vec::new();
    for (key, range) in [("a b+\u{fc}", 3..6 * MIB), ("c", 5..13 * MIB), ("d", 0..100)] {
        store.create(&from, key, Content::from(bytes.clone()), "").await.unwrap();
        let tag = store.stored(&from, key).await.unwrap().tag;
        let (bucket, key) = (from.clone(), key.to_owned());
        pieces.push((
            Piece::Stored(Stretch { bucket, key, range: range.start as u64..range.end as u64, tag }),
            range,
        ));
    }
    let end = Piece::Bytes(b"end".as_slice().into());
    let all =
        || Content::Joined(pieces.iter().map(|(piece, _)| piece.clone()).chain([end.clone()]).collect());
    let mut wanted: Vec<u8> = pieces.iter().flat_map(|(_, range)| &bytes[range.clone()]).copied().collect();
    wanted.extend_from_slice(b"end");

    assert_eq!(store.create(&to, "x", all(), "f").await.unwrap(), Created::New);
    assert!(store.read(&to, "x").await.unwrap() == wanted, "the pieces in their order");
    assert_eq!(store.fingerprint(&to, "x").await.unwrap().as_deref(), Some("f"));
    let seen = asked("object.py", &[&cloud.endpoint(service), &to, "x"]);
    assert_eq!(seen["parts"], json!(3), "{seen}");
    assert_eq!(store.create(&to, "x", all(), "g").await.unwrap(), Created::AlreadyThere);
    // moto holds the end of an upload against `If-None-Match` only.
    if service == Service::MiniStack {
        assert!(!store.replace_if(&to, "x", all(), "g", "\"another\"").await.unwrap());
    }
    assert_eq!(store.fingerprint(&to, "x").await.unwrap().as_deref(), Some("f"));
    store.replace(&to, "x", all(), "g").await.unwrap();
    assert_eq!(store.fingerprint(&to, "x").await.unwrap().as_deref(), Some("g"));

    store.replace(&from, "c", Content::from(b"newer".to_vec()), "").await.unwrap();
    let error = store.create(&to, "y", all(), "").await.unwrap_err();
    // moto copies it, and finds only then that it is too small.
    let kind = if service == Service::MiniStack { Kind::Unavailable } else { Kind::Internal };
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(store.abort_uploads(&to).await.unwrap(), 0, "what failed leaves no upload behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_put_together_within_ministack() {
    check_pieces(Service::MiniStack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_put_together_within_moto() {
    check_pieces(Service::Moto).await;
}

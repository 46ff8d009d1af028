//! Copies in parts, with limits that a test can afford.

use serde_json::json;
use tarn_core::SourceVersion;
use tarn_core::ports::{Content, ObjectStore};
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

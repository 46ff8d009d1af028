//! `tarn convert` from S3 and to S3, against both emulators.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tarn_aws::S3;
use tarn_core::ports::{Content, ObjectStore};
use tarn_local_cloud::Service;
use tarn_tests::Project;

use crate::cloud::Cloud;

const SCHEMA: &str = "columns = { id = \"int64\", event = \"string\" }\n";

/// More than the chunks that a stream keeps ready, so that it is really read as one.
fn text(rows: usize) -> String {
    let row = |id: usize| format!("{id},{}\n", ["view", "buy"][id % 2]);
    std::iter::once("id,event\n".to_owned()).chain((0..rows).map(row)).collect()
}

struct Bucket {
    store: S3,
    name: String,
    endpoint: String,
    project: Project,
    /// Stops when nobody holds it any more.
    _cloud: Arc<Cloud>,
}

impl Bucket {
    async fn of(service: Service) -> Self {
        let cloud = Cloud::shared();
        let project = Project::with("", "dev");
        project.write("schema.toml", SCHEMA);
        let name = cloud.places(service, "bucket").next();
        let (store, endpoint) = (cloud.s3(service).await, cloud.endpoint(service));
        Self { store, name, endpoint, project, _cloud: cloud }
    }

    async fn put(&self, key: &str, text: &str) {
        let content = Content::from(text.as_bytes().to_vec());
        self.store.replace(&self.name, key, content, "").await.unwrap();
    }

    async fn keys(&self, prefix: &str) -> BTreeMap<String, u64> {
        let there = self.store.list(&self.name, prefix).await.unwrap();
        there.into_iter().map(|object| (object.key, object.size_bytes)).collect()
    }

    fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    fn convert(&self, input: &str, out: &str, more: &[&str]) -> (i32, Value, String) {
        let arguments = ["convert", input, "--schema", "schema.toml", "--out", out, "--json"];
        let answer = self.project.tarn_at(&self.endpoint, &[&arguments, more].concat());
        let report = serde_json::from_str(&answer.stdout).unwrap_or_default();
        (answer.code, report, answer.stderr)
    }
}

async fn check(service: Service) {
    let bucket = Bucket::of(service).await;
    let text = text(400_000);
    bucket.put("raw/a b+\u{fc}.csv", &text).await;
    let (input, out) = (bucket.address("raw/a b+\u{fc}.csv"), bucket.address("silver/"));
    let (code, report, said) = bucket.convert(&input, &out, &[]);
    assert_eq!(code, 0, "{said}");
    let file = &report["files"][0];
    assert_eq!(file["out"], bucket.address("silver/a b+\u{fc}.parquet").as_str());
    assert_eq!((&file["rows"], &file["bytes_in"]), (&400_000.into(), &text.len().into()));

    let (code, _, said) = bucket.convert(&input, "local", &[]);
    assert_eq!(code, 0, "{said}");
    let local = std::fs::read(bucket.project.path("local/a b+\u{fc}.parquet")).unwrap();
    let remote = bucket.store.read(&bucket.name, "silver/a b+\u{fc}.parquet").await.unwrap();
    assert!(remote == local, "the same bytes, wherever they go");

    let (code, _, said) = bucket.convert(&input, &out, &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is there already") && said.contains("--overwrite"), "{said}");
    let folders = ["--overwrite", "--partition-by", "event"];
    let (code, _, said) = bucket.convert(&input, &out, &folders);
    assert_eq!(code, 0, "{said}");
    let wanted = ["silver/event=buy/a b+\u{fc}.parquet", "silver/event=view/a b+\u{fc}.parquet"];
    assert_eq!(bucket.keys("silver/").await.into_keys().collect::<Vec<_>>(), wanted, "no row is there twice");
}

async fn check_refusals(service: Service) {
    let bucket = Bucket::of(service).await;
    bucket.put("raw/good.csv", &text(3)).await;
    bucket.put("raw/bad.csv", "id,other\n1,x\n").await;
    bucket.put("raw/mixed.csv", "id,event\n1,view\nx,view\n").await;
    let out = bucket.address("out");
    let (code, _, said) = bucket.convert(&bucket.address("raw/none.csv"), &out, &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there is no object s3://") && said.contains("raw/none.csv"), "{said}");
    let (code, _, said) = bucket.convert(&bucket.address("raw/"), &out, &[]);
    assert_eq!(code, 2, "{said}");

    bucket.put("out/bad.parquet", "of an earlier conversion").await;
    let (good, mixed) = (bucket.address("raw/good.csv"), bucket.address("raw/mixed.csv"));
    let (code, report, said) =
        bucket.convert(&bucket.address("raw/bad.csv"), &out, &[&good, &mixed, "--overwrite"]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(report["files"][0]["class"], "HEADER_MISMATCH");
    let wanted = ["out/bad.parquet", "out/good.parquet", "out/mixed.parquet", "out/mixed.rejects.jsonl"];
    assert_eq!(bucket.keys("out/").await.into_keys().collect::<Vec<_>>(), wanted);
    let kept = bucket.store.read(&bucket.name, "out/bad.parquet").await.unwrap();
    assert_eq!(kept, "of an earlier conversion", "a refused file changes nothing");
    assert_eq!(report["files"][2]["rejects"], bucket.address("out/mixed.rejects.jsonl").as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_converted_on_ministack() {
    check(Service::MiniStack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_converted_on_moto() {
    check(Service::Moto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_object_changes_nothing() {
    check_refusals(Service::Moto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_inferred_of_an_object() {
    let bucket = Bucket::of(Service::MiniStack).await;
    bucket.put("clicks/visits_20260131.csv", &text(3)).await;
    let example = tarn_tests::repository().join("examples/retail/lake.toml");
    bucket.project.write("lake.toml", std::fs::read(example).unwrap());
    let object = bucket.address("clicks/visits_20260131.csv");
    let added = bucket.project.tarn_at(&bucket.endpoint, &["table", "add", "visits", "--from", &object]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let wanted = "[[table]]\nname = \"visits\"\nfiles = \"clicks/visits_{date:%Y%m%d}.csv\"\n\n\
                  [table.columns]\nid = \"int64\"\nevent = \"string\"\n";
    assert_eq!(added.stdout, wanted);
    bucket.project.done(&["check"]);
}

//! Answers CloudFormation: empties a bucket when it is deleted, and only then; keeps the application of Spark.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::answer::{Answer, Done, created_for, kind, properties};
use super::empty_bucket;
use super::spark_application::KeepApplication;
use crate::ports::{Clock, ObjectStore, SparkApplication, SparkApplications};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// The job.
#[derive(Clone, Copy)]
pub struct CustomResource<'a> {
    /// Deletes what is in the bucket.
    pub store: &'a dyn ObjectStore,
    /// Where the application of Spark is.
    pub applications: &'a dyn SparkApplications,
    /// Waits for it.
    pub clock: &'a dyn Clock,
}

#[derive(Deserialize)]
struct EmptyBucket {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    name: String,
    release: String,
    /// CloudFormation makes text of numbers.
    #[serde(rename = "MostCPUs")]
    most_cpus: Text,
    #[serde(rename = "MostMemoryGB")]
    most_memory_gb: Text,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// A number, or one as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Number(u32),
    Text(String),
}

impl Text {
    fn number(&self) -> Result<u32> {
        match self {
            Text::Number(number) => Ok(*number),
            Text::Text(text) => text
                .parse()
                .map_err(|error| Error::caused(Kind::Invalid, format!("`{text}` is no number"), error)),
        }
    }
}

impl CustomResource<'_> {
    /// Does what is asked and says how it went; this never fails itself.
    pub async fn run(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Answer {
        let done = match request.resource_type.as_str() {
            kind::SPARK_APPLICATION => self.application(request, deadline_millis).await,
            _ => self.bucket(request).await,
        };
        Answer::of(request, done.map(|()| Done::default()))
    }

    /// Its deletion needs no memory: the lake's application is known by its name.
    async fn application(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Result<()> {
        let keep = KeepApplication { applications: self.applications, clock: self.clock, deadline_millis };
        let asked: Application = properties(request)?;
        if request.request_type == RequestType::Delete {
            return keep.remove(&asked.name).await;
        }
        let wanted = SparkApplication {
            most_cpus: asked.most_cpus.number()?,
            most_memory_gb: asked.most_memory_gb.number()?,
            name: asked.name,
            release: asked.release,
            tags: asked.labels,
        };
        keep.ensure(&wanted).await
    }

    async fn bucket(&self, request: &CustomResourceRequest) -> Result<()> {
        match request.request_type {
            RequestType::Create | RequestType::Update => properties::<EmptyBucket>(request).map(|_| ()),
            RequestType::Delete => match created_for(request) {
                None => Ok(()),
                Some(_) if is_protected(request) => Ok(()),
                Some((bucket, _)) => empty_bucket(self.store, bucket).await.map(|_| ()),
            },
        }
    }
}

/// Whether the template says that the bucket's content outlives the resource. CloudFormation
/// does not send a Delete for what is retained; this is the second guard.
fn is_protected(request: &CustomResourceRequest) -> bool {
    request.resource_properties.get("Protected").is_some_and(|value| value == "true" || value == true)
}

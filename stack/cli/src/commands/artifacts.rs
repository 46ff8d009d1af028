//! The control plane's view of S3, over the same store that the handlers use.

use std::path::Path;

use async_trait::async_trait;
use tarn_aws::S3;
use tarn_core::jobs::empty_bucket;
use tarn_core::ports::{Content, Created, ObjectStore};
use tarn_core::{Error, Kind};
use tarn_deploy::{Artifacts, PortError, PortErrorKind};

/// Artifacts in S3.
pub struct S3Artifacts(pub S3);

#[async_trait]
impl Artifacts for S3Artifacts {
    async fn upload_file(&self, bucket: &str, key: &str, file: &Path) -> Result<(), PortError> {
        let doing = format!("uploading {}", file.display());
        let content = std::fs::File::open(file).map(Content::File).map_err(|error| PortError {
            kind: PortErrorKind::Refused,
            doing: doing.clone(),
            reason: error.to_string(),
            source: Some(Box::new(error)),
        })?;
        self.0.create(bucket, key, content, "").await.map(|_| ()).map_err(|error| told(doing, error))
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        match self.0.read(bucket, key).await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(told(format!("reading {key}"), error)),
        }
    }

    async fn create(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<bool, PortError> {
        let created = self.0.create(bucket, key, bytes.into(), "").await;
        let created = created.map_err(|error| told(format!("writing {key}"), error))?;
        Ok(created == Created::New)
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: &[u8],
        bytes: Vec<u8>,
    ) -> Result<bool, PortError> {
        let swapped = self.0.swap(bucket, key, expected, bytes.into()).await;
        swapped.map_err(|error| told(format!("writing {key} anew"), error))
    }

    async fn remove(&self, bucket: &str, key: &str) -> Result<(), PortError> {
        match self.0.remove(bucket, key).await {
            Err(error) if error.kind() != Kind::NotFound => Err(told(format!("removing {key}"), error)),
            _ => Ok(()),
        }
    }

    async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        let written = self.0.replace(bucket, key, bytes.into(), "").await;
        written.map_err(|error| told(format!("writing {key}"), error))
    }

    async fn empty(&self, bucket: &str) -> Result<(), PortError> {
        let emptied = empty_bucket(&self.0, bucket).await;
        emptied.map(|_| ()).map_err(|error| told(format!("emptying {bucket}"), error))
    }

    async fn buckets(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.0.buckets(prefix).await.map_err(|error| told("listing the account's buckets".into(), error))
    }
}

fn told(doing: String, error: Error) -> PortError {
    let kind = match error.kind() {
        Kind::AccessDenied => PortErrorKind::AccessDenied,
        Kind::NotFound => PortErrorKind::NotFound,
        Kind::Throttled | Kind::Unavailable => PortErrorKind::Unavailable,
        _ => PortErrorKind::Unknown,
    };
    PortError { kind, doing, reason: error.chain(), source: Some(Box::new(error)) }
}

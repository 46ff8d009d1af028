//! Object storage in S3.

use std::io::Read;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use tarn_core::ports::{Content, Created, Object, ObjectStore, ObjectVersion};
use tarn_core::{Error, Kind, Result, SourceVersion};

use crate::SdkConfig;
use crate::failure::failed;
use crate::loopback::{self, AsIfByTls};

mod body;

/// User metadata that names what an object's bytes are a function of.
const FINGERPRINT: &str = "tarn-fingerprint";

/// S3's limit for one DeleteObjects call.
const DELETE_BATCH: usize = 1_000;

/// S3 in the configured region.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// A client; an endpoint of one's own is addressed by path, since it has no name per bucket.
    pub fn new(config: &SdkConfig) -> Self {
        let own_endpoint = config.endpoint_url().is_some();
        let mut builder = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint);
        if loopback::is_loopback(config) {
            builder = builder.interceptor(AsIfByTls);
        }
        Self { client: Client::from_conf(builder.build()) }
    }

    /// The names of all buckets that begin with the prefix.
    pub async fn buckets(&self, prefix: &str) -> Result<Vec<String>> {
        let mut pages = self.client.list_buckets().prefix(prefix).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("listing the account's buckets"))?;
            found.extend(page.buckets.unwrap_or_default().into_iter().filter_map(|bucket| bucket.name));
        }
        found.retain(|name| name.starts_with(prefix));
        Ok(found)
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        unless_there: bool,
    ) -> Result<()> {
        let doing = format!("writing s3://{bucket}/{key}");
        let mut request =
            self.client.put_object().bucket(bucket).key(key).body(stream(content, &doing).await?);
        if !fingerprint.is_empty() {
            request = request.metadata(FINGERPRINT, fingerprint);
        }
        if unless_there {
            request = request.if_none_match("*");
        }
        request.send().await.map(|_| ()).map_err(failed(doing))
    }

    async fn copy_source(&self, source: String, bucket: &str, key: &str) -> Result<()> {
        let doing = format!("copying to s3://{bucket}/{key}");
        let sent = self.client.copy_object().copy_source(source).bucket(bucket).key(key).send().await;
        sent.map(|_| ()).map_err(failed(doing))
    }
}

#[async_trait]
impl ObjectStore for S3 {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        let mut pages = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(format!("listing s3://{bucket}/{prefix}")))?;
            for object in page.contents.unwrap_or_default() {
                found.push(Object {
                    key: object.key.unwrap_or_default(),
                    size_bytes: object.size.unwrap_or_default() as u64,
                    modified_millis: object
                        .last_modified
                        .and_then(|t| t.to_millis().ok())
                        .unwrap_or_default(),
                });
            }
        }
        Ok(found)
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(bucket)
                .prefix(prefix)
                .set_key_marker(key_marker.take())
                .set_version_id_marker(version_marker.take())
                .send()
                .await
                .map_err(failed(format!("listing versions in s3://{bucket}/{prefix}")))?;
            found.extend(page.versions.unwrap_or_default().into_iter().map(version));
            found.extend(page.delete_markers.unwrap_or_default().into_iter().map(delete_marker));
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let doing = format!("reading s3://{bucket}/{key}");
        let sent = self.client.get_object().bucket(bucket).key(key).send().await;
        let answer = sent.map_err(failed(doing.clone()))?;
        let body = answer.body.collect().await;
        body.map(|all| all.into_bytes()).map_err(|error| Error::caused(Kind::Unavailable, doing, error))
    }

    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        let SourceVersion { bucket, key, version, .. } = source;
        let sent = self.client.get_object().bucket(bucket).key(key).version_id(version).send().await;
        let answer = sent.map_err(failed(format!("reading version {version} of s3://{bucket}/{key}")))?;
        Ok(Box::new(body::BlockingBody::new(answer.body)))
    }

    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        match self.put(bucket, key, content, fingerprint, true).await {
            Ok(()) => Ok(Created::New),
            Err(error) if error.kind() == Kind::Conflict => Ok(Created::AlreadyThere),
            Err(error) => Err(error),
        }
    }

    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        let sent = self.client.head_object().bucket(bucket).key(key).send().await;
        let answer = sent.map_err(failed(format!("looking at s3://{bucket}/{key}")))?;
        Ok(answer.metadata.and_then(|mut all| all.remove(FINGERPRINT)))
    }

    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        self.put(bucket, key, content, fingerprint, false).await
    }

    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        let source = format!("{}/{}?versionId={}", from.bucket, encoded(&from.key), encoded(&from.version));
        self.copy_source(source, bucket, key).await
    }

    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        self.copy_source(format!("{}/{}", from.0, encoded(from.1)), to.0, to.1).await
    }

    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        for batch in versions.chunks(DELETE_BATCH) {
            let doing = format!("deleting {} versions in s3://{bucket}", batch.len());
            let objects: Result<Vec<_>, _> = batch
                .iter()
                .map(|(key, version)| ObjectIdentifier::builder().key(key).version_id(version).build())
                .collect();
            let delete = objects
                .and_then(|all| Delete::builder().set_objects(Some(all)).quiet(true).build())
                .map_err(|error| Error::caused(Kind::Internal, doing.clone(), error))?;
            let sent = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
            let answer = sent.map_err(failed(doing.clone()))?;
            if let Some(refused) = answer.errors.unwrap_or_default().first() {
                let code = refused.code.clone().unwrap_or_default();
                let key = refused.key.clone().unwrap_or_default();
                let kind = if code == "AccessDenied" { Kind::AccessDenied } else { Kind::Unavailable };
                return Err(Error::new(kind, format!("{doing}: `{key}` was refused: {code}")));
            }
        }
        Ok(())
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        let sent = self.client.list_multipart_uploads().bucket(bucket).send().await;
        let answer = sent.map_err(failed(format!("listing unfinished uploads in s3://{bucket}")))?;
        let uploads = answer.uploads.unwrap_or_default();
        for upload in &uploads {
            let request = self.client.abort_multipart_upload().bucket(bucket);
            let request = request.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone());
            match request.send().await.map_err(failed(format!("ending an upload in s3://{bucket}"))) {
                Err(error) if error.kind() == Kind::NotFound => {}
                ended => ended.map(|_| ())?,
            }
        }
        Ok(uploads.len())
    }

    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        match self.client.head_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(false),
            Err(error) => Err(failed(format!("looking at bucket {bucket}"))(error)),
        }
    }
}

async fn stream(content: Content, doing: &str) -> Result<ByteStream> {
    let unreadable = |error| Error::caused(Kind::Unavailable, format!("{doing}: what was spooled"), error);
    match content {
        Content::Bytes(bytes) => Ok(ByteStream::from(bytes)),
        Content::File(file) => {
            let length = file.metadata().map_err(unreadable)?.len();
            let reading =
                ByteStream::read_from().file(tokio::fs::File::from_std(file)).length(Length::Exact(length));
            let body = reading.build().await;
            body.map_err(|error| {
                Error::caused(Kind::Unavailable, format!("{doing}: what was spooled"), error)
            })
        }
    }
}

fn version(found: aws_sdk_s3::types::ObjectVersion) -> ObjectVersion {
    ObjectVersion {
        object: Object {
            key: found.key.unwrap_or_default(),
            size_bytes: found.size.unwrap_or_default() as u64,
            modified_millis: found.last_modified.and_then(|t| t.to_millis().ok()).unwrap_or_default(),
        },
        version: found.version_id.unwrap_or_else(|| "null".into()),
        delete_marker: false,
    }
}

fn delete_marker(found: aws_sdk_s3::types::DeleteMarkerEntry) -> ObjectVersion {
    ObjectVersion {
        object: Object { key: found.key.unwrap_or_default(), size_bytes: 0, modified_millis: 0 },
        version: found.version_id.unwrap_or_else(|| "null".into()),
        delete_marker: true,
    }
}

/// Percent-encodes a key for the copy-source header, which is a URL path: everything but letters,
/// digits, `-_.~` and `/`.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(byte as char)
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_source_is_encoded_byte_by_byte() {
        assert_eq!(encoded("a/b c+d%ü"), "a/b%20c%2Bd%25%C3%BC");
    }
}

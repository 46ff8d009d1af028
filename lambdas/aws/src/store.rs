//! Object storage in S3.

use std::io::Read;
use std::ops::Range;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{Delete, DeleteMarkerEntry, EncodingType, MultipartUpload, ObjectIdentifier};
use bytes::Bytes;
use tarn_core::ports::{Content, Created, Object, ObjectStore, ObjectVersion, Stored};
use tarn_core::{Error, Kind, Result, SourceVersion};

use crate::SdkConfig;
use crate::failure::failed;
use crate::loopback::{self, AsIfByTls};

mod body;
mod copy;
mod join;
mod keys;

use copy::{Copy, Limits, Plan};
use join::Join;
use keys::{Spelling, encoded, fits_xml};

/// User metadata that names what an object's bytes are a function of.
const FINGERPRINT: &str = "tarn-fingerprint";

/// S3's limit for one DeleteObjects call.
const DELETE_BATCH: usize = 1_000;

/// S3 in the configured region.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    copies: Limits,
}

/// Where the next page of a listing begins.
#[derive(Debug, Default, PartialEq, Eq)]
struct Marker {
    key: Option<String>,
    id: Option<String>,
}

/// What a write is held against.
#[derive(Clone, Copy)]
enum Held<'t> {
    No,
    UnlessThere,
    IfTagged(&'t str),
}

impl S3 {
    /// A client; an endpoint of one's own is addressed by path, since it has no name per bucket.
    pub fn new(config: &SdkConfig) -> Self {
        let own_endpoint = config.endpoint_url().is_some();
        let mut builder = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint);
        if loopback::is_loopback(config) {
            builder = builder.interceptor(AsIfByTls);
        }
        Self { client: Client::from_conf(builder.build()), copies: Limits::S3 }
    }

    /// Copies in parts what is larger than that, so that a test need not hold 5 GiB.
    pub fn with_copy_limits(self, whole_bytes: u64, part_bytes: u64) -> Self {
        Self { copies: Limits { whole_bytes, part_bytes }, ..self }
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
        held: Held<'_>,
    ) -> Result<()> {
        let content = match content {
            Content::Joined(pieces) if join::is_worth_it(&pieces) => {
                return Join { store: self, bucket, key }.all(&pieces, fingerprint, held).await;
            }
            Content::Joined(pieces) => Content::Bytes(self.read_pieces(&pieces).await?),
            content => content,
        };
        let doing = format!("writing s3://{bucket}/{key}");
        let mut request =
            self.client.put_object().bucket(bucket).key(key).body(stream(content, &doing).await?);
        if !fingerprint.is_empty() {
            request = request.metadata(FINGERPRINT, fingerprint);
        }
        request = match held {
            Held::No => request,
            Held::UnlessThere => request.if_none_match("*"),
            Held::IfTagged(tag) => request.if_match(tag),
        };
        request.send().await.map(|_| ()).map_err(failed(doing))
    }

    async fn delete_batch(&self, bucket: &str, batch: &[&(String, String)]) -> Result<()> {
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
        Ok(())
    }

    async fn delete_one(&self, bucket: &str, key: &str, version: &str) -> Result<()> {
        let sent = self.client.delete_object().bucket(bucket).key(key).version_id(version).send().await;
        sent.map(|_| ()).map_err(failed(format!("deleting a version of s3://{bucket}/{key:?}")))
    }

    /// Removes an object. In a bucket with versions it can be had back.
    pub async fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        let sent = self.client.delete_object().bucket(bucket).key(key).send().await;
        sent.map(|_| ()).map_err(failed(format!("removing s3://{bucket}/{key}")))
    }

    /// Writes a small object only if the one that is there reads as expected; whether it did. S3 holds
    /// the ETag that was read against what is there when it writes, so nobody gets between.
    pub async fn swap(&self, bucket: &str, key: &str, expected: &[u8], content: Bytes) -> Result<bool> {
        let doing = format!("writing s3://{bucket}/{key} anew");
        let read = match self.client.get_object().bucket(bucket).key(key).send().await {
            Ok(read) => read,
            Err(error) => return not_there(failed(doing)(error)),
        };
        let Some(tag) = read.e_tag else {
            return Err(Error::new(Kind::Internal, format!("{doing}: S3 says no ETag of it")));
        };
        let body = read.body.collect().await;
        let body = body.map_err(|error| Error::caused(Kind::Unavailable, doing.clone(), error))?;
        if body.into_bytes() != expected {
            return Ok(false);
        }
        let request = self.client.put_object().bucket(bucket).key(key).if_match(tag).body(content.into());
        match request.send().await.map_err(failed(doing)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::Conflict => Ok(false),
            Err(error) => not_there(error),
        }
    }

    async fn uploads(&self, bucket: &str) -> Result<Vec<MultipartUpload>> {
        let doing = format!("listing unfinished uploads in s3://{bucket}");
        let mut found = Vec::new();
        let mut marker = Marker::default();
        loop {
            let request = self.client.list_multipart_uploads().bucket(bucket);
            let request = request.encoding_type(EncodingType::Url);
            let request = request.set_key_marker(marker.key.clone()).set_upload_id_marker(marker.id.clone());
            let page = request.send().await.map_err(failed(doing.clone()))?;
            let spelling = Spelling::of(page.encoding_type.as_ref());
            for mut upload in page.uploads.unwrap_or_default() {
                upload.key = upload.key.map(|key| spelling.read(key)).transpose()?;
                found.push(upload);
            }
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            let key = page.next_key_marker.map(|key| spelling.read(key)).transpose()?;
            marker = marker.moved(Marker { key, id: page.next_upload_id_marker }, &doing)?;
        }
    }

    /// One page of a listing, and where the next begins.
    async fn page_of_versions(
        &self,
        bucket: &str,
        prefix: &str,
        from: Marker,
    ) -> Result<(Vec<ObjectVersion>, Option<Marker>)> {
        let doing = format!("listing versions in s3://{bucket}/{prefix}");
        let request = self.client.list_object_versions().bucket(bucket).prefix(prefix);
        let request = request.encoding_type(EncodingType::Url);
        let request = request.set_key_marker(from.key.clone()).set_version_id_marker(from.id.clone());
        let page = request.send().await.map_err(failed(doing.clone()))?;
        let spelling = Spelling::of(page.encoding_type.as_ref());
        let mut found = Vec::new();
        for listed in page.versions.unwrap_or_default() {
            found.push(version(listed, spelling)?);
        }
        for listed in page.delete_markers.unwrap_or_default() {
            found.push(delete_marker(listed, spelling)?);
        }
        if page.is_truncated != Some(true) {
            return Ok((found, None));
        }
        let key = page.next_key_marker.map(|key| spelling.read(key)).transpose()?;
        let next = from.moved(Marker { key, id: page.next_version_id_marker }, &doing)?;
        Ok((found, Some(next)))
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
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.encoding_type(EncodingType::Url).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(format!("listing s3://{bucket}/{prefix}")))?;
            let spelling = Spelling::of(page.encoding_type.as_ref());
            for object in page.contents.unwrap_or_default() {
                found.push(Object {
                    key: spelling.read(object.key.unwrap_or_default())?,
                    size_bytes: object.size.unwrap_or_default() as u64,
                    modified_millis: object
                        .last_modified
                        .and_then(|t| t.to_millis().ok())
                        .unwrap_or_default(),
                    tag: object.e_tag.unwrap_or_default(),
                });
            }
        }
        Ok(found)
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        let (mut found, mut marker) = (Vec::new(), Some(Marker::default()));
        while let Some(from) = marker {
            let (page, next) = self.page_of_versions(bucket, prefix, from).await?;
            found.extend(page);
            marker = next;
        }
        Ok(found)
    }

    async fn versions_of(&self, bucket: &str, key: &str) -> Result<Vec<ObjectVersion>> {
        let (mut found, mut marker) = (Vec::new(), Some(Marker::default()));
        while let Some(from) = marker {
            let (page, next) = self.page_of_versions(bucket, key, from).await?;
            found.extend(page.into_iter().filter(|version| version.object.key == key));
            // A key stands before all others that begin with it.
            marker = next.filter(|next| next.key.as_deref() == Some(key));
        }
        Ok(found)
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let doing = format!("reading s3://{bucket}/{key}");
        let sent = self.client.get_object().bucket(bucket).key(key).send().await;
        let answer = sent.map_err(failed(doing.clone()))?;
        let body = answer.body.collect().await;
        body.map(|all| all.into_bytes()).map_err(|error| Error::caused(Kind::Unavailable, doing, error))
    }

    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        let SourceVersion { bucket, key, version, size_bytes, .. } = source;
        let sent = self.client.get_object().bucket(bucket).key(key).version_id(version).send().await;
        let answer = sent.map_err(failed(format!("reading version {version} of s3://{bucket}/{key}")))?;
        let length_bytes = answer.content_length.and_then(|length| length.try_into().ok());
        Ok(Box::new(body::BlockingBody::new(answer.body, length_bytes.unwrap_or(*size_bytes))))
    }

    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>> {
        let SourceVersion { bucket, key, version, .. } = source;
        // A range has at least one byte.
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Box::new(std::io::empty()));
        };
        let request = self.client.get_object().bucket(bucket).key(key).version_id(version);
        let sent = request.range(format!("bytes={}-{last}", range.start)).send().await;
        let doing =
            || format!("reading bytes {}-{last} of version {version} of s3://{bucket}/{key}", range.start);
        let answer = sent.map_err(failed(doing()))?;
        only_range(answer.content_range.as_ref(), doing)?;
        Ok(Box::new(body::BlockingBody::new(answer.body, range.end - range.start)))
    }

    async fn open_newest(&self, bucket: &str, key: &str) -> Result<Box<dyn Read + Send>> {
        let doing = format!("reading s3://{bucket}/{key}");
        let sent = self.client.get_object().bucket(bucket).key(key).send().await;
        let answer = sent.map_err(failed(doing.clone()))?;
        let length_bytes = answer.content_length.and_then(|length| length.try_into().ok());
        let unknown = || Error::new(Kind::Internal, format!("{doing}: S3 says no length of it"));
        Ok(Box::new(body::BlockingBody::new(answer.body, length_bytes.ok_or_else(unknown)?)))
    }

    async fn read_end(&self, bucket: &str, key: &str, at_most: usize) -> Result<Bytes> {
        let doing = format!("reading the end of s3://{bucket}/{key}");
        let request = self.client.get_object().bucket(bucket).key(key).range(format!("bytes=-{at_most}"));
        let answer = request.send().await.map_err(failed(doing.clone()))?;
        let body = answer.body.collect().await;
        body.map(|all| all.into_bytes()).map_err(|error| Error::caused(Kind::Unavailable, doing, error))
    }

    async fn read_range(&self, bucket: &str, key: &str, range: Range<u64>, tag: &str) -> Result<Bytes> {
        // A range has at least one byte.
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Bytes::new());
        };
        let doing = format!("reading bytes {}-{last} of s3://{bucket}/{key}", range.start);
        let request = self.client.get_object().bucket(bucket).key(key);
        let request = request.range(format!("bytes={}-{last}", range.start));
        let request = request.set_if_match(Some(tag.to_owned()).filter(|tag| !tag.is_empty()));
        let answer = request.send().await.map_err(failed(doing.clone()))?;
        only_range(answer.content_range.as_ref(), || doing.clone())?;
        let body = answer.body.collect().await;
        let body = body.map_err(|error| Error::caused(Kind::Unavailable, doing.clone(), error))?.into_bytes();
        if (body.len() as u64) < range.end - range.start {
            return Err(Error::new(Kind::Invalid, format!("{doing}: there are {}", body.len())));
        }
        Ok(body)
    }

    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        match self.put(bucket, key, content, fingerprint, Held::UnlessThere).await {
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
        self.put(bucket, key, content, fingerprint, Held::No).await
    }

    async fn stored(&self, bucket: &str, key: &str) -> Result<Stored> {
        let doing = format!("looking at s3://{bucket}/{key}");
        let sent = self.client.head_object().bucket(bucket).key(key).send().await;
        let answer = sent.map_err(failed(doing.clone()))?;
        let fingerprint = answer.metadata.and_then(|mut all| all.remove(FINGERPRINT)).unwrap_or_default();
        let tag = answer.e_tag;
        let tag = tag.ok_or_else(|| Error::new(Kind::Internal, format!("{doing}: S3 says no ETag of it")))?;
        Ok(Stored { tag, fingerprint })
    }

    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        match self.put(bucket, key, content, fingerprint, Held::IfTagged(tag)).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::Conflict => Ok(false),
            Err(error) => not_there(error),
        }
    }

    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        match self.copies.plan(from.size_bytes) {
            Plan::Whole => self.copy_source(copy::source(from), bucket, key).await,
            Plan::Parts(parts) => Copy { client: &self.client, from, bucket, key }.in_parts(parts).await,
        }
    }

    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        self.copy_source(format!("{}/{}", from.0, encoded(from.1)), to.0, to.1).await
    }

    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        // Many in one call are named in XML, one alone in the URL.
        let (in_xml, in_url): (Vec<_>, Vec<_>) = versions.iter().partition(|(key, _)| fits_xml(key));
        for batch in in_xml.chunks(DELETE_BATCH) {
            self.delete_batch(bucket, batch).await?;
        }
        for (key, version) in in_url {
            self.delete_one(bucket, key, version).await?;
        }
        Ok(())
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        let uploads = self.uploads(bucket).await?;
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

/// Something that is gone does not read as expected; everything else is an error.
fn not_there(error: Error) -> Result<bool> {
    if error.kind() == Kind::NotFound { Ok(false) } else { Err(error) }
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
        Content::Joined(_) => Err(Error::new(Kind::Internal, format!("{doing}: of pieces"))),
    }
}

impl Marker {
    /// The next marker. A listing that does not move on would never end.
    fn moved(self, next: Marker, doing: &str) -> Result<Marker> {
        if next.key.is_none() || next == self {
            let what = format!("{doing}: S3 says that there is more, and not where");
            return Err(Error::new(Kind::Internal, what));
        }
        Ok(next)
    }
}

fn version(found: aws_sdk_s3::types::ObjectVersion, spelling: Spelling) -> Result<ObjectVersion> {
    Ok(ObjectVersion {
        object: Object {
            key: spelling.read(found.key.unwrap_or_default())?,
            size_bytes: found.size.unwrap_or_default() as u64,
            modified_millis: found.last_modified.and_then(|t| t.to_millis().ok()).unwrap_or_default(),
            tag: found.e_tag.unwrap_or_default(),
        },
        version: found.version_id.unwrap_or_else(|| "null".into()),
        delete_marker: false,
    })
}

fn delete_marker(found: DeleteMarkerEntry, spelling: Spelling) -> Result<ObjectVersion> {
    let key = spelling.read(found.key.unwrap_or_default())?;
    Ok(ObjectVersion {
        object: Object { key, size_bytes: 0, modified_millis: 0, tag: String::new() },
        version: found.version_id.unwrap_or_else(|| "null".into()),
        delete_marker: true,
    })
}

/// An answer with the whole object, where a range was asked for, has other bytes at its beginning.
fn only_range(content_range: Option<&String>, doing: impl FnOnce() -> String) -> Result<()> {
    match content_range {
        Some(_) => Ok(()),
        None => Err(Error::new(Kind::Invalid, format!("{}: the answer is the whole object", doing()))),
    }
}

#[cfg(test)]
mod tests;

//! Copies within S3. One call copies up to 5 GiB; what is larger is copied in parts.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, CopyPartResult};
use futures::{StreamExt, TryStreamExt, stream};
use tarn_core::{Error, Kind, Result, SourceVersion};

use super::keys::encoded;
use crate::failure::failed;

const GIB: u64 = 1 << 30;

/// S3's limit for one upload.
const MOST_PARTS: u64 = 10_000;

/// Parts under way at once. They wait on S3, not on this process.
const PARTS_AT_ONCE: usize = 16;

/// From where on a copy is made in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most that one call copies.
    pub(super) whole_bytes: u64,
    /// The least that is worth a part.
    pub(super) part_bytes: u64,
}

/// How an object is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// In one call.
    Whole,
    /// In parts of those bytes, in their order.
    Parts(Vec<Range<u64>>),
}

impl Limits {
    /// S3's own limit, and parts of half a GiB.
    pub(super) const S3: Self = Self { whole_bytes: 5 * GIB, part_bytes: GIB / 2 };

    /// How an object of that size is copied.
    pub(super) fn plan(self, size_bytes: u64) -> Plan {
        if size_bytes <= self.whole_bytes {
            return Plan::Whole;
        }
        let part_bytes = self.part_bytes.max(size_bytes.div_ceil(MOST_PARTS));
        let part = |number| number * part_bytes..size_bytes.min((number + 1) * part_bytes);
        Plan::Parts((0..size_bytes.div_ceil(part_bytes)).map(part).collect())
    }
}

/// A copy in parts that is under way.
pub(super) struct Copy<'a> {
    pub(super) client: &'a Client,
    pub(super) from: &'a SourceVersion,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

/// The copy-source header of a version.
pub(super) fn source(from: &SourceVersion) -> String {
    format!("{}/{}?versionId={}", from.bucket, encoded(&from.key), encoded(&from.version))
}

impl Copy<'_> {
    /// Copies part by part. What fails is ended, so that no parts stay behind and cost.
    pub(super) async fn in_parts(&self, parts: Vec<Range<u64>>) -> Result<()> {
        let upload = self.begin().await?;
        let copied = self.copy_parts(&upload, parts).await;
        if copied.is_err() {
            abort(self.client, self.bucket, self.key, &upload).await;
        }
        copied
    }

    /// Begins the upload with the metadata of the source, which one call would copy by itself.
    async fn begin(&self) -> Result<String> {
        let SourceVersion { bucket, key, version, .. } = self.from;
        let sent = self.client.head_object().bucket(bucket).key(key).version_id(version).send().await;
        let source = sent.map_err(failed(format!("looking at version {version} of s3://{bucket}/{key}")))?;
        let doing = self.doing();
        let sent = self
            .client
            .create_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .set_metadata(source.metadata)
            .set_content_type(source.content_type)
            .set_content_encoding(source.content_encoding)
            .set_content_disposition(source.content_disposition)
            .set_content_language(source.content_language)
            .set_cache_control(source.cache_control)
            .send()
            .await;
        let answer = sent.map_err(failed(doing.clone()))?;
        answer.upload_id.ok_or_else(|| Error::new(Kind::Internal, format!("{doing}: S3 gave no upload id")))
    }

    async fn copy_parts(&self, upload: &str, parts: Vec<Range<u64>>) -> Result<()> {
        let numbered = (1..).zip(parts).map(|(number, bytes)| self.copy_part(upload, number, bytes));
        let copied: Vec<CompletedPart> = stream::iter(numbered).buffered(PARTS_AT_ONCE).try_collect().await?;
        let whole = CompletedMultipartUpload::builder().set_parts(Some(copied)).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let sent = request.upload_id(upload).multipart_upload(whole).send().await;
        sent.map(|_| ()).map_err(failed(self.doing()))
    }

    async fn copy_part(&self, upload: &str, number: i32, bytes: Range<u64>) -> Result<CompletedPart> {
        let doing = format!("{}, part {number}", self.doing());
        let sent = self
            .client
            .upload_part_copy()
            .copy_source(source(self.from))
            .copy_source_range(format!("bytes={}-{}", bytes.start, bytes.end - 1))
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(upload)
            .part_number(number)
            .send()
            .await;
        let answer = sent.map_err(failed(doing.clone()))?;
        let part = answer
            .copy_part_result
            .ok_or_else(|| Error::new(Kind::Internal, format!("{doing}: S3 answered without the part")))?;
        Ok(copied(number, part))
    }

    fn doing(&self) -> String {
        format!("copying to s3://{}/{}", self.bucket, self.key)
    }
}

/// A part that S3 copied, as the end of its upload names it.
pub(super) fn copied(number: i32, part: CopyPartResult) -> CompletedPart {
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(part.e_tag)
        .set_checksum_crc32(part.checksum_crc32)
        .set_checksum_crc32_c(part.checksum_crc32_c)
        .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
        .set_checksum_sha1(part.checksum_sha1)
        .set_checksum_sha256(part.checksum_sha256)
        .build()
}

/// Ends an upload that failed. If this fails too, the bucket's lifecycle does it in its own time.
pub(super) async fn abort(client: &Client, bucket: &str, key: &str, upload: &str) {
    let _ = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(upload).send().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const TIB: u64 = 1 << 40;

    fn parts(size_bytes: u64) -> Vec<Range<u64>> {
        match Limits::S3.plan(size_bytes) {
            Plan::Parts(parts) => parts,
            Plan::Whole => panic!("{size_bytes} bytes are copied in one call"),
        }
    }

    #[test]
    fn one_call_copies_up_to_five_gib() {
        for size in [0, 1, GIB, 5 * GIB] {
            assert_eq!(Limits::S3.plan(size), Plan::Whole, "{size}");
        }
        assert_eq!(parts(5 * GIB + 1).len(), 11);
    }

    #[test]
    fn parts_cover_every_byte_once_and_keep_the_limits_of_s3() {
        for size in [5 * GIB + 1, 6 * GIB - 1, 6 * GIB, 6 * GIB + 1, 5 * TIB - 7, 5 * TIB, 48 * TIB] {
            let parts = parts(size);
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, size));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{size}");
            assert!(parts.iter().all(|part| !part.is_empty() && part.end - part.start <= 5 * GIB), "{size}");
            let all_but_last = &parts[..parts.len() - 1];
            assert!(all_but_last.iter().all(|part| part.end - part.start >= 512 * MIB), "{size}");
            assert!(parts.len() as u64 <= MOST_PARTS, "{size}: {} parts", parts.len());
        }
    }
}

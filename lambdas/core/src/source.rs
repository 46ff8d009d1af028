//! The identity of what lands: one version of one object.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ports::ObjectVersion;

/// One version of one object in landing. Two versions of a key are two sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceVersion {
    /// The landing bucket.
    pub bucket: String,
    /// The object's key, not encoded.
    pub key: String,
    /// S3's version id.
    pub version: String,
    /// Bytes as stored.
    pub size_bytes: u64,
    /// When it landed, in milliseconds since 1970.
    pub landed_millis: i64,
}

/// The identity of a source version: 128 bits of the SHA-256 over bucket, key and version.
///
/// An ETag would not do: it is no hash of the content for multipart or encrypted uploads, and the
/// same bytes sent twice are two deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceVersion {
    /// The version of a bucket that a listing shows.
    pub(crate) fn listed(bucket: &str, version: ObjectVersion) -> Self {
        Self {
            bucket: bucket.into(),
            key: version.object.key,
            version: version.version,
            size_bytes: version.object.size_bytes,
            landed_millis: version.object.modified_millis,
        }
    }

    /// The identity of this version.
    pub fn id(&self) -> SourceId {
        SourceId(digest(&[&self.bucket, &self.key, &self.version]))
    }
}

impl SourceId {
    /// The identity as 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SourceId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 32 hexadecimal digits of the SHA-256 over the parts, each ended by a zero byte.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(key: &str, version: &str) -> SourceVersion {
        SourceVersion {
            bucket: "b".into(),
            key: key.into(),
            version: version.into(),
            size_bytes: 1,
            landed_millis: 0,
        }
    }

    #[test]
    fn a_source_is_bucket_key_and_version() {
        assert_eq!(source("a", "1").id(), source("a", "1").id());
        assert_ne!(source("a", "1").id(), source("a", "2").id());
        assert_ne!(source("a1", "").id(), source("a", "1").id());
        assert_eq!(source("a", "1").id().as_str().len(), 32);
    }
}

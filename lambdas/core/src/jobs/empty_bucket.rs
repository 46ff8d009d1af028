//! Empties a bucket for good: versions, delete markers, unfinished uploads.

use crate::ports::ObjectStore;
use crate::{Kind, Result};

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Versions and delete markers.
    pub versions: usize,
    /// Unfinished uploads.
    pub uploads: usize,
}

/// Deletes until a listing shows nothing twice in a row, because writers that were under way may
/// still finish. A bucket that is gone is empty, also if it went away between two calls.
pub async fn empty_bucket(store: &dyn ObjectStore, bucket: &str) -> Result<Emptied> {
    let mut emptied = Emptied::default();
    let mut quiet = 0;
    while quiet < 2 {
        if !store.bucket_exists(bucket).await? {
            return Ok(emptied);
        }
        match sweep(store, bucket).await {
            Ok(swept) => {
                quiet = if swept == Emptied::default() { quiet + 1 } else { 0 };
                emptied.versions += swept.versions;
                emptied.uploads += swept.uploads;
            }
            // Something is not there; only if it is the bucket itself, all is well.
            Err(error) if error.kind() == Kind::NotFound && !store.bucket_exists(bucket).await? => {
                return Ok(emptied);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(emptied)
}

/// Removes what one listing shows.
async fn sweep(store: &dyn ObjectStore, bucket: &str) -> Result<Emptied> {
    let uploads = store.abort_uploads(bucket).await?;
    let versions = store.list_versions(bucket, "").await?;
    let doomed: Vec<(String, String)> =
        versions.into_iter().map(|version| (version.object.key, version.version)).collect();
    store.delete_versions(bucket, &doomed).await?;
    Ok(Emptied { versions: doomed.len(), uploads })
}

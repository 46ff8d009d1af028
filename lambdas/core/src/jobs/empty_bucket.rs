//! Empties a bucket for good: versions, delete markers, unfinished uploads.

use crate::Result;
use crate::ports::ObjectStore;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Versions and delete markers.
    pub versions: usize,
    /// Unfinished uploads.
    pub uploads: usize,
}

/// Deletes until a listing shows nothing twice in a row, because writers that were under way may
/// still finish. A bucket that is gone is empty.
pub async fn empty_bucket(store: &dyn ObjectStore, bucket: &str) -> Result<Emptied> {
    let mut emptied = Emptied::default();
    let mut quiet = 0;
    while quiet < 2 {
        if !store.bucket_exists(bucket).await? {
            return Ok(emptied);
        }
        let uploads = store.abort_uploads(bucket).await?;
        let versions = store.list_versions(bucket, "").await?;
        let doomed: Vec<(String, String)> =
            versions.into_iter().map(|version| (version.object.key, version.version)).collect();
        store.delete_versions(bucket, &doomed).await?;
        quiet = if uploads == 0 && doomed.is_empty() { quiet + 1 } else { 0 };
        emptied.versions += doomed.len();
        emptied.uploads += uploads;
    }
    Ok(emptied)
}

//! Which bucket is which folder. Jobs know buckets by the names that AWS would have; people look for
//! `silver`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tarn_lake::{Bucket, Lake, Names};

/// The folder that files are put into.
pub const LANDING: &str = "landing";
/// The folder of the papers of runs.
pub const OPS: &str = "ops";

/// The account that a folder's lake is in, for names.
pub const ACCOUNT: &str = "000000000000";
/// Its region.
pub const REGION: &str = "local";

/// The folders of a lake's buckets, below the lake's own folder.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    by_bucket: BTreeMap<String, PathBuf>,
}

impl Folders {
    /// Those of a lake.
    pub fn of(lake: &Lake, names: &Names) -> Self {
        let own = lake.own_buckets().into_iter().filter(|bucket| *bucket != Bucket::Logs);
        let zones = lake.zones.iter().map(|zone| Bucket::Zone(zone.name.clone()));
        own.chain(zones).map(|bucket| (names.bucket(&bucket), folder(&bucket))).collect()
    }

    /// The folder of a bucket.
    pub fn get(&self, bucket: &str) -> Option<&Path> {
        self.by_bucket.get(bucket).map(PathBuf::as_path)
    }

    /// All folders.
    pub fn all(&self) -> impl Iterator<Item = &Path> {
        self.by_bucket.values().map(PathBuf::as_path)
    }

    /// `s3://BUCKET/events/` as `silver/events/`, where the bucket is one of ours.
    pub fn shorten(&self, location: &str) -> String {
        let found = self.by_bucket.iter().find_map(|(bucket, folder)| {
            Some((folder, location.strip_prefix("s3://")?.strip_prefix(bucket.as_str())?.strip_prefix('/')?))
        });
        found.map_or_else(|| location.to_owned(), |(folder, key)| format!("{}/{key}", folder.display()))
    }

    /// The other way round.
    pub fn lengthen(&self, location: &str) -> String {
        let found = self.by_bucket.iter().find_map(|(bucket, folder)| {
            Some((bucket, location.strip_prefix(folder.to_str()?)?.strip_prefix('/')?))
        });
        found.map_or_else(|| location.to_owned(), |(bucket, key)| format!("s3://{bucket}/{key}"))
    }
}

impl FromIterator<(String, PathBuf)> for Folders {
    fn from_iter<T: IntoIterator<Item = (String, PathBuf)>>(pairs: T) -> Self {
        Self { by_bucket: pairs.into_iter().collect() }
    }
}

fn folder(bucket: &Bucket) -> PathBuf {
    match bucket {
        Bucket::Zone(zone) => Path::new("zones").join(zone.as_str()),
        own => own.word().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_become_short_and_long_again() {
        let pairs = [("shop-dev-silver-0", "silver"), ("shop-dev-sales-0", "zones/sales")];
        let folders: Folders =
            pairs.map(|(bucket, folder)| (bucket.into(), folder.into())).into_iter().collect();
        for (long, short) in [
            ("s3://shop-dev-silver-0/events/", "silver/events/"),
            ("s3://shop-dev-sales-0/events/day=1/", "zones/sales/events/day=1/"),
            ("s3://elsewhere/events/", "s3://elsewhere/events/"),
        ] {
            assert_eq!(folders.shorten(long), short);
            assert_eq!(folders.lengthen(short), long);
        }
    }
}

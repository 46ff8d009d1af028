//! One object of silver to what the zone may have of it.

use std::io::{self, Read, Write};

use tarn_lake::{ColumnName, Treatment};

use super::SyncZone;
use super::manifest::Entry;
use crate::jobs::commit::folder_values;
use crate::ports::{Content, Object, Projection};
use crate::source::digest;
use crate::{Error, Kind, Result};

/// What is read of a file at first to see its columns; more is read where its footer is longer.
const END_BYTES: usize = 32 << 10;

/// How objects of one table become the zone's.
pub(super) struct Copier<'c> {
    pub job: &'c SyncZone<'c>,
    /// Which part of a file; nothing for all of it.
    pub projection: Option<&'c Projection>,
    /// The rule's fingerprint.
    pub rule: &'c str,
    /// The table's folder columns.
    pub folders: &'c [ColumnName],
}

/// What became of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Brought {
    /// What is to be noted; nothing where the original vanished meanwhile.
    pub entry: Option<Entry>,
    /// Whether it was written.
    pub written: bool,
}

impl Copier<'_> {
    /// Brings an object into the zone, unless it is `there` and its fingerprint says that it is the same.
    pub async fn bring(&self, original: &Object, there: Option<&Object>) -> Result<Brought> {
        let brought = match (there, self.projection) {
            (Some(copy), _) if self.is_same(&original.key).await? => {
                Ok(Brought { entry: Some(entry(original, copy.size_bytes)), written: false })
            }
            (_, None) => self.copy(original).await,
            (_, Some(projection)) => self.rewrite(original, projection).await,
        };
        match brought {
            // Somebody deleted the original since it was listed; the next pass sees it gone.
            Err(error) if error.kind() == Kind::NotFound => Ok(Brought { entry: None, written: false }),
            brought => brought,
        }
    }

    async fn is_same(&self, key: &str) -> Result<bool> {
        let store = self.job.store;
        let copy = match store.fingerprint(&self.job.bucket(), key).await {
            Err(error) if error.kind() == Kind::NotFound => None,
            found => found?,
        };
        let Some(copy) = copy else { return Ok(false) };
        let original = match store.fingerprint(&self.job.silver(), key).await {
            Err(error) if error.kind() == Kind::NotFound => None,
            found => found?,
        };
        Ok(original.is_some_and(|original| copy == self.fingerprint(&original)))
    }

    /// The fingerprint of a copy: that of its original where it is the same, and else of the rule too.
    fn fingerprint(&self, original: &str) -> String {
        match self.projection {
            None => original.to_owned(),
            Some(_) => digest(&[self.rule, original]),
        }
    }

    async fn copy(&self, original: &Object) -> Result<Brought> {
        let (silver, own) = (self.job.silver(), self.job.bucket());
        self.job.store.copy_newest((&silver, &original.key), (&own, &original.key)).await?;
        Ok(Brought { entry: Some(entry(original, original.size_bytes)), written: true })
    }

    async fn rewrite(&self, original: &Object, projection: &Projection) -> Result<Brought> {
        let SyncZone { store, projector, scratch, .. } = *self.job;
        let silver = self.job.silver();
        let fingerprint = store.fingerprint(&silver, &original.key).await?;
        let fingerprint = self.fingerprint(fingerprint.as_deref().unwrap_or(&original.tag));
        let mut source = store.open_newest(&silver, &original.key).await?;
        let folders = folder_values(&original.key, self.folders);
        let doing = |error| Error::caused(Kind::Unavailable, format!("reading {}", original.key), error);
        let projected = tokio::task::block_in_place(|| {
            let content = spooled(&mut *source, scratch).map_err(doing)?;
            let mut projected = projector.project(projection, &folders, content, scratch)?;
            if let Some(content) = &mut projected.content {
                projector.check(projection, content.again().map_err(doing)?)?;
            }
            Ok::<_, Error>(projected)
        })?;
        if let Some(content) = projected.content {
            store.replace(&self.job.bucket(), &original.key, content, &fingerprint).await?;
        }
        Ok(Brought { entry: Some(entry(original, projected.size_bytes)), written: projected.rows > 0 })
    }

    /// Looks at an object of the zone as it lies there, and fails if it has a column that it must not.
    pub async fn look(&self, key: &str, projection: &Projection) -> Result<()> {
        let SyncZone { store, projector, .. } = *self.job;
        let own = self.job.bucket();
        let mut at_most = END_BYTES;
        let columns = loop {
            let end = store.read_end(&own, key, at_most).await?;
            match projector.columns(&end)? {
                Ok(columns) => break columns,
                Err(wanted) if wanted > at_most => at_most = wanted,
                Err(_) => return Err(Error::new(Kind::Invalid, format!("s3://{own}/{key} has no footer"))),
            }
        };
        let hidden = |name: &&String| {
            let treatment = ColumnName::new(name.as_str()).map(|name| projection.treatment(&name));
            treatment.unwrap_or(Treatment::Hidden) == Treatment::Hidden
        };
        match columns.iter().find(hidden) {
            None => Ok(()),
            Some(column) => {
                let what = format!("s3://{own}/{key} has the column {column}, which the zone may not see");
                Err(Error::new(Kind::Internal, what))
            }
        }
    }
}

fn entry(original: &Object, size_bytes: u64) -> Entry {
    Entry { tag: original.tag.clone(), size_bytes }
}

/// All of a stream where it can be read at any place.
fn spooled(source: &mut dyn Read, scratch: &dyn crate::ports::Scratch) -> io::Result<Content> {
    let mut spool = scratch.spool()?;
    io::copy(source, &mut spool)?;
    spool.flush()?;
    spool.finish()
}

//! What lies in the zone's bucket, listed once, by the first who has to know.

use std::collections::BTreeMap;

use super::SyncZone;
use crate::Result;
use crate::ports::Object;

/// The objects by the folder at the top, which is called by its table; nothing while nobody asked.
#[derive(Default)]
pub(super) struct Present(Option<BTreeMap<String, Vec<Object>>>);

impl Present {
    /// Lists the bucket unless somebody did.
    pub async fn look(&mut self, job: &SyncZone<'_>) -> Result<&mut BTreeMap<String, Vec<Object>>> {
        let folders = match self.0.take() {
            Some(folders) => folders,
            None => by_folder(job.store.list(&job.bucket(), "").await?),
        };
        Ok(self.0.insert(folders))
    }

    /// Takes the objects of a table.
    pub async fn take(&mut self, job: &SyncZone<'_>, table: &str) -> Result<Vec<Object>> {
        Ok(self.look(job).await?.remove(table).unwrap_or_default())
    }

    /// What nobody took, as far as it is known.
    pub fn rest(self) -> BTreeMap<String, Vec<Object>> {
        self.0.unwrap_or_default()
    }
}

fn by_folder(objects: Vec<Object>) -> BTreeMap<String, Vec<Object>> {
    let mut folders: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    for object in objects {
        let folder = object.key.split_once('/').map_or(object.key.as_str(), |(folder, _)| folder);
        folders.entry(folder.to_owned()).or_default().push(object);
    }
    folders
}

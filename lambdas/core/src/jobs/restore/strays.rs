//! Versions whose rows are in silver and which neither the set nor the ledger knows: they were converted
//! after the backup, and the ledger was lost. Objects of silver are named after them, and bronze has their
//! bytes under the last part of their name.

use std::collections::{BTreeMap, HashMap, HashSet};

use tarn_lake::{Bucket, TableName};

use super::Under;
use super::ledger::Facts;
use crate::jobs::convert::raw_key;
use crate::jobs::janitor::source_of;
use crate::{Outcome, Record, Result, RunId, SourceId, Status};

/// Objects of silver by the version and the table that they are of.
type Strays = BTreeMap<SourceId, (TableName, Vec<String>)>;

impl Under<'_> {
    /// Records of them, one for each key in landing that may be a copy; their version is not known any more.
    pub(super) async fn strays(&mut self, records: &[Record], facts: &Facts) -> Result<Vec<Record>> {
        let mut strays = unknown(records, facts);
        let ids: Vec<SourceId> = strays.keys().cloned().collect();
        for id in self.job.ledger.records(&ids).await?.into_keys() {
            strays.remove(&id);
        }
        let raw = self.raw_of(&strays).await?;
        let nameless = strays.len() - raw.len();
        if nameless > 0 {
            self.done.lacks.push(format!(
                "what {nameless} objects of silver were made of after the backup; bronze has nothing of it, and a \
                 copy of it in landing would be converted a second time"
            ));
        }
        let run = RunId::new(self.done.id.clone())?;
        let mut found = Vec::new();
        for source in facts.landing.values() {
            let leaf = source.key.rsplit('/').next().unwrap_or_default();
            for (id, (raw_key_there, bytes_in)) in raw.iter().filter(|(_, (key, _))| key.ends_with(leaf)) {
                let Some((table, outputs)) = strays.get(*id) else { continue };
                if raw_key(table, id, &source.key) == *raw_key_there {
                    let (bytes_in, outputs) = (*bytes_in, outputs.clone());
                    found.push(Record {
                        source_id: (*id).clone(),
                        key: source.key.clone(),
                        version: String::new(),
                        table: Some(table.clone()),
                        run: run.clone(),
                        status: Status::Done,
                        attempt: 0,
                        lease_until_millis: 0,
                        outcome: Outcome { bytes_in, outputs, ..Outcome::default() },
                        history: Vec::new(),
                    });
                }
            }
        }
        Ok(found)
    }

    /// Key and size of the raw bytes of each.
    async fn raw_of<'s>(&self, strays: &'s Strays) -> Result<HashMap<&'s SourceId, (String, u64)>> {
        let bronze = self.job.names.bucket(&Bucket::Bronze);
        let tables: HashSet<&TableName> = strays.values().map(|(table, _)| table).collect();
        let mut raw = HashMap::new();
        for table in tables {
            for object in self.job.store.list(&bronze, &format!("{table}/")).await? {
                let id = object.key.split('/').nth(1).map(|id| SourceId::from(id.to_owned()));
                if let Some((id, _)) = id.and_then(|id| strays.get_key_value(&id)) {
                    raw.insert(id, (object.key, object.size_bytes));
                }
            }
        }
        Ok(raw)
    }
}

/// Those of which the set does not know and which landing does not have under their own version.
fn unknown(records: &[Record], facts: &Facts) -> Strays {
    let known: HashSet<&SourceId> = records.iter().map(|record| &record.source_id).collect();
    let mut strays = Strays::new();
    for key in &facts.silver {
        let table = key.split('/').next().and_then(|table| TableName::new(table).ok());
        let (Some(id), Some(table)) = (source_of(key), table) else { continue };
        if !known.contains(&id) && !facts.landing.contains_key(&id) {
            strays.entry(id).or_insert_with(|| (table, Vec::new())).1.push(key.clone());
        }
    }
    strays
}

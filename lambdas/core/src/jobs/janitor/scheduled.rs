//! The janitor that nobody watches: it works for as long as its function may, writes down what it did, and
//! goes on next time where it stopped.

use tarn_lake::{Bucket, Lake, TableName};

use super::{Janitor, JanitorRequest, Swept};
use crate::Result;
use crate::jobs::documents;

/// What the last one did. Old versions of the document are those before it.
const REPORT: &str = "janitor/report.json";

impl Janitor<'_> {
    /// Sweeps until shortly before the deadline, and reports.
    pub async fn scheduled(&self, request: &JanitorRequest, deadline_millis: i64) -> Result<Swept> {
        let ops = self.names.bucket(&Bucket::Ops);
        let mut lake = self.lake().await?;
        if let Some(first) = self.unfinished(&ops).await? {
            begin_with(&mut lake, &first);
        }
        let swept = self.pass(&lake, request, deadline_millis).await?;
        documents::write(self.store, &ops, REPORT, &swept).await?;
        Ok(swept)
    }

    /// Where the last one stopped.
    async fn unfinished(&self, ops: &str) -> Result<Option<TableName>> {
        // Before the first one there is nothing to read, and who may not list is told "forbidden".
        let there = self.store.list(ops, REPORT).await?;
        if there.is_empty() {
            return Ok(None);
        }
        let last: Swept = documents::read(self.store, ops, REPORT).await?;
        Ok(last.unfinished)
    }
}

/// The tables before it come last. One that the lake does not have any more changes nothing.
fn begin_with(lake: &mut Lake, first: &TableName) {
    if let Some(at) = lake.tables.iter().position(|table| table.name == *first) {
        lake.tables.rotate_left(at);
    }
}

//! One call of the function: several small files, one after the other, each as if it were alone.
//!
//! What befalls one does not befall the next. A file that fails gives its lease back, and the others go
//! on; the call then fails under the kind of error that is worth another try, if there is one, and the
//! next call finds the others settled. A file that takes the whole process with it leaves a lease of
//! this run behind: it comes last in the next call.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Convert, Converted};
use crate::{Error, Kind, Record, Result, SourceId, Status, Work, WorkItem};

/// No further file is begun with less than this left of the invocation.
const RESERVE_MILLIS: i64 = 120_000;

/// What became of a call's files, in under 1 KB however many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// Files in silver.
    pub done: u64,
    /// Files refused as a whole.
    pub quarantined: u64,
    /// Files that another worker has or had, or that were settled before.
    pub taken: u64,
    /// Rows in silver.
    pub rows: u64,
    /// Rows in quarantine.
    pub bad_rows: u64,
}

impl Called {
    /// How many files it speaks of.
    pub fn files(&self) -> u64 {
        self.done + self.quarantined + self.taken
    }

    pub(super) fn one(converted: &Converted) -> Self {
        let mut called = Self::default();
        called.count(converted);
        called
    }

    fn count(&mut self, converted: &Converted) {
        match converted.status.as_str() {
            "done" => self.done += 1,
            "quarantined" => self.quarantined += 1,
            _ => self.taken += 1,
        }
        self.rows += converted.rows;
        self.bad_rows += converted.bad_rows;
    }
}

impl Convert<'_> {
    /// Does what a line of the work list says.
    pub async fn call(&self, work: &Work, deadline_millis: i64) -> Result<Called> {
        match work {
            Work::Files(items) => self.files(items, deadline_millis).await,
            Work::Survey(split) => self.survey(split, deadline_millis).await,
            Work::Part(split) => self.part(split, deadline_millis).await,
            Work::Gather(split) => self.gather(split, deadline_millis).await,
        }
    }

    async fn files(&self, items: &[WorkItem], deadline_millis: i64) -> Result<Called> {
        let Some(first) = items.first() else { return Ok(Called::default()) };
        let lake = self.lake(first).await?;
        let mut called = Called::default();
        let mut failures = Failures::default();
        let open = self.open(items, &mut called).await?;
        for (nth, item) in open.iter().enumerate() {
            if nth > 0 && self.clock.now_millis() + RESERVE_MILLIS > deadline_millis {
                let what = format!("{} files are left for the next call", open.len() - nth);
                failures.add(Error::new(Kind::OutOfTime, what));
                break;
            }
            match self.one(&lake, item, deadline_millis).await {
                Ok(converted) => called.count(&converted),
                Err(error) => failures.add(error),
            }
        }
        failures.end(open.len()).map(|()| called)
    }

    /// The files that are not settled yet. One that a call of this run died on comes last.
    async fn open<'i>(&self, items: &'i [WorkItem], called: &mut Called) -> Result<Vec<&'i WorkItem>> {
        if items.len() == 1 {
            return Ok(items.iter().collect());
        }
        let ids: Vec<SourceId> = items.iter().map(|item| item.source.id()).collect();
        let records: HashMap<SourceId, Record> = self.ledger.records(&ids).await?;
        let status = |id: &SourceId| records.get(id).map(|record| record.status);
        let (mut open, mut suspects) = (Vec::new(), Vec::new());
        for (item, id) in items.iter().zip(&ids) {
            match status(id) {
                Some(Status::Done | Status::Quarantined) => called.taken += 1,
                Some(Status::Leased) => suspects.push(item),
                _ => open.push(item),
            }
        }
        open.append(&mut suspects);
        Ok(open)
    }
}

/// What went wrong with some files of a call.
#[derive(Default)]
struct Failures {
    count: usize,
    /// The first one, or the first that another try may heal.
    told: Option<Error>,
}

impl Failures {
    fn add(&mut self, error: Error) {
        self.count += 1;
        let heals =
            |error: &Error| matches!(error.kind(), Kind::Throttled | Kind::Unavailable | Kind::OutOfTime);
        if self.told.as_ref().is_none_or(|told| heals(&error) && !heals(told)) {
            self.told = Some(error);
        }
    }

    fn end(self, files: usize) -> Result<()> {
        match self.told {
            None => Ok(()),
            Some(error) if files == 1 => Err(error),
            Some(error) => {
                let what =
                    format!("{} of {files} files of the call failed; the first to try again", self.count);
                Err(Error::caused(error.kind(), what, error))
            }
        }
    }
}

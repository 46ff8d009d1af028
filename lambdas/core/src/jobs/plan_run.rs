//! Plans a run: what is in landing, less what the ledger has settled, matched to tables.

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Database, Day, Lake, Names, TableName};

mod groups;
mod splits;

use super::{RunRequest, documents};
use crate::ports::{Clock, Ledger, ObjectStore, ObjectVersion};
use crate::{
    CrawlerItem, Outcome, Plan, Portions, Record, Result, RunKeys, Settled, SourceId, SourceVersion, Status,
    TableItem, Tally, Work, WorkItem, ZoneItem,
};

/// The job.
#[derive(Clone, Copy)]
pub struct PlanRun<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads landing, writes the work list.
    pub store: &'a dyn ObjectStore,
    /// Knows what was settled before.
    pub ledger: &'a dyn Ledger,
    /// Tells which leases have run out.
    pub clock: &'a dyn Clock,
    /// How files are portioned out to calls of Convert.
    pub portions: Portions,
}

/// What the state machine needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// New sources found in landing.
    pub landed: u64,
    /// Files on the work list.
    pub planned: u64,
    /// Those of them that are converted in parts.
    #[serde(default)]
    pub split: u64,
}

impl PlanRun<'_> {
    /// Plans whatever is new and writes the lists that the state machine maps over. Whoever plans the
    /// same run again, also at the same time, ends with the same papers: lake and plan are written once,
    /// and the lists are made of what stands there.
    pub async fn run(&self, request: &RunRequest) -> Result<Planned> {
        let ops = self.names.bucket(&Bucket::Ops);
        let keys = RunKeys(&request.run);
        let deployed: Lake = documents::read(self.store, &ops, RunKeys::DEPLOYED_LAKE).await?;
        let lake = documents::write_once(self.store, &ops, &keys.lake(), deployed).await?;
        let plan = self.plan(&lake, request).await?;
        let plan = documents::write_once(self.store, &ops, &keys.plan(), plan).await?;

        let calls = Calls::of(&lake, &plan);
        documents::write_lines(self.store, &ops, &keys.surveys(), &calls.surveys).await?;
        documents::write_lines(self.store, &ops, &keys.work(), &calls.work).await?;
        documents::write_lines(self.store, &ops, &keys.gathers(), &calls.gathers).await?;
        documents::write_lines(self.store, &ops, &keys.tables(), &table_items(request, &lake)).await?;
        documents::write_lines(self.store, &ops, &keys.zones(), &self.zone_items(request, &lake)).await?;
        documents::write_lines(self.store, &ops, &keys.crawlers(), &self.crawler_items(request, &lake))
            .await?;
        for settled in &plan.settled {
            self.ledger.note(&settled.record).await?;
        }
        let split = calls.gathers.len() as u64;
        Ok(Planned { landed: plan.landed.files, planned: plan.planned.files, split })
    }

    async fn plan(&self, lake: &Lake, request: &RunRequest) -> Result<Plan> {
        let mut plan = Plan {
            run: request.run.clone(),
            landed: Tally::default(),
            planned: Tally::default(),
            work: Vec::new(),
            portions: self.portions,
            settled: Vec::new(),
            began_millis: self.clock.now_millis(),
        };
        for (source, attempt) in self.fresh_sources(lake, request).await? {
            let size_bytes = source.size_bytes;
            plan.landed.add(size_bytes);
            match classify(lake, &source) {
                Class::Convert { table, layout } => {
                    plan.planned.add(size_bytes);
                    let run = request.run.clone();
                    plan.work.push(WorkItem { run, table, source, layout, tried: attempt });
                }
                Class::Skip { class, reason } => {
                    let mut record = skipped(request, &source, attempt, class, reason);
                    record.outcome.settled_millis = self.clock.now_millis();
                    plan.settled.push(Settled { record, size_bytes });
                }
            }
        }
        Ok(plan)
    }

    /// Every version in landing that is not settled and that nobody works on, and how often it
    /// was tried.
    async fn fresh_sources(&self, lake: &Lake, request: &RunRequest) -> Result<Vec<(SourceVersion, u32)>> {
        let landing = self.names.bucket(&Bucket::Landing);
        let versions = self.store.list_versions(&landing, "").await?;
        let sources: Vec<SourceVersion> = versions
            .into_iter()
            .filter(|version| !version.delete_marker)
            .map(|version| source_of(&landing, version))
            .collect();
        let ids: Vec<SourceId> = sources.iter().map(SourceVersion::id).collect();
        let known = self.ledger.records(&ids).await?;
        let now = self.clock.now_millis();
        let fresh = sources.into_iter().zip(ids).filter_map(|(source, id)| match known.get(&id) {
            None => Some((source, 0)),
            Some(record) => is_fresh(lake, &source, record, request, now).then_some((source, record.attempt)),
        });
        Ok(fresh.collect())
    }

    fn zone_items(&self, request: &RunRequest, lake: &Lake) -> Vec<ZoneItem> {
        let item = |zone: &tarn_lake::Zone| ZoneItem {
            run: request.run.clone(),
            zone: zone.name.clone(),
            function: self.names.sync_function(&zone.name),
        };
        lake.zones.iter().map(item).collect()
    }

    fn crawler_items(&self, request: &RunRequest, lake: &Lake) -> Vec<CrawlerItem> {
        let zones = lake.zones.iter().map(|zone| Database::Zone(zone.name.clone()));
        let databases = std::iter::once(Database::Silver).chain(zones);
        let item =
            |database| CrawlerItem { run: request.run.clone(), crawler: self.names.crawler(&database) };
        databases.map(item).collect()
    }
}

/// The calls that do the plan's work, by the step that makes them.
#[derive(Default)]
struct Calls {
    surveys: Vec<Work>,
    work: Vec<Work>,
    gathers: Vec<Work>,
}

impl Calls {
    fn of(lake: &Lake, plan: &Plan) -> Self {
        let mut calls = Self::default();
        let mut whole = Vec::new();
        for item in &plan.work {
            let ranges = splits::ranges(lake, item, &plan.portions);
            match ranges.first() {
                None => whole.push(item),
                Some(first) => calls.gathers.push(Work::Gather(first.clone())),
            }
            calls.surveys.extend(ranges.iter().cloned().map(Work::Survey));
            calls.work.extend(ranges.into_iter().map(Work::Part));
        }
        // What takes longest begins first.
        calls.work.extend(groups::grouped(&whole, &plan.portions));
        calls
    }
}

fn table_items(request: &RunRequest, lake: &Lake) -> Vec<TableItem> {
    let item = |table: &tarn_lake::Table| TableItem { run: request.run.clone(), table: table.name.clone() };
    lake.tables.iter().map(item).collect()
}

pub(super) fn source_of(bucket: &str, version: ObjectVersion) -> SourceVersion {
    SourceVersion {
        bucket: bucket.into(),
        key: version.object.key,
        version: version.version,
        size_bytes: version.object.size_bytes,
        landed_millis: version.object.modified_millis,
    }
}

/// A source that has a record is fresh when its lease ran out or its last attempt failed, and when it
/// was skipped for want of a table that the lake has now.
fn is_fresh(lake: &Lake, source: &SourceVersion, record: &Record, request: &RunRequest, now: i64) -> bool {
    match record.status {
        Status::Skipped => matches!(classify(lake, source), Class::Convert { .. }),
        _ => record.may_be_leased(&request.run, now),
    }
}

/// What is to be done with a source.
pub(super) enum Class {
    Convert { table: TableName, layout: usize },
    Skip { class: &'static str, reason: String },
}

/// What a run does with a source that is new.
pub(super) fn classify(lake: &Lake, source: &SourceVersion) -> Class {
    let skip = |class, reason: String| Class::Skip { class, reason };
    if source.key.ends_with('/') {
        return skip("FOLDER", "a folder marker, not a file".into());
    }
    let matching =
        lake.tables.iter().filter_map(|table| Some((table, table.files.matches(&source.key)?.day)));
    // Where one pattern reads an impossible day and another reads its own, the other is meant.
    let (possible, impossible): (Vec<_>, Vec<_>) =
        matching.partition(|(_, day)| !matches!(day, Some(Err(_))));
    let (table, day) = match (possible.as_slice(), impossible.as_slice()) {
        ([], []) => {
            return skip(
                "UNCONFIGURED",
                "no table's `files` pattern matches; add a table or move the file".into(),
            );
        }
        ([], [(table, day), ..]) => {
            let why = day.and_then(Result::err).map(|error| error.to_string()).unwrap_or_default();
            return skip("IRREGULAR", format!("its name fits table `{}`, but {why}; rename it", table.name));
        }
        ([(table, day)], _) => (table, day.and_then(Result::ok)),
        ([(table, _), (other, _), ..], _) => {
            let reason = format!(
                "the patterns of `{}` and `{}` both match; make them disjoint",
                table.name, other.name
            );
            return skip("AMBIGUOUS", reason);
        }
    };
    if source.size_bytes == 0 {
        return skip("EMPTY", "zero bytes".into());
    }
    let Some(day) = day.or_else(|| Day::of_epoch_millis(source.landed_millis)) else {
        return skip("IRREGULAR", "the time it landed is none that a calendar has".into());
    };
    match table.layouts.iter().rposition(|layout| layout.from.is_none_or(|from| from <= day)) {
        Some(layout) => Class::Convert { table: table.name.clone(), layout },
        None => skip("NO_LAYOUT", format!("table `{}` has no layout for {day}", table.name)),
    }
}

fn skipped(
    request: &RunRequest,
    source: &SourceVersion,
    attempt: u32,
    class: &str,
    reason: String,
) -> Record {
    Record {
        source_id: source.id(),
        key: source.key.clone(),
        version: source.version.clone(),
        table: None,
        run: request.run.clone(),
        status: Status::Skipped,
        attempt,
        lease_until_millis: 0,
        outcome: Outcome { class: class.into(), reason, bytes_in: source.size_bytes, ..Outcome::default() },
        history: Vec::new(),
    }
}

//! Plans a run: what is in landing, less what the ledger has settled, matched to tables.

mod groups;
mod splits;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Database, Day, Lake, Names, Table, TableName};

use super::due::{Due, Turn, Waiting};
use super::{RunRequest, documents};
use crate::ports::{Clock, Ledger, ObjectStore};
use crate::standing::{self, Standing};
use crate::{
    CrawlerItem, ModelItem, Outcome, Plan, Portions, Record, Result, RunId, RunKeys, Settled, SourceId,
    SourceVersion, Status, TableItem, Tally, Work, WorkItem, ZoneItem,
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

/// Which run, and what it was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Its id.
    pub run: RunId,
    /// The input of the execution.
    #[serde(default)]
    pub input: RunInput,
}

/// What a run may be started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInput {
    /// Only these tables are taken, due or not; `None` for all that are due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<TableName>>,
}

impl From<RunId> for PlanRequest {
    fn from(run: RunId) -> Self {
        Self { run, input: RunInput::default() }
    }
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
    /// The levels of models, counted from 0. Written even if there are none: the state machine of a lake
    /// that has just got models may plan by the lake before.
    #[serde(default)]
    pub levels: Vec<u32>,
}

impl PlanRun<'_> {
    /// Plans whatever is new and writes the lists that the state machine maps over. Whoever plans the
    /// same run again, also at the same time, ends with the same papers: lake and plan are written once,
    /// and the lists are made of what stands there.
    pub async fn run(&self, request: &PlanRequest) -> Result<Planned> {
        let only = request.input.tables.as_deref();
        let request = &RunRequest { run: request.run.clone() };
        let ops = self.names.bucket(&Bucket::Ops);
        let keys = RunKeys(&request.run);
        let deployed: Lake = documents::read(self.store, &ops, RunKeys::DEPLOYED_LAKE).await?;
        let lake = documents::write_once(self.store, &ops, &keys.lake(), deployed).await?;
        let due = Due::read(self.store, &ops, &lake, only, self.clock.now_millis()).await?;
        let plan = self.plan(&lake, request, &due).await?;
        let plan = documents::write_once(self.store, &ops, &keys.plan(), plan).await?;

        let calls = Calls::of(&lake, &plan);
        documents::write_lines(self.store, &ops, &keys.surveys(), &calls.surveys).await?;
        documents::write_lines(self.store, &ops, &keys.work(), &calls.work).await?;
        documents::write_lines(self.store, &ops, &keys.gathers(), &calls.gathers).await?;
        documents::write_lines(self.store, &ops, &keys.tables(), &table_items(request, &lake)).await?;
        documents::write_lines(self.store, &ops, &keys.zones(), &self.zone_items(request, &lake)).await?;
        documents::write_lines(self.store, &ops, &keys.crawlers(), &self.crawler_items(request, &lake))
            .await?;
        let levels = self.write_models(request, &lake).await?;
        for settled in &plan.settled {
            self.ledger.note(&settled.record).await?;
        }
        let split = calls.gathers.len() as u64;
        Ok(Planned { landed: plan.landed.files, planned: plan.planned.files, split, levels })
    }

    /// A list for each level of models, and which levels there are.
    async fn write_models(&self, request: &RunRequest, lake: &Lake) -> Result<Vec<u32>> {
        let (ops, keys) = (self.names.bucket(&Bucket::Ops), RunKeys(&request.run));
        let mut levels = Vec::new();
        for (level, models) in (0..).zip(lake.model_levels()) {
            let item =
                |model: &&tarn_lake::Model| ModelItem { run: request.run.clone(), model: model.name.clone() };
            let items: Vec<ModelItem> = models.iter().map(item).collect();
            documents::write_lines(self.store, &ops, &keys.models(level), &items).await?;
            levels.push(level);
        }
        Ok(levels)
    }

    async fn plan(&self, lake: &Lake, request: &RunRequest, due: &Due<'_>) -> Result<Plan> {
        let mut plan = Plan {
            run: request.run.clone(),
            landed: Tally::default(),
            planned: Tally::default(),
            work: Vec::new(),
            portions: self.portions,
            settled: Vec::new(),
            began_millis: self.clock.now_millis(),
            takes: due.takes(),
            waiting: Vec::new(),
        };
        for fresh in self.fresh_sources(lake, request).await? {
            let class = classify(lake, &fresh.source);
            match fresh.table(&class).and_then(|name| lake.table(name)).map(|table| (table, due.turn(table)))
            {
                _ if fresh.was_taken && due.takes_strangers() => plan.take(request, fresh, class),
                Some((_, Turn::Takes)) => plan.take(request, fresh, class),
                Some((table, Turn::Waits { until_millis })) => plan.wait(table, until_millis, &fresh.source),
                None if due.takes_strangers() => plan.take(request, fresh, class),
                None | Some((_, Turn::LeavesOut)) => {}
            }
        }
        Ok(plan)
    }

    /// Every version in landing that is not settled and that nobody works on, and how often it
    /// was tried.
    async fn fresh_sources(&self, lake: &Lake, request: &RunRequest) -> Result<Vec<Fresh>> {
        let landing = self.names.bucket(&Bucket::Landing);
        let versions = self.store.list_versions(&landing, "").await?;
        let sources: Vec<SourceVersion> = versions
            .into_iter()
            .filter(|version| !version.delete_marker)
            .map(|version| SourceVersion::listed(&landing, version))
            .collect();
        let ids: Vec<SourceId> = sources.iter().map(SourceVersion::id).collect();
        let known = self.ledger.records(&ids).await?;
        let mut standings = standing::standings(lake, &sources, &known);
        let look = Look { lake, request, now_millis: self.clock.now_millis() };
        let fresh = sources
            .into_iter()
            .zip(ids)
            .filter_map(|(source, id)| look.fresh(source, known.get(&id), standings.remove(&id)));
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
            calls.surveys.extend(ranges.first().cloned().map(Work::Survey));
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

impl Plan {
    fn take(&mut self, request: &RunRequest, fresh: Fresh, class: Class) {
        let Fresh { source, attempt, outdone, .. } = fresh;
        let size_bytes = source.size_bytes;
        self.landed.add(size_bytes);
        let settled = match (outdone, class) {
            (Some((table, outcome)), _) => {
                Record { table: Some(table), ..skipped(request, &source, attempt, outcome) }
            }
            (None, Class::Skip { class, reason }) => {
                let outcome =
                    Outcome { class: class.into(), reason, bytes_in: size_bytes, ..Outcome::default() };
                skipped(request, &source, attempt, outcome)
            }
            (None, Class::Convert { table, layout }) => {
                self.planned.add(size_bytes);
                let run = request.run.clone();
                return self.work.push(WorkItem { run, table, source, layout, tried: attempt });
            }
        };
        let outcome = settled.outcome.clone().at(self.began_millis);
        self.settled.push(Settled { record: Record { outcome, ..settled }, size_bytes });
    }

    fn wait(&mut self, table: &Table, until_millis: i64, source: &SourceVersion) {
        let known = self.waiting.iter().position(|waiting| waiting.table == table.name);
        let at = known.unwrap_or_else(|| {
            let (name, frequency) = (table.name.clone(), table.arrival.frequency);
            self.waiting.push(Waiting { table: name, frequency, files: Tally::default(), until_millis });
            self.waiting.len() - 1
        });
        if let Some(waiting) = self.waiting.get_mut(at) {
            waiting.files.add(source.size_bytes);
        }
    }
}

/// A source that this run has to account for.
struct Fresh {
    source: SourceVersion,
    attempt: u32,
    /// Whether a run has taken it before and did not end with it.
    was_taken: bool,
    /// Another version of its key has its place: in which table, and what that makes of it.
    outdone: Option<(TableName, Outcome)>,
}

impl Fresh {
    /// The table that it belongs to, where that is known.
    fn table<'f>(&'f self, class: &'f Class) -> Option<&'f TableName> {
        match (&self.outdone, class) {
            (Some((table, _)), _) | (None, Class::Convert { table, .. }) => Some(table),
            (None, Class::Skip { .. }) => None,
        }
    }
}

/// What a run sees of sources.
struct Look<'a> {
    lake: &'a Lake,
    request: &'a RunRequest,
    now_millis: i64,
}

impl Look<'_> {
    fn fresh(
        &self,
        source: SourceVersion,
        record: Option<&Record>,
        standing: Option<Standing>,
    ) -> Option<Fresh> {
        if !record.is_none_or(|record| self.is_fresh(&source, record, standing.as_ref())) {
            return None;
        }
        // Whoever died with the lease has to be followed by a worker, who settles it.
        let is_leased = record.is_some_and(|record| record.status == Status::Leased);
        let outdone = match standing {
            Some(Standing::Outdone { table, outcome }) if !is_leased => Some((table, outcome)),
            _ => None,
        };
        let was_taken = record.is_some_and(|record| record.status != Status::Skipped);
        Some(Fresh { source, attempt: record.map_or(0, |record| record.attempt), was_taken, outdone })
    }

    /// A source that has a record is fresh when its lease ran out or its last attempt failed, and when
    /// it was skipped for want of a table that the lake has now, or for a version that does not count
    /// any more.
    fn is_fresh(&self, source: &SourceVersion, record: &Record, standing: Option<&Standing>) -> bool {
        let is_outdone = matches!(standing, Some(Standing::Outdone { .. }));
        match record.status {
            Status::Skipped => {
                standing::is_open_again(record, standing)
                    && matches!(classify(self.lake, source), Class::Convert { .. })
            }
            Status::Failed if is_outdone => true,
            _ => record.may_be_leased(&self.request.run, self.now_millis),
        }
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

fn skipped(request: &RunRequest, source: &SourceVersion, attempt: u32, outcome: Outcome) -> Record {
    Record {
        source_id: source.id(),
        key: source.key.clone(),
        version: source.version.clone(),
        table: None,
        run: request.run.clone(),
        status: Status::Skipped,
        attempt,
        lease_until_millis: 0,
        outcome,
        history: Vec::new(),
    }
}

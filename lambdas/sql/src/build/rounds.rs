//! A model is made and published, again from the start as often as somebody else was faster.
//!
//! Before every swap the table is looked at anew, and the swap is held against what was seen then. So
//! an output that is there already is never put there a second time: not by a second worker, not by
//! one that was thought dead, not by a repetition after an answer that was lost.

use std::sync::Arc;

use datafusion::prelude::DataFrame;
use iceberg::spec::DataFile;
use tarn_core::ports::{Object, Pointer, Publication, Swapped, Target};
use tarn_core::{Error, Kind};
use tarn_lake::{Model, ModelFormat};

use super::inputs::{Input, look};
use super::merge::{Effect, effect};
use super::output::{Taken, hex, id, takes_new_files};
use super::outside::Query;
use super::tests_of_model::failed;
use super::{Built, Job, Places, Ports, Published};
use crate::check::{gold_columns, refuse_rewritten};
use crate::fault::{Fault, Result, of_datafusion};
use crate::iceberg::{
    Attempt, Change, Found, Home, Layout, OUTPUT, ROWS_OF, Sink, State, TAKEN, Table, begin, find, gathered,
    provider, stage, write_all,
};
use crate::session::Session;
use crate::types::TypedColumn;

/// How often a model is made again because somebody else was faster, or an answer was lost.
const ROUNDS: u32 = 5;

/// Runs a model.
pub async fn build(job: &Job<'_>, ports: &Ports, places: &Places) -> Result<Built> {
    // What is built anew is an output of its own, so that it is told from what was there.
    let salt = job.rebuild.then(|| hex(&(ports.random)()));
    let mut last = None;
    for _ in 0..ROUNDS {
        match Round::begin(job, ports, places, salt.as_deref()).await?.run().await? {
            Outcome::Over(built) => return Ok(built),
            Outcome::Again(error) => last = error,
        }
    }
    let lost = || Error::new(Kind::Conflict, format!("others publish {} all the time", job.model.name));
    Err(last.unwrap_or_else(lost).into())
}

enum Outcome {
    Over(Built),
    /// Somebody else was faster, or an answer was lost.
    Again(Option<Error>),
}

/// One try, over what was there when it began.
struct Round<'a> {
    job: &'a Job<'a>,
    ports: &'a Ports,
    places: &'a Places,
    home: Home,
    found: Found,
    inputs: Vec<Input>,
    taken: Taken,
    /// Whether the rows that are there are of files that nobody kept account of, so that all files are taken
    /// again and the rows go: the model was no appending one before, or of another table.
    starts_over: bool,
    /// Inputs that were taken and are others now.
    changed_inputs: usize,
    output: String,
    attempt: String,
    snapshot_id: i64,
}

impl<'a> Round<'a> {
    async fn begin(
        job: &'a Job<'a>,
        ports: &'a Ports,
        places: &'a Places,
        salt: Option<&str>,
    ) -> Result<Self> {
        let model = job.model;
        let home = Home::new(ports.store.clone(), &places.gold, &model.name);
        let found = find(&home, ports.pointers.as_ref(), &places.gold.database).await?;
        let base = if job.rebuild { None } else { found.table() };
        refuse_rewritten(job.tables, model)?;
        let known = Taken::of(base.filter(|_| takes_new_files(model)), model).await?;
        let is_there = base.is_some_and(|base| base.metadata.current_snapshot_id().is_some());
        let starts_over = takes_new_files(model) && is_there && known.is_none();
        let taken = known.unwrap_or_default();
        let (mut inputs, mut changed_inputs) = (Vec::new(), 0);
        for name in &model.inputs {
            let mut input = look(ports, places, job.tables, name).await?;
            if let Input::Silver(table, files) = &mut input
                && takes_new_files(model)
                && model.new_files_of.as_ref() == Some(&table.name)
            {
                changed_inputs = taken.leave_new(files);
            }
            inputs.push(input);
        }
        let output = id(model, &inputs, salt);
        let random = (ports.random)();
        let (name, number) = random.split_at(8);
        // An id of a snapshot is a number above zero.
        let number = i64::from_be_bytes(number.try_into().unwrap_or_default());
        let (attempt, snapshot_id) = (format!("{output}-{}", hex(name)), (number & i64::MAX).max(1));
        Ok(Self {
            job,
            ports,
            places,
            home,
            found,
            inputs,
            taken,
            starts_over,
            changed_inputs,
            output,
            attempt,
            snapshot_id,
        })
    }

    async fn run(self) -> Result<Outcome> {
        if let Some(version) = self.is_there() {
            return Ok(Outcome::Over(Built::Unchanged { version }));
        }
        let session = Session::new(&self.job.settings, self.ports.store.clone())?;
        for input in &self.inputs {
            input.add_to(&session, self.places, self.inputs.len() > 1).await?;
        }
        match self.job.model.format {
            ModelFormat::Iceberg => self.run_iceberg(&session).await,
            ModelFormat::Parquet => self.run_parquet(&session).await,
        }
    }

    /// What stands, if nothing is due.
    fn is_there(&self) -> Option<String> {
        match &self.found {
            Found::Nothing => None,
            Found::Parquet(_, folder) => {
                let name = folder.trim_end_matches('/').rsplit('/').next()?;
                name.starts_with(&format!("{}-", self.output)).then(|| name.to_owned())
            }
            Found::Iceberg(table) => {
                let nothing_new =
                    !self.job.rebuild && takes_new_files(self.job.model) && self.new_files().is_empty();
                let is_there = table.output() == Some(self.output.as_str()) || nothing_new;
                let snapshot = table.metadata.current_snapshot_id()?;
                is_there.then(|| snapshot.to_string())
            }
        }
    }

    fn new_files(&self) -> &[Object] {
        let wanted = self.job.model.new_files_of.as_ref();
        let files = self.inputs.iter().find_map(|input| match input {
            Input::Silver(table, files) if wanted == Some(&table.name) => Some(files.as_slice()),
            _ => None,
        });
        files.unwrap_or_default()
    }

    async fn run_iceberg(self, session: &Session) -> Result<Outcome> {
        let model = self.job.model;
        let base = if self.job.rebuild { None } else { self.found.table() };
        let home = base.map_or(&self.home, |base| &base.home);
        let (frame, columns) = self.planned(session).await?;
        let (metadata, layout) = begin(home, base, model, &columns, &self.job.renamed)?;
        let state = match base {
            Some(base) => base.state().await?,
            None => State::default(),
        };
        let frame = gathered(frame, &layout)?;
        let (rows, change) = self.written(session, home, frame, &layout, &state).await?;
        let kept = state.files().filter(|file| !change.removed.contains(file.file_path()));
        let new: Vec<&DataFile> = kept.chain(&change.added).collect();
        let new_state = provider(session.shelf(), home, &layout.schema, new.into_iter(), false)?;
        if let Some(failed) = self.failed_tests(session, new_state).await? {
            return Ok(Outcome::Over(failed));
        }
        let published = self.published(self.snapshot_id.to_string(), session, rows, &change.added);
        let now_millis = self.ports.clock.now_millis();
        let attempt = Attempt { name: &self.attempt, snapshot_id: self.snapshot_id, now_millis };
        let staged = stage(home, base, metadata, &state, change, &attempt).await?;
        self.publish(Target::Iceberg(staged.path), &columns, published).await
    }

    /// The rows that the SQL gives, by whatever engine, and their columns.
    async fn planned(&self, session: &Session) -> Result<(DataFrame, Vec<TypedColumn>)> {
        let Job { model, tables, outside, .. } = self.job;
        let frame = session.plan(&model.sql).await?;
        let columns = columns_of(model, &frame)?;
        let Some(outside) = outside else { return Ok((frame, columns)) };
        let query = Query { model, columns: &columns, tables, inputs: &self.inputs, places: self.places };
        let frame = outside.rows(session, self.ports, &query, &self.output).await?;
        Ok((frame, columns))
    }

    /// Writes the rows that the SQL gives, and those that move for their sake.
    async fn written(
        &self,
        session: &Session,
        home: &Home,
        frame: DataFrame,
        layout: &Layout,
        state: &State,
    ) -> Result<(u64, Change)> {
        let (model, scratch) = (self.job.model, self.ports.scratch.as_ref());
        let mut sink = Sink::new(home, scratch, layout, format!("data/{}", self.attempt))?;
        let stream = frame.execute_stream().await.map_err(|error| of_datafusion(error, &model.sql))?;
        let rows = write_all(&mut sink, stream).await?;
        let mut added = sink.files();
        let mut rest = Sink::new(home, scratch, layout, format!("data/{}-rest", self.attempt))?;
        let effect = match self.starts_over {
            true => Effect::on_all(state),
            false => effect(session, model, state, layout, home, &added, &mut rest).await?,
        };
        added.extend(rest.files());
        let properties = self.properties(home).await?;
        Ok((rows, Change { operation: effect.operation, added, removed: effect.removed, properties }))
    }

    /// What the snapshot says of itself.
    async fn properties(&self, home: &Home) -> Result<Vec<(String, String)>> {
        let rows_of = self.snapshot_id.to_string();
        let mut properties = vec![(OUTPUT.to_owned(), self.output.clone()), (ROWS_OF.to_owned(), rows_of)];
        if takes_new_files(self.job.model) {
            let taken = self.taken.clone().with(self.new_files());
            properties.push((TAKEN.to_owned(), taken.write(home, &self.attempt).await?));
        }
        Ok(properties)
    }

    fn published(&self, version: String, session: &Session, rows: u64, files: &[DataFile]) -> Published {
        Published {
            version,
            rows,
            files: files.len(),
            bytes: files.iter().map(DataFile::file_size_in_bytes).sum(),
            scanned_bytes: session.scanned_bytes(),
            changed_inputs: self.changed_inputs,
        }
    }

    async fn run_parquet(self, session: &Session) -> Result<Outcome> {
        let model = self.job.model;
        let (frame, columns) = self.planned(session).await?;
        // A folder of Parquet is one pile, whatever the header says of partitions.
        let piled = Model { partition_by: Vec::new(), ..model.clone() };
        let (_, layout) = begin(&self.home, None, &piled, &columns, &self.job.renamed)?;
        let mut sink =
            Sink::new(&self.home, self.ports.scratch.as_ref(), &layout, format!("{}/part", self.attempt))?;
        let stream = frame.execute_stream().await.map_err(|error| of_datafusion(error, &model.sql))?;
        let rows = write_all(&mut sink, stream).await?;
        sink.at_least_one().await?;
        let files = sink.files();
        let state = provider(session.shelf(), &self.home, &layout.schema, files.iter(), false)?;
        if let Some(failed) = self.failed_tests(session, state).await? {
            return Ok(Outcome::Over(failed));
        }
        let published = self.published(self.attempt.clone(), session, rows, &files);
        let folder = format!("{}/", self.home.path(&self.attempt));
        self.publish(Target::Parquet(folder), &columns, published).await
    }

    async fn failed_tests(
        &self,
        session: &Session,
        state: Arc<dyn datafusion::catalog::TableProvider>,
    ) -> Result<Option<Built>> {
        let model = self.job.model;
        if model.tests.is_empty() {
            return Ok(None);
        }
        // Of a table that is taken by its new files, tests see all.
        if let Some(name) = model.new_files_of.as_ref().filter(|_| takes_new_files(model)) {
            let input = look(self.ports, self.places, self.job.tables, name).await?;
            input.add_to(session, self.places, false).await?;
        }
        session.add(model.name.as_str(), state)?;
        let failed = failed(session, &model.name, &model.tests).await?;
        Ok((!failed.is_empty()).then_some(Built::Failed(failed)))
    }

    async fn publish(self, target: Target, columns: &[TypedColumn], published: Published) -> Result<Outcome> {
        let publication = self.publication(target, columns);
        let swapped = self.ports.pointers.swap(self.found.pointer(), &publication).await;
        let error = match swapped {
            Ok(Swapped::Done) => return Ok(Outcome::Over(Built::Published(published))),
            Ok(Swapped::Lost) => None,
            Err(error) => Some(error),
        };
        // Whether it was moved is unknown after an error, so it is looked at before anything else.
        let database = &self.places.gold.database;
        let now = self.ports.pointers.pointer(database, self.job.model.name.as_str()).await;
        match (now, error) {
            (Ok(Some(now)), _) if now.target == publication.target => {
                Ok(Outcome::Over(Built::Published(published)))
            }
            (_, Some(error)) if !may_pass(error.kind()) => Err(error.into()),
            (_, error) => Ok(Outcome::Again(error)),
        }
    }

    fn publication(&self, target: Target, columns: &[TypedColumn]) -> Publication {
        let home = self.found.table().filter(|_| !self.job.rebuild).map_or(&self.home, |table| &table.home);
        Publication {
            database: self.places.gold.database.clone(),
            table: self.job.model.name.to_string(),
            description: self.job.model.description.clone(),
            location: home.location.clone(),
            columns: columns.iter().map(|column| (column.name.to_string(), column.kind.glue())).collect(),
            target,
        }
    }
}

impl Found {
    fn table(&self) -> Option<&Table> {
        match self {
            Found::Iceberg(table) => Some(table),
            _ => None,
        }
    }

    fn pointer(&self) -> Option<&Pointer> {
        match self {
            Found::Nothing => None,
            Found::Iceberg(table) => Some(&table.pointer),
            Found::Parquet(pointer, _) => Some(pointer),
        }
    }
}

/// Whether trying again may help.
fn may_pass(kind: Kind) -> bool {
    matches!(kind, Kind::Unavailable | Kind::Throttled | Kind::Conflict | Kind::Internal)
}

fn columns_of(model: &Model, frame: &DataFrame) -> Result<Vec<TypedColumn>> {
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let (columns, mut faults) = gold_columns(&schema);
    match faults.is_empty() {
        true => Ok(columns),
        false => {
            let Fault { message, help, place } = faults.swap_remove(0);
            Err(Fault { message: format!("{}: {message}", model.name), help, place }.into())
        }
    }
}

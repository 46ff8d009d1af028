//! `tarn run --dir`: the pipeline over a folder, with nothing but this machine.

mod progress;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tarn_convert::{Engine, HashKey, Limits};
use tarn_core::ports::Converter;
use tarn_core::{Error, Kind, Portions, RunId, RunReport};
use tarn_lake::{Lake, TableName};
use tarn_local::{Ended, Home, LeftOut, Lock, Locked, QUIET, Run as Job, Why};
use tarn_project::Rewriter;

use super::run::{new_id, print, tables};
use crate::arguments::{Common, Run};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;
use crate::sql::SqlEngine;

use progress::Progress;

const POLL: Duration = Duration::from_millis(200);

pub async fn run(common: &Common, dir: &Path, options: &Run) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let tables = tables(&project.lake, &options.tables)?;
    let home = home(dir, &project.lake)?;
    let lock = lock(&home, "tarn run").await?;
    wait_for_writers(&home).await;
    let made = make(
        &home,
        &lock,
        "manual",
        &project.lake,
        Arc::default(),
        Wishes { tables, closely: options.follow },
    )
    .await?;

    made.left_out.tell(&home);
    if made.ended.report.landed.files == 0 && home.look().files.is_empty() {
        console::note(format!("nothing lies in {}: put files there", home.landing().display()));
    }
    print(common, &made.ended.report);
    match made.ended.failure {
        Some(error) => Err(failure(error).hint("what was converted stays; the next run goes on from here")),
        None => Ok(exit::done_if(is_well(&made.ended.report))),
    }
}

/// Whether nothing failed that somebody should look at.
pub fn is_well(report: &RunReport) -> bool {
    report.failed.files == 0 && report.failed_steps == 0
}

/// The lake's folder, made if it is not there.
pub fn home(dir: &Path, lake: &Lake) -> Result<Home, Failure> {
    let dir = std::path::absolute(dir)
        .map_err(|error| Failure::bad_input(format!("{} cannot be found: {error}", dir.display())))?;
    Home::of(&dir, lake).map_err(|error| match error.kind() {
        Kind::Invalid => Failure::bad_input(error.chain()),
        _ => failure(error),
    })
}

/// Waits until nobody else works on the folder.
pub async fn lock(home: &Home, doing: &str) -> Result<Lock, Failure> {
    let mut told = false;
    loop {
        let holder = match home.lock(doing).map_err(failure)? {
            Locked::Ours(lock) => return Ok(lock),
            Locked::Theirs(holder) => holder,
        };
        if !told {
            let who = holder.map(|holder| format!("{} (process {})", holder.doing, holder.process));
            let who = who.unwrap_or_else(|| "another process".into());
            console::note(format!("{who} works on this folder; waiting until it has ended"));
            told = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Files that were just copied are whole a moment later; only what is still written then is left out.
async fn wait_for_writers(home: &Home) {
    let recent = home.look().left_out.iter().filter(|left| left.why == Why::Recent).count();
    if recent > 0 {
        let files = if recent == 1 { "1 file was".into() } else { format!("{recent} files were") };
        console::note(format!("{files} written a moment ago; waiting two seconds for the end of it"));
        tokio::time::sleep(QUIET).await;
    }
}

/// What is wished of a run.
#[derive(Default)]
pub struct Wishes {
    /// Only these tables; `None` for all that are due.
    pub tables: Option<Vec<TableName>>,
    /// Whether somebody wants to be told how far it is.
    pub closely: bool,
}

/// A run that was made.
pub struct Made {
    pub run: RunId,
    pub ended: Ended,
    pub left_out: Notices,
}

/// What was left out of landing.
pub struct Notices(Vec<LeftOut>);

impl Notices {
    /// Warns of each, up to a number that one reads.
    pub fn tell(&self, home: &Home) {
        const MOST: usize = 20;
        let landing = home.landing();
        for LeftOut { path, why } in self.0.iter().take(MOST) {
            console::warning(format!("{} {why}", landing.join(path).display()));
        }
        if let Some(more) = self.0.len().checked_sub(MOST).filter(|more| *more > 0) {
            console::warning(format!("and {more} more were left out of {}", landing.display()));
        }
    }
}

/// Makes a run, and shows how far it is when that takes longer than one would wait without a word.
pub async fn make(
    home: &Home,
    lock: &Lock,
    why: &str,
    lake: &Lake,
    stop: Arc<AtomicBool>,
    Wishes { tables, closely }: Wishes,
) -> Result<Made, Failure> {
    let ports = Arc::new(home.open(lock).map_err(failure)?);
    let progress = Progress::begin(ports.clone(), closely);
    let run = RunId::new(new_id(why))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let observer = progress.clone();
    let hash_key = hash_key(home, lock, lake)?;
    let engines = Arc::new(move |threads| engine(threads, hash_key.clone()));
    let engine_of_sql = SqlEngine::over(home)?;
    let job = Job {
        ports: ports.clone(),
        engines,
        builder: Arc::new(engine_of_sql.engine()),
        projector: Arc::new(Rewriter),
        cores,
        portions: Portions::default(),
        tables,
        stop,
        observer,
    };
    let ended = job.make(&run, lake).await;
    progress.finish();
    let left_out = Notices(ports.store.left_out());
    Ok(Made { run, ended: ended.map_err(failure)?, left_out })
}

/// The bytes that come out do not depend on the threads.
fn engine(threads: usize, hash_key: Option<HashKey>) -> Arc<dyn Converter> {
    Arc::new(Engine { limits: Limits { threads, ..Limits::default() }, hash_key })
}

/// What columns are hashed with, where the lake hashes any.
fn hash_key(home: &Home, lock: &Lock, lake: &Lake) -> Result<Option<HashKey>, Failure> {
    if !lake.hashes() {
        return Ok(None);
    }
    let secret = home.hash_key(lock).map_err(failure)?;
    let key = HashKey::new(secret.as_bytes());
    key.map(Some).map_err(|weak| Failure::bad_input(format!("the folder's secret: {weak}")))
}

/// An error of a folder: nothing is said of deployments and rights of AWS.
pub fn failure(error: Error) -> Failure {
    Failure::failed(error.chain())
}

/// The same, of a command that looks after what runs have made.
pub fn failure_after_a_run(error: Error) -> Failure {
    let is_new = error.kind() == Kind::NotFound;
    let failure = failure(error);
    if is_new { failure.hint("there is nothing to look after before the first `tarn run`") } else { failure }
}

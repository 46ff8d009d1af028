//! Shows how far a run over a folder is, once it takes longer than one would wait without a word.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tarn_core::WorkItem;
use tarn_core::jobs::Called;
use tarn_local::{Observer, Ports, Step};
use tokio::task::JoinHandle;

use super::super::pace::Pace;
use crate::console;
use crate::progress::spinner;

const QUIET: Duration = Duration::from_secs(2);
/// Where somebody watches, the line moves; in a log, a line now and then is enough.
const MOVES: Duration = Duration::from_millis(200);
const LOGS: Duration = Duration::from_secs(10);
/// Where it is followed, the first line comes at once and the next ones soon.
const CLOSELY: Duration = Duration::from_secs(5);

/// Counts what a run does.
pub struct Progress {
    ports: Arc<Ports>,
    files: AtomicU64,
    rows: AtomicU64,
    step: Mutex<(Step, Instant)>,
    teller: Mutex<Option<JoinHandle<()>>>,
}

impl Progress {
    /// Begins to count, and to tell after a while.
    pub fn begin(ports: Arc<Ports>, closely: bool) -> Arc<Self> {
        let step = Mutex::new((Step::Plan, Instant::now()));
        let (files, rows) = (AtomicU64::new(0), AtomicU64::new(0));
        let progress = Arc::new(Self { ports, files, rows, step, teller: Mutex::default() });
        let teller = tokio::spawn(tell(progress.clone(), closely));
        *progress.teller.lock().unwrap_or_else(PoisonError::into_inner) = Some(teller);
        progress
    }

    /// Ends the telling.
    pub fn finish(&self) {
        if let Some(teller) = self.teller.lock().unwrap_or_else(PoisonError::into_inner).take() {
            teller.abort();
        }
    }

    fn line(&self) -> String {
        let (step, since) = *self.step.lock().unwrap_or_else(PoisonError::into_inner);
        let (files, rows) = (self.files.load(Ordering::Relaxed), self.rows.load(Ordering::Relaxed));
        line(step, files, rows, self.ports.store.bytes_read(), since.elapsed())
    }
}

impl Observer for Progress {
    fn step(&self, step: Step) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = (step, Instant::now());
    }

    fn file(&self, _: &WorkItem, outcome: &tarn_core::Result<Called>) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(outcome.as_ref().map_or(0, |called| called.rows), Ordering::Relaxed);
    }
}

async fn tell(progress: Arc<Progress>, closely: bool) {
    tokio::time::sleep(if closely { Duration::ZERO } else { QUIET }).await;
    if !console::is_watched() {
        loop {
            console::note(progress.line());
            tokio::time::sleep(if closely { CLOSELY } else { LOGS }).await;
        }
    }
    let spinner = spinner();
    // Ended by `finish`, which drops this, and the spinner clears its line.
    let _cleared = Cleared(spinner.clone());
    loop {
        spinner.set_message(progress.line());
        tokio::time::sleep(MOVES).await;
    }
}

struct Cleared(indicatif::ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Where a step stands after a while.
fn line(step: Step, files: u64, rows: u64, read: u64, elapsed: Duration) -> String {
    let (all_files, all_bytes) = match step {
        Step::Plan => return "looking at landing, and hashing what is new".into(),
        Step::Commit => return "registering tables".into(),
        Step::Model => return "making models".into(),
        Step::Sync => return "bringing zones up to date".into(),
        Step::Account => return "balancing the account".into(),
        Step::Convert { files, bytes } => (files, bytes),
    };
    Pace { files, all_files, rows, bytes: read, all_bytes }.line(elapsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_the_step_is_at() {
        let step = Step::Convert { files: 40, bytes: 300_000_000 };
        let after = Duration::from_secs(10);
        assert_eq!(line(step, 12, 9_000, 100_000_000, after), "12/40 files, 9000 rows, 10 MB/s, 20 s left");
        assert_eq!(line(Step::Sync, 40, 1, 1, after), "bringing zones up to date");
    }
}

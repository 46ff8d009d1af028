//! `tarn watch`: a run whenever new files lie in a folder's landing.
//!
//! It looks once a second instead of asking the kernel to tell: that works on every disk, shared
//! folders of containers and networks among them, and misses nothing.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tarn_core::RunReport;
use tarn_local::{Home, Why};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::folder::{self, Made, Wishes};
use crate::arguments::{Common, Watch};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::project::{self, Project};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Files that go on arriving hold the others up for so long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where many files lie, a look is followed by a pause so many times as long.
const PAUSE_FOR_LOOKING: u32 = 10;

pub async fn run(common: &Common, options: &Watch) -> Result<ExitCode, Failure> {
    let stop = Stop::on_signals()?;
    let home = folder::home(&options.dir, &Project::load(common)?.lake)?;
    console::note(format!("watching {}; Ctrl-C ends it", home.landing().display()));
    let mut arrivals = Arrivals::default();
    while !stop.is_set() {
        let began = Instant::now();
        let is_due = arrivals.look(common, &home, began);
        let pause = LOOK_EVERY.max(began.elapsed() * PAUSE_FOR_LOOKING);
        if is_due {
            react(common, &home, options, &stop).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.told.notified() => {}
        }
    }
    Ok(exit::done_if(true))
}

/// A run that cannot be made is told; the next arrival, or a change of the lake's file, tries again.
async fn react(common: &Common, home: &Home, options: &Watch, stop: &Stop) {
    let began = Instant::now();
    match make(common, options, stop).await {
        Ok(made) => {
            made.left_out.tell(home);
            tell(common, &made, began.elapsed());
        }
        Err(failure) => drop(failure.print()),
    }
}

/// By the lake's file as it is now.
async fn make(common: &Common, options: &Watch, stop: &Stop) -> Result<Made, Failure> {
    let project = Project::load(common)?;
    let home = folder::home(&options.dir, &project.lake)?;
    let lock = folder::lock(&home, "tarn watch").await?;
    folder::make(&home, &lock, "arrival", &project.lake, stop.set.clone(), Wishes::default()).await
}

fn tell(common: &Common, made: &Made, took: Duration) {
    let report = &made.ended.report;
    if let Some(error) = &made.ended.failure {
        console::error(error.chain());
    }
    if common.json {
        match serde_json::to_string(report) {
            Ok(line) => console::result(line),
            Err(error) => console::error(format!("the report cannot be written as JSON: {error}")),
        }
        return;
    }
    console::result(format!("{}: {}, {:.1} s", made.run, sentence(report), took.as_secs_f64()));
    report.remarks.iter().for_each(|remark| console::note(format!("  {remark}")));
}

/// A report on one line.
fn sentence(report: &RunReport) -> String {
    if report.landed.files == 0 {
        return "nothing new".into();
    }
    let classes = [
        ("converted", report.converted),
        ("quarantined", report.quarantined),
        ("duplicate", report.duplicate),
        ("skipped", report.skipped),
        ("failed", report.failed),
    ];
    let classes = classes.iter().filter(|(_, tally)| tally.files > 0);
    let classes: Vec<String> = classes.map(|(class, tally)| format!("{} {class}", tally.files)).collect();
    let files = if report.landed.files == 1 { "file" } else { "files" };
    format!(
        "{} {files}: {}; rows {}, bad rows {}",
        report.landed.files,
        classes.join(", "),
        report.rows,
        report.bad_rows
    )
}

/// Key, size and time of a file.
type Arrived = (String, (u64, i64));

/// What was there when the last run began, and since when something newer waits.
#[derive(Default)]
struct Arrivals {
    known: Option<BTreeSet<Arrived>>,
    since: Option<Instant>,
}

impl Arrivals {
    /// Whether it is time for a run; then what lies there now is known.
    fn look(&mut self, common: &Common, home: &Home, now: Instant) -> bool {
        let walk = home.look();
        let files = walk.files.iter().map(|found| (found.key.clone(), found.size_and_time()));
        // No key begins like that. A changed lake may have a table for what was skipped before.
        let config = project::stamps(common).into_iter().map(|(file, stamp)| (format!("\0{file}"), stamp));
        let there = files.chain(config).collect();
        let is_growing = walk.left_out.iter().any(|left| left.why == Why::Recent);
        self.is_due(there, is_growing, now)
    }

    /// Files that arrive together make one run. The first look makes one in any case, since the last
    /// process may have been killed.
    fn is_due(&mut self, there: BTreeSet<Arrived>, is_growing: bool, now: Instant) -> bool {
        let is_new = self.known.as_ref().is_none_or(|known| !there.is_subset(known));
        if !is_new {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        let is_due = !is_growing || now.duration_since(since) >= LONGEST_WAIT;
        if is_due {
            (self.known, self.since) = (Some(there), None);
        }
        is_due
    }
}

/// Whether somebody asked for the end.
struct Stop {
    set: Arc<AtomicBool>,
    told: Arc<Notify>,
}

impl Stop {
    /// Ctrl-C or `kill` asks for it; who asks twice does not wait. What is cut off then, the next run
    /// repairs.
    fn on_signals() -> Result<Self, Failure> {
        let failed = |error| Failure::failed(format!("signals cannot be received: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let stop = Self { set: Arc::default(), told: Arc::default() };
        let (set, told) = (stop.set.clone(), stop.told.clone());
        tokio::spawn(async move {
            for _ in 0..2 {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if set.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(exit::FAILED));
                }
                console::note("ending after the files that are being converted; once more ends at once");
                told.notify_one();
            }
        });
        Ok(stop)
    }

    fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeSet<Arrived> {
        names.iter().map(|name| ((*name).to_owned(), (1, 1))).collect()
    }

    #[test]
    fn files_that_arrive_together_are_one_run() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut arrivals = Arrivals::default();
        assert!(arrivals.is_due(files(&[]), false, at(0)), "once at the beginning");
        assert!(!arrivals.is_due(files(&[]), false, at(1)));
        assert!(!arrivals.is_due(files(&[]), true, at(2)), "nothing whole has arrived");
        assert!(!arrivals.is_due(files(&["a"]), true, at(3)), "another one is being written");
        assert!(arrivals.is_due(files(&["a", "b"]), false, at(4)));
        assert!(!arrivals.is_due(files(&["a", "b"]), false, at(5)));
        assert!(!arrivals.is_due(files(&["b"]), false, at(6)), "one went");
        assert!(arrivals.is_due(BTreeSet::from([("b".to_owned(), (2, 2))]), false, at(7)), "one changed");
    }

    #[test]
    fn one_that_is_written_for_ever_stops_no_other() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut arrivals = Arrivals { known: Some(files(&[])), since: None };
        assert!(!arrivals.is_due(files(&["a"]), true, at(0)));
        assert!(!arrivals.is_due(files(&["a"]), true, at(29)));
        assert!(arrivals.is_due(files(&["a"]), true, at(30)));
        assert!(!arrivals.is_due(files(&["a"]), true, at(60)));
    }
}

//! Threads take segments as they come free; their results are written in the segments' order.
//!
//! Thread after thread reads its next segment while it alone holds the source, so that one thread
//! reads, or inflates, while the others parse. A thread that is ahead keeps its row groups, at
//! most one segment's for each thread, until those before them are written.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::group::Refused;
use crate::outputs::{Job, Outputs};
use crate::parted::RowGroup;
use crate::rejects::{Reject, RejectSink};
use crate::segments::{Segment, Segments};
use crate::tolerance::Tolerance;
use crate::worker::{Done, Rejected, Relief, Worker};
use crate::{ConvertError, Limits};

/// What threads share.
pub(crate) struct Turns<'a, R: Read, W: Write + Send> {
    source: Mutex<Segments<R>>,
    results: Mutex<Results<'a, W>>,
    progress: Condvar,
    limits: Limits,
}

/// What has been written, and what waits to be.
pub(crate) struct Results<'a, W: Write + Send> {
    pub outputs: Outputs<'a, W>,
    rejects: &'a mut (dyn RejectSink + Send),
    pub rows: u64,
    pub bad_rows: u64,
    pub nulled_rows: u64,
    pub nulled_values: u64,
    pub tolerance: Tolerance,
    /// Lines before the segment whose turn it is.
    lines: u64,
    /// The segment whose turn it is.
    turn: u64,
    waiting: BTreeMap<u64, Done>,
    /// Buffers of what has been written.
    spare: Vec<Vec<u8>>,
    /// The first fault in the order of the file, as far as it is known. It ends all work.
    fault: Option<(u64, ConvertError)>,
}

impl<'a, R: Read + Send, W: Write + Send> Turns<'a, R, W> {
    pub fn new(
        source: Segments<R>,
        outputs: Outputs<'a, W>,
        rejects: &'a mut (dyn RejectSink + Send),
        tolerance: Tolerance,
        limits: Limits,
    ) -> Self {
        let results = Results {
            outputs,
            rejects,
            rows: 0,
            bad_rows: 0,
            nulled_rows: 0,
            nulled_values: 0,
            tolerance,
            lines: 0,
            turn: 0,
            waiting: BTreeMap::new(),
            spare: Vec::new(),
            fault: None,
        };
        Self { source: Mutex::new(source), results: Mutex::new(results), progress: Condvar::new(), limits }
    }

    /// Converts the segment that has been read and then others, until there are no more.
    pub fn work(&self, worker: &mut Worker<'_>, segment: &mut Segment, lines: u64) {
        let stop = StopOnPanic(self);
        let mut lines = Some(lines);
        while lines.is_some() || self.next(segment) {
            let mut relief = Emit { turns: self, segment: segment.number };
            let result = worker.convert(segment, lines.take().unwrap_or_default(), &mut relief);
            self.hand_in(segment, result);
            self.do_jobs(worker, segment.number);
            worker.tools.refill(&mut self.results().spare);
        }
        std::mem::forget(stop);
    }

    /// The same, from the next segment on.
    pub fn help(&self, worker: &mut Worker<'_>) {
        let mut segment = Segment::new();
        if self.next(&mut segment) {
            self.work(worker, &mut segment, 0);
        }
    }

    /// What is left when all threads are done, if the file may have the bad rows that it has.
    pub fn finish(self) -> Result<(Segments<R>, Results<'a, W>), ConvertError> {
        let mut results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let source = self.source.into_inner().unwrap_or_else(PoisonError::into_inner);
        match results.fault.take() {
            Some((_, error)) => Err(error),
            None => Ok((source, results)),
        }
    }

    /// Makes row groups of rows that were kept, as long as there are enough of them. A fault counts
    /// as one of the segment at hand.
    fn do_jobs(&self, worker: &mut Worker<'_>, segment: u64) {
        loop {
            let Some(job) = self.results().job() else { break };
            let number = job.number();
            let made = worker.group.make(job, &mut worker.tools);
            let mut results = self.results();
            if let Err(error) = made.and_then(|group| results.job_done(number, group)) {
                results.fail(segment, error);
            }
        }
    }

    fn next(&self, segment: &mut Segment) -> bool {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let number = source.number();
        let ahead = |results: &Results<'_, W>| number > results.turn + self.limits.threads as u64;
        if self.wait(number, ahead).ends_before(number) {
            return false;
        }
        match source.next(segment) {
            Ok(more) => more,
            Err(error) => {
                self.results().fail(number, error);
                false
            }
        }
    }

    fn results(&self) -> MutexGuard<'_, Results<'a, W>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits with a segment as long as something holds and nothing has failed that makes the segment
    /// of no account.
    fn wait(
        &self,
        number: u64,
        something: impl Fn(&Results<'a, W>) -> bool,
    ) -> MutexGuard<'_, Results<'a, W>> {
        let keep_waiting = |results: &mut Results<'a, W>| !results.ends_before(number) && something(results);
        self.progress.wait_while(self.results(), keep_waiting).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the segment's turn only if it has bad rows, because they are still in its buffer.
    fn hand_in(&self, segment: &Segment, result: Result<Done, ConvertError>) {
        let number = segment.number;
        match result {
            Err(error) => self.results().fail(number, error),
            Ok(mut done) => {
                if !done.rejected.is_empty() {
                    let mut rejected = std::mem::take(&mut done.rejected);
                    if let Err(error) =
                        (Emit { turns: self, segment: number }).relieve(segment, &mut rejected)
                    {
                        self.results().fail(number, error);
                    }
                }
                self.results().take(number, done);
            }
        }
        self.progress.notify_all();
    }
}

impl<W: Write + Send> Results<'_, W> {
    /// Whether the work ends in this segment or one before it. Segments before a fault are worked on
    /// to their end: one of them may have a fault too, and which is told must not depend on threads.
    fn ends_before(&self, number: u64) -> bool {
        self.fault.as_ref().is_some_and(|(known, _)| *known <= number)
    }

    /// The fault that comes first in the file is the one that is told.
    fn fail(&mut self, number: u64, error: ConvertError) {
        if self.fault.as_ref().is_none_or(|(known, _)| number < *known) {
            self.fault = Some((number, error));
        }
    }

    /// A row group to be made of kept rows.
    pub fn job(&mut self) -> Option<Job> {
        if self.fault.is_some() { None } else { self.outputs.job() }
    }

    /// Takes the row group of a job.
    pub fn job_done(&mut self, number: u64, group: RowGroup) -> Result<(), ConvertError> {
        self.outputs.done(number, group, &mut self.spare)
    }

    fn take(&mut self, number: u64, done: Done) {
        self.waiting.insert(number, done);
        while !self.ends_before(self.turn) {
            let Some(done) = self.waiting.remove(&self.turn) else { break };
            if let Err(error) = self.write(done) {
                self.fail(self.turn, error);
            }
            self.turn += 1;
        }
    }

    fn write(&mut self, done: Done) -> Result<(), ConvertError> {
        self.rows += done.rows;
        self.lines += done.lines;
        done.made.into_iter().try_for_each(|made| self.outputs.take(made, &mut self.spare))
    }

    fn reject(&mut self, segment: &Segment, rejected: Rejected) -> Result<(), ConvertError> {
        let Refused { reason, nulled } = rejected.refused;
        let reject = Reject {
            line: 1 + self.lines + rejected.line,
            byte_offset: segment.offset + (rejected.raw.start - segment.start) as u64,
            raw: segment.buffer.get(rejected.raw).unwrap_or_default(),
            reason,
            nulled: &nulled,
        };
        self.bad_rows += u64::from(nulled.is_empty());
        self.nulled_rows += u64::from(!nulled.is_empty());
        self.nulled_values += nulled.len() as u64;
        self.rejects.reject(&reject).map_err(ConvertError::Rejects)?;
        self.tolerance.take(&reject)
    }
}

/// Passes bad rows on when it is their segment's turn.
struct Emit<'t, 'a, R: Read, W: Write + Send> {
    turns: &'t Turns<'a, R, W>,
    segment: u64,
}

impl<R: Read + Send, W: Write + Send> Relief for Emit<'_, '_, R, W> {
    fn relieve(&mut self, segment: &Segment, rejected: &mut Vec<Rejected>) -> Result<(), ConvertError> {
        let mut results = self.turns.wait(self.segment, |results| results.turn != self.segment);
        if results.ends_before(self.segment) {
            rejected.clear();
            return Ok(());
        }
        rejected.drain(..).try_for_each(|row| results.reject(segment, row))
    }
}

/// Ends the work of all threads if one of them panics, so that none waits for it.
struct StopOnPanic<'t, 'a, R: Read + Send, W: Write + Send>(&'t Turns<'a, R, W>);

impl<R: Read + Send, W: Write + Send> Drop for StopOnPanic<'_, '_, R, W> {
    fn drop(&mut self) {
        self.0.results().fail(0, ConvertError::Spec("a thread ended early".into()));
        self.0.progress.notify_all();
    }
}

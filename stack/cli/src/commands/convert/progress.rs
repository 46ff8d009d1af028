//! Shows how far a conversion is, once it takes longer than one would wait without a word.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::console;
use crate::progress::spinner;

const QUIET: Duration = Duration::from_secs(2);
/// Where somebody watches, the line moves; in a log, a line now and then is enough.
const MOVES: Duration = Duration::from_millis(200);
const LOGS: Duration = Duration::from_secs(10);

/// Does the work while another thread tells how much of the file was read.
pub fn watched<T>(input: &Path, read: &AtomicU64, size_bytes: u64, work: impl FnOnce() -> T) -> T {
    let (working, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| tell(input, read, size_bytes, ended));
        let done = work();
        drop(working);
        done
    })
}

fn tell(input: &Path, read: &AtomicU64, size_bytes: u64, ended: Receiver<()>) {
    let start = Instant::now();
    let still_working = |wait| ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
    if !still_working(QUIET) {
        return;
    }
    let line = || {
        let bytes = read.load(Ordering::Relaxed);
        let percent = bytes * 100 / size_bytes.max(1);
        let speed = bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
        format!("{} {percent} %, {speed:.0} MB/s", input.display())
    };
    if console::is_watched() {
        let spinner = spinner();
        spinner.set_message(line());
        while still_working(MOVES) {
            spinner.set_message(line());
        }
        return spinner.finish_and_clear();
    }
    console::note(line());
    while still_working(LOGS) {
        console::note(line());
    }
}

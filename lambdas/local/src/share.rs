//! How many threads a file gets. Threads of one file share its reading, so a large file gains by them
//! and a small one does not; small ones are converted side by side instead.

/// A file gets one thread more for each so many bytes.
const BYTES_FOR_A_THREAD: u64 = 32 << 20;

/// More threads wait for the one that reads.
const MOST_THREADS: usize = 4;

/// More conversions at once would take more memory than they save time: each thread has about 48 MB.
const MOST_AT_ONCE: usize = 8;

/// Smaller files mostly wait for the disk, so some of them share a thread. A journal writes what waits
/// together in one go.
const SMALL_BYTES: u64 = 1 << 20;

/// How many of them.
const SMALL_FOR_A_THREAD: usize = 4;

/// What a file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Threads that convert it.
    pub threads: usize,
    /// What it takes of [`all`].
    pub parts: u32,
}

/// What all conversions share: parts of threads.
pub fn all(cores: usize) -> usize {
    cores.clamp(1, MOST_AT_ONCE) * SMALL_FOR_A_THREAD
}

/// What a file of that size gets of it.
pub fn of(size_bytes: u64, all: usize) -> Share {
    if size_bytes < SMALL_BYTES {
        return Share { threads: 1, parts: 1 };
    }
    let wanted = usize::try_from(size_bytes / BYTES_FOR_A_THREAD).unwrap_or(usize::MAX).saturating_add(1);
    let threads = wanted.min(MOST_THREADS).min(all / SMALL_FOR_A_THREAD);
    Share { threads, parts: (threads * SMALL_FOR_A_THREAD) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_get_several_threads_and_small_ones_a_part_of_one() {
        assert_eq!((all(0), all(2), all(64)), (4, 8, 32));
        assert_eq!(of(0, 32), Share { threads: 1, parts: 1 });
        assert_eq!(of(1 << 20, 32), Share { threads: 1, parts: 4 });
        assert_eq!(of((32 << 20) - 1, 32), Share { threads: 1, parts: 4 });
        assert_eq!(of(64 << 20, 32), Share { threads: 3, parts: 12 });
        assert_eq!(of(u64::MAX, 32), Share { threads: 4, parts: 16 });
        assert_eq!(of(u64::MAX, 4), Share { threads: 1, parts: 4 }, "never more than there is");
    }
}

//! How many threads a file gets. Threads of one file share its reading, so a large file gains by them
//! and a small one does not; small ones are converted side by side instead.

/// A file gets one thread more for each so many bytes.
const BYTES_FOR_A_THREAD: u64 = 32 << 20;

/// More threads wait for the one that reads.
const MOST_THREADS: usize = 4;

/// More conversions at once would take more memory than they save time: each thread has about 48 MB.
const MOST_AT_ONCE: usize = 8;

/// How many threads all conversions may have together.
pub fn threads_of_all(cores: usize) -> usize {
    cores.clamp(1, MOST_AT_ONCE)
}

/// How many of them a file gets.
pub fn threads_of(size_bytes: u64, all: usize) -> usize {
    let wanted = usize::try_from(size_bytes / BYTES_FOR_A_THREAD).unwrap_or(usize::MAX).saturating_add(1);
    wanted.min(MOST_THREADS).min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_get_all_there_is_and_small_ones_one() {
        assert_eq!((threads_of_all(0), threads_of_all(2), threads_of_all(64)), (1, 2, 8));
        assert_eq!(threads_of(0, 8), 1);
        assert_eq!(threads_of((32 << 20) - 1, 8), 1);
        assert_eq!(threads_of(64 << 20, 8), 3);
        assert_eq!(threads_of(u64::MAX, 8), 4);
        assert_eq!(threads_of(u64::MAX, 2), 2);
    }
}

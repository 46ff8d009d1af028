//! What a conversion may use. These are settings, because a Lambda's memory is one.

/// What a conversion may use.
///
/// Memory is, for each thread, about `row_group_bytes` for the text of a row group, or the longest
/// row if that is more, and the same once more at most for its values and pages; and for tables with
/// unique keys, once, `unique_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A row group is written when it holds so many rows ...
    pub row_group_rows: usize,
    /// ... or so many bytes of text have been read for it, whichever comes first. At most 1 GiB.
    pub row_group_bytes: usize,
    /// A longer row is a bad row. At most 1 GiB.
    pub longest_row_bytes: usize,
    /// One more bad row than this, and the whole file is refused.
    pub max_bad_rows: u64,
    /// A file that decompresses to more text is refused.
    pub max_text_bytes: u64,
    /// A file that decompresses to more than so many times its size is refused, once the text is
    /// past 64 MiB. Deflate itself ends at 1,032; a real export seldom passes 50.
    pub max_ratio: u64,
    /// What the keys of `unique` may take; about 24 to 48 bytes each.
    pub unique_bytes: usize,
    /// Threads that convert, the caller's among them. The output is the same for any number.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row_group_rows: 1 << 20,
            row_group_bytes: 24 << 20,
            longest_row_bytes: 1 << 20,
            max_bad_rows: 1_000_000,
            max_text_bytes: 256 << 30,
            max_ratio: 400,
            unique_bytes: 256 << 20,
            threads: available_threads(),
        }
    }
}

impl Limits {
    /// Positions inside a row and inside a row group's text are 32-bit numbers.
    const LARGEST: usize = 1 << 30;
    /// One thread reads at a time; more than these wait for it, and each needs memory.
    const MOST_THREADS: usize = 8;

    /// The same limits, with what cannot be brought to what can.
    pub(crate) fn sane(self) -> Self {
        Self {
            row_group_rows: self.row_group_rows.clamp(1, Self::LARGEST),
            row_group_bytes: self.row_group_bytes.clamp(1, Self::LARGEST),
            longest_row_bytes: self.longest_row_bytes.clamp(1, Self::LARGEST),
            threads: self.threads.clamp(1, Self::MOST_THREADS),
            ..self
        }
    }
}

/// As many as the machine has, at most four: a Lambda has six at most, and memory for each costs.
fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(4)
}

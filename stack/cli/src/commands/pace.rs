//! How far a run is: files, rows, speed, and what is left of the time.

use std::time::Duration;

/// What a run has done, and what it has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Files that are settled.
    pub files: u64,
    /// All files.
    pub all_files: u64,
    /// Rows in silver.
    pub rows: u64,
    /// Bytes of landing that were read.
    pub bytes: u64,
    /// All bytes.
    pub all_bytes: u64,
}

impl Pace {
    /// In one line, after a while of converting.
    pub fn line(&self, elapsed: Duration) -> String {
        let Self { files, all_files, rows, bytes, all_bytes } = *self;
        let seconds = elapsed.as_secs_f64().max(0.001);
        let speed = bytes as f64 / seconds;
        let left =
            if bytes == 0 { String::new() } else { left(all_bytes.saturating_sub(bytes) as f64 / speed) };
        format!("{files}/{all_files} files, {rows} rows, {:.0} MB/s{left}", speed / 1e6)
    }
}

fn left(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..=119 => format!(", {seconds} s left"),
        _ => format!(", {} min left", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_files_rows_speed_and_time_left() {
        let after = Duration::from_secs(10);
        let pace = Pace { files: 12, all_files: 40, rows: 9_000, bytes: 100_000_000, all_bytes: 300_000_000 };
        assert_eq!(pace.line(after), "12/40 files, 9000 rows, 10 MB/s, 20 s left");
        let begun = Pace { files: 0, rows: 0, ..pace };
        assert_eq!(Pace { bytes: 0, ..begun }.line(after), "0/40 files, 0 rows, 0 MB/s");
        assert_eq!(Pace { bytes: 1_000_000, ..begun }.line(after), "0/40 files, 0 rows, 0 MB/s, 50 min left");
    }
}

//! The last lines of a log: what an error shows, because the reason is nearly always there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const LINES: usize = 20;
const BYTES: u64 = 32 * 1024;

/// The last 20 lines, indented. A log that cannot be read says so in its place: the error it belongs to matters more.
pub(crate) fn tail(path: &Path) -> String {
    match read_end(path) {
        Ok(text) if text.trim().is_empty() => "  (the log is empty)".to_owned(),
        Ok(text) => last_lines(&text),
        Err(error) => format!("  (the log cannot be read: {error})"),
    }
}

fn read_end(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    shown.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_shown() {
        let text: String = (1..=30).map(|number| format!("line {number}\n")).collect();
        let shown = last_lines(&text);
        assert!(shown.starts_with("  line 11\n") && shown.ends_with("  line 30"), "{shown}");
    }

    #[test]
    fn a_log_that_is_not_there_says_so() {
        assert!(tail(Path::new("/nonexistent/log")).contains("cannot be read"));
    }
}

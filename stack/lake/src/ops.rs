//! The tables in which a lake keeps what it knows of itself: one row for each run, for each file of a
//! run, for each rejected row. Who writes them and who declares them both ask here.

use crate::Bucket;

/// A table of the lake about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpsTable {
    /// Runs, each with its account.
    Runs,
    /// The sources of each run, and what became of them.
    Files,
    /// Rows that were rejected. They hold what the files hold.
    Quarantine,
}

/// Name, Glue type and meaning of a column.
pub type OpsColumn = (&'static str, &'static str, &'static str);

const RUNS: &[OpsColumn] = &[
    ("run", "string", "The run's id"),
    ("began", "timestamp", "When it was planned, in UTC"),
    ("ended", "timestamp", "When its account was made, in UTC"),
    ("seconds", "double", "From the plan to the account"),
    ("balanced", "boolean", "Whether every file that landed is in exactly one class"),
    ("landed_files", "bigint", "Versions of files that the run found"),
    ("landed_bytes", "bigint", "And their bytes"),
    ("converted_files", "bigint", "In silver"),
    ("converted_bytes", "bigint", "And their bytes in landing"),
    ("quarantined_files", "bigint", "Refused as a whole"),
    ("quarantined_bytes", "bigint", "And their bytes"),
    ("duplicate_files", "bigint", "Settled by another run in the meantime"),
    ("duplicate_bytes", "bigint", "And their bytes"),
    ("skipped_files", "bigint", "Nothing to convert, or of no table"),
    ("skipped_bytes", "bigint", "And their bytes"),
    ("failed_files", "bigint", "Could not be worked on"),
    ("failed_bytes", "bigint", "And their bytes"),
    ("waiting_files", "bigint", "New, and left for a later run, since their table is not due"),
    ("waiting_bytes", "bigint", "And their bytes"),
    ("failed_steps", "bigint", "Tables, zones and crawlers that a step failed with"),
    ("rows", "bigint", "Rows in silver"),
    ("bad_rows", "bigint", "Rows in quarantine only"),
    ("nulled_values", "bigint", "Values that became null because they could not be read"),
    ("bytes_out", "bigint", "Bytes of Parquet"),
    ("remarks", "array<string>", "What needs a look, at most 100"),
];

const FILES: &[OpsColumn] = &[
    ("run", "string", "The run whose account this is of"),
    ("began", "timestamp", "When the run was planned, in UTC"),
    ("key", "string", "The file's key in landing"),
    ("version", "string", "Its version"),
    ("source_id", "string", "By which the ledger, silver and quarantine know this version"),
    ("table_name", "string", "The table it belongs to, where one does"),
    ("status", "string", "converted, quarantined, duplicate, skipped or failed"),
    ("class", "string", "What is wrong, such as UNMATCHED; empty when all is well"),
    ("reason", "string", "And in words"),
    ("rows", "bigint", "Rows in silver"),
    ("bad_rows", "bigint", "Rows in quarantine only"),
    ("nulled_values", "bigint", "Values that became null because they could not be read"),
    ("bytes", "bigint", "Bytes in landing"),
    ("bytes_out", "bigint", "Bytes of Parquet"),
    ("attempts", "bigint", "How often it was tried, over all runs"),
    ("settled", "timestamp", "When that was known, in UTC"),
    ("settled_by", "string", "The run that it was settled by: another one for a duplicate"),
    ("outputs", "array<string>", "Keys in silver"),
];

const QUARANTINE: &[OpsColumn] = &[
    ("table_name", "string", "The table"),
    ("source_id", "string", "By which `files` knows the version of the file"),
    ("key", "string", "The file's key in landing"),
    ("line", "bigint", "The line that the row begins on, from 1"),
    ("byte_offset", "bigint", "Where it begins in the decompressed text"),
    ("reason", "string", "The rule that it breaks"),
    ("column_name", "string", "The column that it is about, where it is about one"),
    ("nulled", "array<string>", "Columns that became null in silver; empty when silver has the row not"),
    ("raw", "string", "The row as it came"),
];

impl OpsTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Runs, Self::Files, Self::Quarantine];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            OpsTable::Runs => "runs",
            OpsTable::Files => "files",
            OpsTable::Quarantine => "quarantine",
        }
    }

    /// What it holds, in words.
    pub fn description(self) -> &'static str {
        match self {
            OpsTable::Runs => "Every run with its account",
            OpsTable::Files => "Every file of every run, and what became of it",
            OpsTable::Quarantine => {
                "Every rejected row, with what is wrong with it; it holds what the files hold"
            }
        }
    }

    /// Its columns, in order.
    pub fn columns(self) -> &'static [OpsColumn] {
        match self {
            OpsTable::Runs => RUNS,
            OpsTable::Files => FILES,
            OpsTable::Quarantine => QUARANTINE,
        }
    }

    /// The bucket that it lies in.
    pub fn bucket(self) -> Bucket {
        match self {
            OpsTable::Runs | OpsTable::Files => Bucket::Ops,
            OpsTable::Quarantine => Bucket::Quarantine,
        }
    }

    /// Below which prefix of it.
    pub fn prefix(self) -> &'static str {
        match self {
            OpsTable::Runs => "tables/runs/",
            OpsTable::Files => "tables/files/",
            OpsTable::Quarantine => "rows/",
        }
    }

    /// Whether it has a folder for each day on which runs began, `day=2026-01-31/`.
    pub fn is_by_day(self) -> bool {
        self.bucket() == Bucket::Ops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_is_named_twice_or_needs_quotes() {
        // Reserved in Athena or in DuckDB.
        let reserved = ["table", "column", "offset", "order", "group", "from", "to", "end", "user"];
        for table in OpsTable::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|(name, _, _)| *name).collect();
            assert!(names.iter().all(|name| !reserved.contains(name)), "{table:?}");
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{table:?}");
        }
    }
}

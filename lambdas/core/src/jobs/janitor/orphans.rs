//! What is nobody's: by the record of the source that an object is named after.

use tarn_lake::{Bucket, TableName};

use crate::{MOST_ATTEMPTS, Record, SourceId, Status};

/// Where objects of sources lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Rows.
    Silver,
    /// Rejected rows.
    Rows,
    /// The reason of a file that was refused.
    Files,
}

impl Place {
    pub const ALL: [Place; 3] = [Place::Silver, Place::Rows, Place::Files];

    pub fn bucket(self) -> Bucket {
        match self {
            Place::Silver => Bucket::Silver,
            Place::Rows | Place::Files => Bucket::Quarantine,
        }
    }

    pub fn prefix(self, table: &TableName) -> String {
        match self {
            Place::Silver => format!("{table}/"),
            Place::Rows => format!("rows/{table}/"),
            Place::Files => format!("files/{table}/"),
        }
    }
}

/// What is to become of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays.
    Wanted,
    /// Its source is done, and goes elsewhere.
    Left,
    /// Its source was refused as a whole.
    Refused,
    /// Its source failed so often that nobody tries it again.
    GivenUp,
    /// Neither the ledger nor landing knows its source.
    Unknown,
}

impl Verdict {
    /// Why it goes, if it does.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Verdict::Wanted => None,
            Verdict::Left => Some("its source is done and does not have it"),
            Verdict::Refused => Some("its source was refused as a whole"),
            Verdict::GivenUp => Some("its source failed too often to be tried again"),
            Verdict::Unknown => Some("neither the ledger nor landing knows its source"),
        }
    }
}

/// Judges an object. What is open stays: the next run writes it or takes it for its own.
pub(super) fn verdict(record: Option<&Record>, place: Place, key: &str, landed: bool) -> Verdict {
    let Some(record) = record else { return if landed { Verdict::Wanted } else { Verdict::Unknown } };
    let outcome = &record.outcome;
    let (wanted, otherwise) = match (record.status, place) {
        (Status::Done, Place::Silver) => (outcome.outputs.iter().any(|output| output == key), Verdict::Left),
        (Status::Done, Place::Rows) => (outcome.bad_rows + outcome.nulled_values > 0, Verdict::Left),
        (Status::Done, Place::Files) => (false, Verdict::Left),
        (Status::Quarantined, Place::Files) => (true, Verdict::Wanted),
        (Status::Quarantined, _) => (false, Verdict::Refused),
        (Status::Failed, _) => (record.attempt < MOST_ATTEMPTS, Verdict::GivenUp),
        (Status::Leased | Status::Skipped | Status::Reopened, _) => (true, Verdict::Wanted),
    };
    if wanted { Verdict::Wanted } else { otherwise }
}

/// The source that an object is named after; nothing for what tarn does not write.
pub(in crate::jobs) fn source_of(key: &str) -> Option<SourceId> {
    const DIGITS: usize = 32;
    let name = key.rsplit('/').next()?;
    let (stem, _) = name.rsplit_once('.')?;
    let id = stem.strip_prefix("part-").unwrap_or(stem);
    let is_id = id.len() == DIGITS && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_id.then(|| SourceId::from(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_after_a_source_is_judged() {
        let id = "0123456789abcdef0123456789abcdef";
        for key in [
            format!("events/part-{id}.parquet"),
            format!("events/event=view/part-{id}.parquet"),
            format!("rows/events/{id}.jsonl"),
        ] {
            assert_eq!(source_of(&key).unwrap().as_str(), id, "{key}");
        }
        for key in ["events/part-0001.parquet", "events/_SUCCESS", "events/", "events/part-.parquet"] {
            assert_eq!(source_of(key), None, "{key}");
        }
        assert_eq!(source_of(&format!("events/part-{}.parquet", id.to_uppercase())), None);
    }
}

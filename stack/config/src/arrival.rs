//! How a table takes what arrives: how often, and what becomes of a second version of a file and of one
//! with another header.

use tarn_lake::{Arrival, Csv, Format, Frequency, OnOverwrite, SchemaChange};

use crate::keys::{Key, Wants};
use crate::reader::Reader;
use crate::word::{self, Synonyms};
use crate::{Code, Diagnostic};

/// What becomes of a file that is sent again under the same name.
pub const ON_OVERWRITE: Key = Key::optional(
    "on_overwrite",
    Wants::Text,
    r#"on_overwrite = "replace""#,
    "what becomes of a file that is sent again under the same name",
)
.also(&["overwrite", "on_conflict", "write_disposition", "on_reupload"]);

/// What becomes of a file whose header is not its layout's.
pub const SCHEMA_CHANGE: Key = Key::optional(
    "schema_change",
    Wants::Text,
    r#"schema_change = "evolve""#,
    "what becomes of a file whose header is not its layout's",
)
.also(&["schema_evolution", "on_schema_change", "schema_drift", "mergeschema"]);

const CHANGES: Synonyms = &[
    ("fail", "strict"),
    ("ignore", "evolve"),
    ("merge", "evolve"),
    ("add_new_columns", "evolve"),
    ("append_new_columns", "evolve"),
    ("by_name", "reorder"),
];

/// How often new files are taken.
pub const FREQUENCY: Key = Key::optional(
    "frequency",
    Wants::Text,
    r#"frequency = "weekly""#,
    "how often the table's new files are taken",
)
.also(&["interval", "cadence", "refresh", "period"]);

const FREQUENCIES: Synonyms = &[
    ("always", "on_arrival"),
    ("event", "on_arrival"),
    ("immediate", "on_arrival"),
    ("day", "daily"),
    ("nightly", "daily"),
    ("week", "weekly"),
    ("month", "monthly"),
];

const OVERWRITES: Synonyms = &[
    ("add", "append"),
    ("keep", "append"),
    ("overwrite", "replace"),
    ("upsert", "replace"),
    ("truncate", "replace"),
    ("write_truncate", "replace"),
    ("ignore", "reject"),
    ("skip", "reject"),
    ("fail", "reject"),
    ("error", "reject"),
];

/// Reads the keys of a table whose text is written like that.
pub fn read(block: &Reader, csv: &Csv) -> Arrival {
    let change = word::read_if_written(block, &SCHEMA_CHANGE, SchemaChange::WORDS, CHANGES);
    if change.is_some() {
        refuse_without_header(block, csv);
    }
    let overwrite = word::read_if_written(block, &ON_OVERWRITE, OnOverwrite::WORDS, OVERWRITES);
    let frequency = word::read_if_written(block, &FREQUENCY, Frequency::WORDS, FREQUENCIES);
    Arrival {
        on_overwrite: overwrite.unwrap_or_default(),
        schema_change: change.unwrap_or_default(),
        frequency: frequency.unwrap_or_default(),
    }
}

/// Only a header says which columns a file has.
fn refuse_without_header(block: &Reader, csv: &Csv) {
    let (beside, why) = match (csv.format, csv.header) {
        (Format::JsonLines, _) => {
            ("format = \"jsonl\"", "keys are matched by name in any case, line by line")
        }
        (Format::Csv, false) => {
            ("header = false", "without a header nobody can tell which columns a file has")
        }
        (Format::Csv, true) => return,
    };
    let title = format!("`schema_change` means nothing beside `{beside}`");
    let fault = Diagnostic::error(Code::Contradiction, block.key_place(&SCHEMA_CHANGE), title);
    block.faults.push(fault.label(why).help(format!("leave `schema_change` out, or `{beside}`")));
}

//! What becomes of rows that break a rule, and when the whole file is refused for them.

use tarn_lake::{BadRows, OnBadRow};

use crate::keys::{Key, Wants};
use crate::reader::Reader;
use crate::word::{self, Synonyms};
use crate::{Code, Diagnostic};

/// What becomes of a bad row.
pub const ON_BAD_ROW: Key =
    Key::optional("on_bad_row", Wants::Text, r#"on_bad_row = "fail""#, "what becomes of a bad row").also(&[
        "on_error",
        "bad_row",
        "on_bad_lines",
        "mode",
    ]);
/// How many a file may have.
pub const MAX_BAD_ROWS: Key =
    Key::optional("max_bad_rows", Wants::Count, "max_bad_rows = 1000", "how many bad rows a file may have")
        .also(&["max_errors", "rejects_limit"]);
/// How many of all rows of a file.
pub const MAX_BAD_SHARE: Key = Key::optional(
    "max_bad_share",
    Wants::Share,
    "max_bad_share = 0.01",
    "which part of a file's rows may be bad",
)
.also(&["max_bad_ratio", "max_error_rate", "bad_share"]);

const ACTIONS: Synonyms = &[
    ("skip", "quarantine"),
    ("drop", "quarantine"),
    ("reject", "quarantine"),
    ("warn", "quarantine"),
    ("nullify", "null"),
    ("permissive", "null"),
    ("error", "fail"),
    ("abort", "fail"),
    ("failfast", "fail"),
];

/// Reads the three keys.
pub fn read(block: &Reader) -> BadRows {
    let default = BadRows::default();
    let bad_rows = BadRows {
        action: word::read(block, &ON_BAD_ROW, OnBadRow::WORDS, ACTIONS).unwrap_or(default.action),
        max_rows: block.count(&MAX_BAD_ROWS).map(u64::from),
        max_share: block.share(&MAX_BAD_SHARE),
    };
    if bad_rows.action == OnBadRow::Fail {
        refuse_threshold(block, &MAX_BAD_ROWS);
        refuse_threshold(block, &MAX_BAD_SHARE);
    }
    bad_rows
}

/// Where the first bad row refuses the file, a threshold would never be reached.
fn refuse_threshold(block: &Reader, key: &Key) {
    if block.find(key).is_none() {
        return;
    }
    let title = format!("`{}` means nothing beside `on_bad_row = \"fail\"`", key.name);
    let fault = Diagnostic::error(Code::InvalidValue, block.key_place(key), title);
    let fault = fault.label("the first bad row already refuses the file");
    block.faults.push(fault.help(format!("leave `{}` out, or `on_bad_row`", key.name)));
}

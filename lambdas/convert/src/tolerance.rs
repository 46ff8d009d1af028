//! How many bad rows a file may have before it is refused as a whole.
//!
//! A bad row is one that breaks a rule, whether it goes to the quarantine or, with
//! `on_bad_row = "null"`, to silver without its unreadable values: a file of another layout would
//! else become a table of nulls that nobody notices. Which share of all rows is bad is known at the
//! end only; until then nothing of the file is visible.

use tarn_lake::{BadRows, OnBadRow};

use crate::rejects::{Reason, Reject};
use crate::{ConvertError, Limits};

/// What a file may have, and what it has had so far.
pub(crate) struct Tolerance {
    none: bool,
    most_rows: u64,
    greatest_share: Option<f64>,
    bad_rows: u64,
    first: Option<(u64, Reason)>,
}

impl Tolerance {
    /// The table's own number comes before the engine's.
    pub fn new(declared: BadRows, limits: Limits) -> Self {
        Self {
            none: declared.action == OnBadRow::Fail,
            most_rows: declared.max_rows.unwrap_or(limits.max_bad_rows),
            greatest_share: declared.max_share,
            bad_rows: 0,
            first: None,
        }
    }

    /// Takes the next bad row into account, in the order of the file.
    pub fn take(&mut self, bad: &Reject<'_>) -> Result<(), ConvertError> {
        let Reject { line, byte_offset, ref reason, .. } = *bad;
        if self.none {
            return Err(ConvertError::BadRow { line, byte_offset, reason: reason.clone() });
        }
        self.bad_rows += 1;
        let (first_line, first) = self.first.get_or_insert_with(|| (line, reason.clone()));
        if self.bad_rows <= self.most_rows {
            return Ok(());
        }
        let (first_line, first) = (*first_line, first.clone());
        Err(ConvertError::TooManyBadRows { limit: self.most_rows, first_line, first })
    }

    /// Judges the whole file: `all_rows` are the good and the bad ones.
    pub fn end(self, all_rows: u64) -> Result<(), ConvertError> {
        let share = self.bad_rows as f64 / all_rows.max(1) as f64;
        let (Some(limit), Some((first_line, first))) = (self.greatest_share, self.first) else {
            return Ok(());
        };
        let bad_rows = self.bad_rows;
        if share > limit {
            return Err(ConvertError::TooGreatShareOfBadRows {
                bad_rows,
                all_rows,
                limit,
                first_line,
                first,
            });
        }
        Ok(())
    }
}

/// Whether a file may have so many bad rows among all of them, where parts of it counted theirs. A part
/// of a table that takes none has refused the file already.
pub(crate) fn allows(declared: BadRows, limits: Limits, all_rows: u64, bad_rows: u64) -> bool {
    let tolerance = Tolerance::new(declared, limits);
    let share = bad_rows as f64 / all_rows.max(1) as f64;
    bad_rows <= tolerance.most_rows && tolerance.greatest_share.is_none_or(|limit| share <= limit)
}

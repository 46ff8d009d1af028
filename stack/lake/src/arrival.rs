//! How a table takes what arrives for it.

use serde::{Deserialize, Serialize};

use crate::Frequency;
use crate::csv::words;

/// How a table takes what arrives for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrival {
    /// What becomes of a second version of a key.
    pub on_overwrite: OnOverwrite,
    /// What becomes of a file whose header is not its layout's.
    pub schema_change: SchemaChange,
    /// How often new files are taken.
    pub frequency: Frequency,
}

words! {
    /// What becomes of a second version of a key, that is, of a file that is sent again under the same
    /// name.
    OnOverwrite {
        /// It is one more delivery: its rows stand beside those of the first.
        Append = "append",
        /// Its rows take the place of those of the first.
        Replace = "replace",
        /// It is not taken; the first one's rows stay.
        Reject = "reject",
    }
}

words! {
    /// What becomes of a file whose header is not its layout's.
    SchemaChange {
        /// It is refused.
        Strict = "strict",
        /// Columns may stand at other places; another difference refuses the file.
        Reorder = "reorder",
        /// Beside that, columns may be missing, which are null then, and others may be there, which
        /// are left out of silver.
        Evolve = "evolve",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro of words cannot mark one of them")]
impl Default for SchemaChange {
    fn default() -> Self {
        Self::Strict
    }
}

#[allow(clippy::derivable_impls, reason = "the macro of words cannot mark one of them")]
impl Default for OnOverwrite {
    fn default() -> Self {
        Self::Append
    }
}

impl OnOverwrite {
    /// Whether all versions of a key share one place in silver.
    pub fn is_shared(self) -> bool {
        self != Self::Append
    }
}

impl Arrival {
    /// Whether nothing was said of it.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_was_written() {
        let replace = Arrival { on_overwrite: OnOverwrite::Replace, ..Arrival::default() };
        let stored = serde_json::to_string(&replace).unwrap();
        assert_eq!(stored, r#"{"on_overwrite":"replace","schema_change":"strict","frequency":"on_arrival"}"#);
        assert!(serde_json::from_str::<Arrival>("{}").unwrap().is_plain());
        assert!(!replace.is_plain() && replace.on_overwrite.is_shared());
    }
}

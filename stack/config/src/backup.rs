//! `[backup]`: how many backups are kept.

use tarn_lake::Backups;
use toml::Spanned;

use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic};

const KEEP: Key =
    Key::optional("keep", Wants::Count, "keep = 8", "how many backups the weekly one leaves; never none")
        .also(&["keep_last", "copies", "count"]);

/// The keys of `[backup]`.
pub static BLOCK: Block = Block { header: "[backup]", keys: &[KEEP] };

/// Twenty years of weeks: more is likelier a slip than a wish.
pub const MOST: u32 = 1_040;

/// What one `[backup]` says.
#[derive(Default)]
pub struct Written {
    keep: Option<u32>,
}

/// Reads one `[backup]`.
pub fn read(block: &Reader) -> Written {
    Written { keep: keep(block) }
}

impl Written {
    /// What this says, and where it says nothing, the other.
    pub fn or(self, general: Self) -> Self {
        Self { keep: self.keep.or(general.keep) }
    }

    pub fn finish(self) -> Backups {
        self.keep.map_or_else(Backups::default, |keep| Backups { keep })
    }
}

fn keep(block: &Reader) -> Option<u32> {
    let keep = block.count(&KEEP)?;
    if (1..=MOST).contains(&keep) {
        return Some(keep);
    }
    let place = block.find(&KEEP).map_or(block.place(), Spanned::span);
    let title = format!("`keep` must be from 1 to {MOST}, not {keep}");
    let fault = Diagnostic::error(Code::InvalidValue, place, title);
    let label = if keep == 0 { "the newest backup always stays" } else { "these are more than twenty years" };
    block.faults.push(fault.label(label).help("write for example `keep = 8`"));
    None
}

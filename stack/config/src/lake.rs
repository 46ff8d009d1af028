//! `[lake]`: what the lake is called.

use tarn_lake::LakeName;
use toml::Spanned;

use crate::keys::{Block, Key, Wants};
use crate::name;
use crate::reader::Reader;

const NAME: Key =
    Key::required("name", Wants::Text, r#"name = "retail""#, "every resource name begins with it");
const DESCRIPTION: Key = Key::optional(
    "description",
    Wants::Text,
    r#"description = "Clickstream of an online shop""#,
    "what the lake is for",
)
.also(&["comment", "title"]);

/// The keys of `[lake]`.
pub static BLOCK: Block = Block { header: "[lake]", keys: &[NAME, DESCRIPTION] };

/// What `[lake]` says.
pub struct Named {
    /// Its name and where it stands.
    pub name: Spanned<LakeName>,
    /// Empty if there is none.
    pub description: String,
}

/// Reads `[lake]`.
pub fn read(block: &Reader) -> Option<Named> {
    let description = block.text_or_empty(&DESCRIPTION);
    let written = block.text(&NAME)?;
    let name = Spanned::new(written.span(), name::check(&written, block.faults)?);
    Some(Named { name, description })
}

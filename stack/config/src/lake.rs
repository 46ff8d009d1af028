//! `[lake]`: what the lake is called.

use tarn_lake::{LakeName, Pii, PrincipalArn};
use toml::Spanned;

use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{name, pii, readers};

const NAME: Key =
    Key::required("name", Wants::Text, r#"name = "retail""#, "every resource name begins with it");
const DESCRIPTION: Key = Key::optional(
    "description",
    Wants::Text,
    r#"description = "Clickstream of an online shop""#,
    "what the lake is for",
)
.also(&["comment", "title"]);

const READERS: Key = Key::optional(
    "readers",
    Wants::Texts,
    r#"readers = ["role/DataEngineer"]"#,
    "who may query silver as a whole; nobody, if left out",
)
.also(readers::ALSO);

/// The keys of `[lake]`.
pub static BLOCK: Block = Block { header: "[lake]", keys: &[NAME, DESCRIPTION, READERS, pii::CLEARANCE] };

/// What `[lake]` says.
pub struct Named {
    /// Its name and where it stands.
    pub name: Spanned<LakeName>,
    /// Empty if there is none.
    pub description: String,
    /// Who may query silver as a whole.
    pub readers: Vec<PrincipalArn>,
    /// The most that a column may tell of a person for those to see it.
    pub clearance: Pii,
}

/// Reads `[lake]`.
pub fn read(block: &Reader) -> Option<Named> {
    let description = block.text_or_empty(&DESCRIPTION);
    let readers = readers::read(block, &READERS);
    let clearance = pii::clearance(block);
    let written = block.text(&NAME)?;
    let name = Spanned::new(written.span(), name::check(&written, block.faults)?);
    Some(Named { name, description, readers, clearance })
}

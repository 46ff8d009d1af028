//! What stands in silver in the place of a text that nobody is to read there.

use tarn_lake::Disguise;

use super::Unusable;
use crate::HashKey;

/// How the texts of a column are hidden.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one for each column that is hidden")]
pub(super) enum Hiding {
    Hash(Box<HashKey>),
    Text(String),
    /// So many characters at the end stay.
    KeepLast(usize),
}

/// Always as many, so that nobody can see how long the text is.
const HIDDEN: &[u8] = b"****";

impl Hiding {
    pub fn new(disguise: &Disguise, key: Option<&HashKey>) -> Result<Self, Unusable> {
        Ok(match disguise {
            Disguise::Sha256 => Self::Hash(Box::new(key.ok_or(Unusable::NoHashKey)?.clone())),
            Disguise::Text(text) => Self::Text(text.clone()),
            Disguise::KeepLast(characters) => Self::KeepLast(characters.get().into()),
        })
    }

    /// Appends what stands in the place of a text.
    pub fn append(&self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Hash(key) => key.append_hex(text.as_bytes(), out),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::KeepLast(kept) => {
                out.extend_from_slice(HIDDEN);
                out.extend_from_slice(end_of(text, *kept).as_bytes());
            }
        }
    }
}

/// The last characters of a text; nothing of one that has no more than those.
fn end_of(text: &str, characters: usize) -> &str {
    let first_kept = text.char_indices().rev().nth(characters - 1).map_or(0, |(place, _)| place);
    if first_kept > 0 { text.get(first_kept..).unwrap_or_default() } else { "" }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::*;

    #[test]
    fn a_mask_shows_the_end_and_never_all() {
        let hiding = Hiding::new(&Disguise::KeepLast(NonZeroU8::new(4).unwrap()), None).ok().unwrap();
        for (text, hidden) in [
            ("4111111111111234", "****1234"),
            ("12345", "****2345"),
            ("1234", "****"),
            ("", "****"),
            ("straße-ßüä€", "****ßüä€"),
        ] {
            let mut out = Vec::new();
            hiding.append(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), hidden, "{text}");
        }
    }
}

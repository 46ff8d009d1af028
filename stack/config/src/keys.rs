//! What a block of `lake.toml` may hold, as lists.
//!
//! Reading, the suggestions in messages and the JSON Schema all follow these lists, so a
//! key cannot be known to one of them only.

use crate::nearest::nearest;

/// A block of the file: `[lake]`, `[[table]]`, or the inside of a column.
pub struct Block {
    /// How the file spells its beginning.
    pub header: &'static str,
    /// Every key it may hold.
    pub keys: &'static [Key],
}

/// One key of a block.
#[derive(Clone, Copy)]
pub struct Key {
    /// Its spelling.
    pub name: &'static str,
    /// The type of its value.
    pub wants: Wants,
    /// Whether the block is incomplete without it.
    pub required: bool,
    /// A line that is right, for help.
    pub example: &'static str,
    /// What it says about its block.
    pub meaning: &'static str,
    /// What other tools call it; only for suggestions.
    pub also: &'static [&'static str],
}

/// The type of a key's value.
#[derive(Clone, Copy)]
pub enum Wants {
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// The number of the format's version.
    Version,
    /// A whole number, 0 or more.
    Count,
    /// A number from 0 to 1.
    Share,
    /// A list of strings.
    Texts,
    /// A TOML date, or a string that reads the same.
    Day,
    /// A value of the column's type.
    Literal,
    /// A list of such values.
    Literals,
    /// A string, or a table that says what stays.
    Mask,
    /// A list of columns, or a list of such lists.
    Keys,
    /// A list of columns.
    Names,
    /// A word, or whether it is so at all.
    Pii,
    /// A list of names and blocks, or blocks under names.
    ZoneTables,
    /// Lists of tables under names of the user's choice.
    Groups,
    /// A table of columns.
    Columns,
    /// A table of strings under names of the user's choice.
    Tags,
    /// One block.
    Block(&'static Block),
    /// Blocks under names of the user's choice, `[env.NAME]`.
    NamedBlocks(&'static Block),
    /// A list of blocks, `[[table]]`.
    Blocks(&'static Block),
}

impl Key {
    /// A key that must be there.
    pub const fn required(
        name: &'static str,
        wants: Wants,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, wants, required: true, example, meaning, also: &[] }
    }

    /// A key that may be left out.
    pub const fn optional(
        name: &'static str,
        wants: Wants,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { required: false, ..Self::required(name, wants, example, meaning) }
    }

    /// The same key with the names other tools have for it.
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// What to add where it is missing.
    pub fn addition(&self) -> String {
        match self.wants {
            Wants::Version => format!("add `{}` as the first line", self.example),
            Wants::Block(block) | Wants::Blocks(block) => {
                let needed = block.keys.iter().filter(|key| key.required);
                let lines: Vec<_> = needed.map(|key| format!("`{}`", key.example)).collect();
                format!("add `{}`, and below it for example {}", block.header, lines.join(" and "))
            }
            _ => format!("add for example `{}`", self.example),
        }
    }

    /// How a message spells it: `[lake]` for a block, `name` for a plain key.
    pub fn spelled(&self) -> &'static str {
        match self.wants {
            Wants::Block(block) | Wants::NamedBlocks(block) | Wants::Blocks(block) => block.header,
            _ => self.name,
        }
    }
}

impl Wants {
    /// The type in words.
    pub fn words(self) -> &'static str {
        match self {
            Wants::Text => "a string",
            Wants::Flag => "`true` or `false`",
            Wants::Version => "the number 1",
            Wants::Count => "a whole number, 0 or more",
            Wants::Share => "a number from 0 to 1",
            Wants::Texts => "a list of strings",
            Wants::Day => "a date",
            Wants::Literal => "a value of the column's type",
            Wants::Literals => "a list of values of the column's type",
            Wants::Mask => "a string or `{ keep_last = 4 }`",
            Wants::Keys => "a list of columns",
            Wants::Names => "a list of columns",
            Wants::Pii => "`true`, `false` or a word",
            Wants::ZoneTables => "a list of tables",
            Wants::Groups => "a table of lists",
            Wants::Columns => "a table of columns",
            Wants::Tags => "a table of strings",
            Wants::Block(_) => "one block",
            Wants::NamedBlocks(_) => "a set of named blocks",
            Wants::Blocks(_) => "a list of blocks",
        }
    }
}

impl Block {
    /// The key that was most likely meant.
    pub fn suggest(&self, written: &str) -> Option<&'static Key> {
        let folded = written.to_lowercase().replace('-', "_");
        let by_synonym = self.keys.iter().find(|key| key.also.contains(&folded.as_str()));
        by_synonym.or_else(|| {
            let name = nearest(written, self.keys.iter().map(|key| key.name))?;
            self.key(name)
        })
    }

    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Every key, for help.
    pub fn known(&self) -> String {
        let spelled: Vec<_> = self.keys.iter().map(|key| format!("`{}`", key.spelled())).collect();
        match spelled.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// The block for "a key of ...".
    pub fn header_or_top(&self) -> String {
        if self.header.contains('[') { format!("`{}`", self.header) } else { "the top of the file".into() }
    }
}

//! `[tags]`: what every resource is tagged with, beside tarn's own tags.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::Key;
use crate::reader::{Reader, found};
use crate::{Code, Diagnostic};

/// CloudFormation takes 50 for a stack; the rest is tarn's own.
const MOST: usize = 40;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// What one `[tags]` says.
#[derive(Default)]
pub struct Written(BTreeMap<String, String>);

/// Reads one `[tags]`.
pub fn read(reader: &Reader, key: &Key) -> Written {
    let Some(table) = reader.table_if_written(key) else { return Written::default() };
    if table.get_ref().len() > MOST {
        let title = format!("{} tags are more than the {MOST} that a stack can have", table.get_ref().len());
        let fault = Diagnostic::error(Code::InvalidValue, reader.key_place(key), title);
        reader.faults.push(
            fault.label("CloudFormation takes 50, and tarn has some of its own").help("leave some out"),
        );
    }
    let mut tags = BTreeMap::new();
    for (name, value) in table.into_inner() {
        let Some(text) = value.get_ref().as_str() else {
            let found = found(value.get_ref());
            let title = format!("the tag {} must be a string, not {found}", quote(name.get_ref()));
            let fault =
                Diagnostic::error(Code::WrongType, value.span(), title).label(format!("this is {found}"));
            reader.faults.push(fault.help(format!("put it in quotes: `{} = \"...\"`", name.get_ref())));
            continue;
        };
        let name = Spanned::new(name.span(), name.get_ref().as_ref());
        refuse(reader, &name, wrong_key(name.get_ref()));
        refuse(reader, &Spanned::new(value.span(), text), wrong_text(text, LONGEST_VALUE));
        tags.insert((*name.get_ref()).to_owned(), text.to_owned());
    }
    Written(tags)
}

impl Written {
    /// These, and of the other what has another name.
    pub fn or(self, general: Self) -> Self {
        let mut tags = general.0;
        tags.extend(self.0);
        Self(tags)
    }

    pub fn finish(self) -> BTreeMap<String, String> {
        self.0
    }
}

fn refuse(reader: &Reader, written: &Spanned<&str>, why: Option<String>) {
    let Some(why) = why else { return };
    let title = format!("{} cannot stand in a tag", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(why);
    reader
        .faults
        .push(fault.help("write letters, digits, spaces and `_ . : / = + - @`, such as `team = \"data\"`"));
}

fn wrong_key(text: &str) -> Option<String> {
    let folded = text.to_lowercase();
    match ["aws:", "tarn:"].iter().find(|taken| folded.starts_with(*taken)) {
        Some(taken) => Some(format!("names that begin with `{taken}` are taken")),
        None if text.is_empty() => Some("it is empty".into()),
        None => wrong_text(text, LONGEST_KEY),
    }
}

/// What AWS takes in a tag (source: the pattern of `Tag` in the CloudFormation API).
fn wrong_text(text: &str, longest: usize) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    if let Some(wrong) = text.chars().find(|c| !allowed(*c)) {
        return Some(format!("{} is not allowed in it", quote(&wrong.to_string())));
    }
    let length = text.chars().count();
    (length > longest).then(|| format!("it has {length} characters, {} too many", length - longest))
}

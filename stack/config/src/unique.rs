//! `unique`: the columns that no two rows share.

use std::collections::BTreeSet;

use tarn_lake::{ColumnName, Layout};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Key, Wants};
use crate::nearest::nearest;
use crate::reader::{Reader, Value, found};
use crate::table::repeated;
use crate::{Code, Diagnostic, layout};

/// The keys of a table.
pub const UNIQUE: Key =
    Key::optional("unique", Wants::Keys, r#"unique = ["order_id"]"#, "which columns no two rows share")
        .also(&["unique_key", "unique_keys", "primary_key", "distinct", "dedupe", "deduplicate"]);

/// Reads the keys: `["a", "b"]` is one key of two columns, `[["a"], ["b"]]` are two keys.
pub fn read(block: &Reader, layouts: &[Layout]) -> Vec<Vec<ColumnName>> {
    let Some(value) = block.take(&UNIQUE) else { return Vec::new() };
    let Some(elements) = value.get_ref().as_array() else {
        return block.refuse_type::<Vec<_>>(&UNIQUE, value).unwrap_or_default();
    };
    let several = elements.first().is_some_and(|first| first.get_ref().is_array());
    let one_key = std::slice::from_ref(value);
    let keys: Vec<&Value> = if several { elements.iter().collect() } else { one_key.iter().collect() };
    keys.into_iter().filter_map(|key| one(block, key, layouts)).collect()
}

fn one(block: &Reader, key: &Value, layouts: &[Layout]) -> Option<Vec<ColumnName>> {
    let Some(elements) = key.get_ref().as_array() else { return refuse_element(block, key) };
    if elements.is_empty() {
        block.refuse_empty(&UNIQUE, key.span());
        return None;
    }
    let names: Option<Vec<_>> = elements
        .iter()
        .map(|element| match element.get_ref().as_str() {
            Some(text) => Some(Spanned::new(element.span(), text)),
            None => refuse_element(block, element),
        })
        .collect();
    let names = names?;
    refuse_twice(block, &names);
    let found: Vec<_> = names.iter().map(|name| column(block, name, layouts)).collect();
    found.into_iter().collect()
}

fn refuse_element<T>(block: &Reader, element: &Value) -> Option<T> {
    let found = found(element.get_ref());
    let title = format!("`unique` must hold names of columns only, not {found}");
    let fault = Diagnostic::error(Code::WrongType, element.span(), title).label(format!("this is {found}"));
    let help = "write `unique = [\"a\", \"b\"]` for one key of two columns, `unique = [[\"a\"], [\"b\"]]` for two keys";
    block.faults.push(fault.help(help));
    None
}

fn refuse_twice(block: &Reader, names: &[Spanned<&str>]) {
    for (_, second) in repeated(names) {
        let title = format!("a key names the column {} twice", quote(second.get_ref()));
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        block.faults.push(fault.label("it stands in this key already").help("leave it out here"));
    }
}

/// A column with a fault of its own is a column all the same.
fn column(block: &Reader, name: &Spanned<&str>, layouts: &[Layout]) -> Option<ColumnName> {
    let text = *name.get_ref();
    let known = written_columns(block);
    if !known.contains(text) {
        let title = format!(
            "`unique` names the column {}, and {} has none of that name",
            quote(text),
            block.subject()
        );
        let fault = Diagnostic::error(Code::UnknownColumn, name.span(), title);
        let label = nearest(text, known.iter().copied());
        let label = label.map_or("no such column".into(), |near| format!("did you mean `{near}`?"));
        block.faults.push(fault.label(label).help("name columns as the table has them"));
        return None;
    }
    let named = |layout: &&Layout| layout.columns.iter().find(|column| column.name.as_str() == text).cloned();
    let why = match layouts.last().as_ref().and_then(named) {
        Some(column) if !column.drop => return Some(column.name),
        Some(_) => "`drop` leaves this column out of silver",
        None if layouts.iter().any(|layout| named(&layout).is_some()) => "the newest layout does not have it",
        None => return None,
    };
    let title = format!("`unique` names the column {}, which silver does not have", quote(text));
    let fault = Diagnostic::error(Code::Contradiction, name.span(), title).label(why);
    block.faults.push(fault.help("name columns that the table has in silver"));
    None
}

/// The names of all columns as they are written, in all layouts.
fn written_columns<'a>(block: &Reader<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut take = |columns: Option<&'a Value<'a>>| {
        let table = columns.and_then(|columns| columns.get_ref().as_table());
        names.extend(table.into_iter().flat_map(|table| table.keys()).map(|name| name.get_ref().as_ref()));
    };
    take(block.find(&layout::COLUMNS));
    let layouts = block.find(&layout::LAYOUT).and_then(|layouts| layouts.get_ref().as_array());
    for layout in layouts.into_iter().flat_map(|layouts| layouts.iter()) {
        take(layout.get_ref().as_table().and_then(|layout| layout.get(layout::COLUMNS.name)));
    }
    names
}

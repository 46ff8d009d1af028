//! `[groups]`: tables under one name, for zones that have all of them.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Key, Wants};
use crate::nearest::nearest;
use crate::reader::{Reader, found};
use crate::table::repeated;
use crate::{Code, Diagnostic, readers, zone_table};

/// The block at the top of the file.
pub const GROUPS: Key = Key::optional(
    "groups",
    Wants::Groups,
    "[groups]",
    "tables under one name, such as `sales = [\"orders\", \"items\"]`",
)
.also(&["group", "table_groups", "table_group"]);

/// The key of a zone.
pub const OF_ZONE: Key = Key::optional(
    "groups",
    Wants::Texts,
    r#"groups = ["sales"]"#,
    "the groups whose tables the zone may have",
)
.also(&["group", "table_groups"]);

/// The tables of every group, as they are written.
#[derive(Default)]
pub struct Groups<'a>(BTreeMap<&'a str, Vec<Spanned<&'a str>>>);

/// Reads all groups. `tables` are the names of the lake's tables.
pub fn read_all<'a>(top: &Reader<'a>, tables: &[&str]) -> Groups<'a> {
    let Some(written) = top.table_if_written(&GROUPS) else { return Groups::default() };
    let mut groups = BTreeMap::new();
    for (name, value) in written.into_inner() {
        let DeValue::Array(list) = value.get_ref() else {
            refuse(name, value.span(), found(value.get_ref()), top.faults);
            continue;
        };
        let mut members = Vec::new();
        for element in list {
            match element.get_ref().as_str() {
                Some(text) => members.push(Spanned::new(element.span(), text)),
                None => refuse(name, element.span(), found(element.get_ref()), top.faults),
            }
        }
        check(top, name, &members, tables);
        groups.insert(name.get_ref().as_ref(), members);
    }
    Groups(groups)
}

fn refuse(name: &Spanned<toml::de::DeString>, place: std::ops::Range<usize>, found: &str, faults: &Faults) {
    let title = format!("the group {} must be a list of tables", quote(name.get_ref()));
    let fault = Diagnostic::error(Code::WrongType, place, title).label(format!("this is {found}"));
    faults.push(fault.help("write for example `sales = [\"orders\", \"items\"]`"));
}

fn check(top: &Reader, name: &Spanned<toml::de::DeString>, members: &[Spanned<&str>], tables: &[&str]) {
    if members.is_empty() {
        let title = format!("the group {} has no tables", quote(name.get_ref()));
        let fault = Diagnostic::error(Code::Empty, name.span(), title).label("at least one is needed");
        top.faults.push(fault.help("name its tables, or leave the group out"));
    }
    for (_, second) in repeated(members) {
        let title =
            format!("the group {} names the table {} twice", quote(name.get_ref()), quote(second.get_ref()));
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        top.faults.push(fault.label("it stands in this list already").help("leave one of them out"));
    }
    for wrong in members.iter().filter(|member| !tables.contains(member.get_ref())) {
        top.faults.push(zone_table::unknown(wrong, tables));
    }
}

/// The tables of the groups that a zone names, no table twice.
pub fn of_zone<'a>(zone: &Reader<'a>, groups: &Groups<'a>) -> Vec<&'a str> {
    if zone.find(&OF_ZONE).is_none() {
        return Vec::new();
    }
    let Some(list) = zone.texts(&OF_ZONE) else { return Vec::new() };
    if list.get_ref().is_empty() {
        zone.refuse_empty(&OF_ZONE, list.span());
    }
    for (first, second) in repeated(list.get_ref()) {
        zone.faults.push(readers::twice(zone, "group", first, second));
    }
    let mut tables: Vec<&str> = Vec::new();
    for name in list.into_inner() {
        match groups.0.get(name.get_ref()) {
            Some(members) => tables.extend(members.iter().map(Spanned::get_ref)),
            None => zone.faults.push(unknown(&name, groups)),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    tables.retain(|table| seen.insert(*table));
    tables
}

fn unknown(written: &Spanned<&str>, groups: &Groups) -> Diagnostic {
    let title = format!("the file has no group {}", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::UnknownTable, written.span(), title);
    let names: Vec<&str> = groups.0.keys().copied().collect();
    let label = match nearest(written.get_ref(), names.iter().copied()) {
        Some(near) => format!("did you mean {}?", quote(near)),
        None => "no group has this name".into(),
    };
    let help = match names.as_slice() {
        [] => "add `[groups]`, and below it for example `sales = [\"orders\", \"items\"]`".into(),
        names => format!("the groups are `{}`", names.join("`, `")),
    };
    fault.label(label).help(help)
}

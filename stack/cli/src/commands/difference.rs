//! What changes between two states of a lake, in words and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};
use tarn_render::diff::{
    AccessChange, Change, ColumnChange, KeyChange, LakeChange, ModelChange, Replacement, ResourceChange,
    Right, StackChange, TableChange, ZoneChange, at_risk,
};

use super::access;
use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};

/// All that differs.
pub struct Difference {
    /// `None` where one of the two is known by its templates only.
    pub lake: Option<LakeChange>,
    /// Who sees what; nothing where a lake is not known.
    pub access: Vec<AccessChange>,
    pub stacks: Vec<StackChange>,
}

impl Difference {
    pub fn is_none(&self) -> bool {
        self.stacks.is_empty() && self.lake.as_ref().is_none_or(LakeChange::is_none)
    }

    pub fn json(&self) -> Value {
        let at_risk: Vec<Value> = at_risk(&self.stacks)
            .map(|(stack, resource)| json!({ "stack": stack, "resource": resource }))
            .collect();
        json!({
            "differs": !self.is_none(), "data_at_risk": at_risk, "lake": self.lake, "access": self.access,
            "stacks": self.stacks,
        })
    }

    /// Data at risk comes first, then what the lake calls things by, then resources.
    pub fn print(&self) {
        if self.is_none() {
            return console::result("no difference");
        }
        let risks: Vec<String> = at_risk(&self.stacks).map(|(stack, it)| risk(stack, it)).collect();
        section(&styled("data at risk", BAD), risks);
        self.lake.iter().for_each(print_lake);
        access::print(&self.access, self.lake.as_ref());
        section("stacks", self.stacks.iter().map(stack).collect());
        self.hints().iter().for_each(console::hint);
    }

    /// What does not follow from a difference, although one might think so.
    fn hints(&self) -> Vec<&'static str> {
        let lake = self.lake.iter();
        let retyped = lake.clone().flat_map(|lake| &lake.tables).flat_map(|table| &table.columns);
        let is_retyped =
            retyped.clone().any(|column| column.change == Change::Changed && column.before != column.after);
        let is_table_gone = lake.flat_map(|lake| &lake.tables).any(|table| table.change == Change::Removed);
        let is_stack_gone = self.stacks.iter().any(|stack| stack.change == Change::Removed);
        let hints = [
            (
                is_retyped,
                "files that were converted before keep a column's old type, which readers may refuse",
            ),
            (is_table_gone, "what a removed table has in bronze and silver stays"),
            (
                is_stack_gone,
                "`tarn deploy` lets the stack of a removed zone stand, with its data, unless `--remove-zones` is given",
            ),
        ];
        hints.into_iter().filter(|(holds, _)| *holds).map(|(_, hint)| hint).collect()
    }
}

/// What changes in the words of the lake.
pub fn print_lake(lake: &LakeChange) {
    section("settings", lake.settings.iter().map(|key| changed(&key_change(key))).collect());
    section("tables", lake.tables.iter().map(table).collect());
    section("models", lake.models.iter().map(model).collect());
    section("zones", lake.zones.iter().map(zone).collect());
    section("rights", lake.rights.iter().map(right).collect());
}

/// Lines under a title, if there are any.
pub fn section(title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        console::result(format!("{}\n{}", styled(title, BOLD), lines.join("\n")));
    }
}

fn sign(change: Change) -> String {
    match change {
        Change::Added => styled("+", GOOD),
        Change::Changed => styled("~", BOLD),
        Change::Removed => styled("-", BAD),
    }
}

fn changed(what: &str) -> String {
    format!("  {} {what}", sign(Change::Changed))
}

fn risk(stack: &str, resource: &ResourceChange) -> String {
    let ResourceChange { id, kind, because, kept, .. } = resource;
    let does = match (resource.change, resource.replacement) {
        (Change::Removed, _) => "is removed".to_owned(),
        (_, Replacement::Maybe) => format!("may be replaced: `{}` changes", because.join("`, `")),
        _ => format!("is replaced: `{}` changes", because.join("`, `")),
    };
    let then = match (kept, kind.as_str()) {
        (true, _) => "the old one is kept, but no stack has it any more",
        (false, "Custom::EmptyBucket") => "its bucket is emptied",
        (false, _) => "the old one is deleted with what it holds",
    };
    format!("  {} {stack}: {id} ({kind}) {does}; {then}", styled("!", BAD))
}

fn table(change: &TableChange) -> String {
    let mut line = format!("  {} {}", sign(change.change), change.table);
    if change.change == Change::Changed {
        change.keys.iter().for_each(|key| push(&mut line, &changed(&key_change(key))));
        change
            .columns
            .iter()
            .for_each(|it| push(&mut line, &format!("  {} {}", sign(it.change), column(it))));
    } else if let count @ 1.. = change.columns.len() {
        let _ = write!(line, ", {count} {}", if count == 1 { "column" } else { "columns" });
    }
    line
}

fn push(text: &mut String, line: &str) {
    let _ = write!(text, "\n    {line}");
}

fn column(change: &ColumnChange) -> String {
    let ColumnChange { column, before, after, .. } = change;
    match (before, after) {
        (Some(before), Some(after)) if before != after => format!("column `{column}`: {before} -> {after}"),
        (Some(_), Some(_)) => format!("column `{column}`: its rules or its format"),
        (before, after) => {
            format!("column `{column}`: {}", before.iter().chain(after).cloned().collect::<String>())
        }
    }
}

fn key_change(change: &KeyChange) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    format!("`{}`: {} -> {}", change.key, shown(&change.before), shown(&change.after))
}

fn model(change: &ModelChange) -> String {
    let mut line = format!("  {} {}", sign(change.change), change.model);
    for key in &change.keys {
        // It is long, and stands in a file of its own.
        let what = if key.key == "sql" { "its SQL".to_owned() } else { key_change(key) };
        push(&mut line, &changed(&what));
    }
    line
}

fn zone(change: &ZoneChange) -> String {
    let mut line = format!("  {} {}", sign(change.change), change.zone);
    change.keys.iter().for_each(|key| push(&mut line, &changed(&key_change(key))));
    line
}

fn right(right: &Right) -> String {
    let Right { zone, table, reader, gained } = right;
    let who = reader.as_deref().unwrap_or("whoever IAM lets in the lake's account");
    let (sign, may) = match gained {
        true => (sign(Change::Added), ""),
        false => (sign(Change::Removed), " no more"),
    };
    match table {
        Some(table) => format!("  {sign} zone `{zone}` may have table `{table}`{may}"),
        None => format!("  {sign} {who} may read zone `{zone}`{may}"),
    }
}

fn stack(change: &StackChange) -> String {
    let StackChange { stack, resources, sections, .. } = change;
    let count = resources.len();
    let noun = if count == 1 { "resource" } else { "resources" };
    let mut line = format!("  {} {stack}: {count} {noun}", sign(change.change));
    if change.change == Change::Changed {
        resources.iter().for_each(|it| push(&mut line, &resource(it)));
        sections.iter().for_each(|section| push(&mut line, &changed(section)));
    }
    line
}

fn resource(change: &ResourceChange) -> String {
    const SHOWN: usize = 4;
    let ResourceChange { id, kind, changed, .. } = change;
    let more = changed.len().saturating_sub(SHOWN);
    let paths = changed.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if paths.is_empty() { String::new() } else { format!(": {paths}{more}") };
    let replaced = match change.replacement {
        Replacement::No => "",
        Replacement::Maybe => ", may be replaced",
        Replacement::Yes => ", replaced",
    };
    format!("  {} {id} {}{replaced}{what}", sign(change.change), styled(format!("({kind})"), DIM))
}

//! `tables` of a zone: names, or blocks that say which part of a table.

use std::collections::BTreeSet;
use std::ops::Range;

use tarn_lake::{ColumnName, Frequency, Mode, Pick, RowFilter, Table, TableName, ZoneTable};
use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::nearest::nearest;
use crate::reader::{Reader, Value, found};
use crate::table::{Tables, repeated};
use crate::{Code, Diagnostic, readers, word};

/// The key of a zone.
pub const TABLES: Key =
    Key::optional("tables", Wants::ZoneTables, r#"tables = ["events"]"#, "the tables the zone may have")
        .also(&["table"]);
const NAME: Key =
    Key::required("name", Wants::Text, r#"name = "events""#, "which table of the lake").also(&["table"]);
const MODE: Key = Key::optional(
    "mode",
    Wants::Text,
    r#"mode = "share""#,
    "whether the zone has a copy, or reads silver by grants",
)
.also(&["kind", "how", "access"]);
const COLUMNS: Key =
    Key::optional("columns", Wants::Names, r#"columns = ["id", "at"]"#, "the only columns the zone may have")
        .also(&["only", "include", "select", "include_columns"]);
const EXCEPT: Key =
    Key::optional("except", Wants::Names, r#"except = ["email"]"#, "the columns the zone may not have")
        .also(&["exclude", "without", "drop", "exclude_columns", "excluded"]);
const ROWS: Key = Key::optional(
    "rows",
    Wants::Text,
    r#"rows = "country = 'CH'""#,
    "the only rows the zone may have, as a condition in SQL",
)
.also(&["where", "filter", "row_filter", "predicate", "condition"]);
const FREQUENCY: Key = Key::optional(
    "frequency",
    Wants::Text,
    r#"frequency = "daily""#,
    "how often the copy is brought up to date",
)
.also(&["every", "schedule", "interval", "refresh"]);

/// The keys of a zone's table that is written as a block.
pub static BLOCK: Block =
    Block { header: "[zone.tables.NAME]", keys: &[NAME, MODE, COLUMNS, EXCEPT, ROWS, FREQUENCY] };

/// A table of a zone, and the places that later faults are shown at.
pub struct Written<'a> {
    /// Its name, as it is written.
    pub name: Spanned<&'a str>,
    /// What is said of it, if the lake has the table and there is no fault in it.
    pub part: Option<ZoneTable>,
    /// Where its columns are chosen.
    pub choice: Range<usize>,
}

/// Reads `tables`, whichever way they are written.
pub fn read_all<'a>(zone: &Reader<'a>, tables: &Tables) -> Vec<Written<'a>> {
    let Some(value) = zone.find(&TABLES) else { return Vec::new() };
    let written: Vec<Written> = match value.get_ref() {
        DeValue::Array(list) => {
            if list.is_empty() {
                zone.refuse_empty(&TABLES, value.span());
            }
            list.iter().filter_map(|element| element_of(zone, element, tables)).collect()
        }
        DeValue::Table(named) => {
            let each = named.iter().filter_map(|(name, block)| {
                let name = Spanned::new(name.span(), name.get_ref().as_ref());
                named_block(zone, name, block, tables)
            });
            each.collect()
        }
        _ => return zone.refuse_type::<Vec<_>>(&TABLES, value).unwrap_or_default(),
    };
    let names: Vec<_> = written.iter().map(|table| table.name.clone()).collect();
    for (first, second) in repeated(&names) {
        zone.faults.push(readers::twice(zone, "table", first, second));
    }
    for wrong in names.iter().filter(|name| !tables.names.contains(name.get_ref())) {
        zone.faults.push(unknown(wrong, &tables.names));
    }
    written
}

/// An element of the list: a name, or a block with one.
fn element_of<'a>(zone: &Reader<'a>, element: &'a Value<'a>, tables: &Tables) -> Option<Written<'a>> {
    match element.get_ref() {
        DeValue::String(text) => {
            let name = Spanned::new(element.span(), text.as_ref());
            let part = TableName::new(text.as_ref()).ok().map(ZoneTable::whole);
            Some(Written { name, part, choice: element.span() })
        }
        DeValue::Table(table) => {
            let name = table.get(NAME.name).and_then(|name| name.get_ref().as_str());
            let subject = name.map_or("this table".into(), |name| format!("the table {}", quote(name)));
            let subject = format!("{subject} of {}", zone.subject());
            let block = zone.open_inner(&BLOCK, table, element.span(), subject);
            let name = block.text(&NAME)?;
            let part = part(&block, &name, tables);
            Some(Written { name, part, choice: choice(&block) })
        }
        other => {
            let found = found(other);
            let title = format!("`tables` must hold names of tables or blocks, not {found}");
            let fault = Diagnostic::error(Code::WrongType, element.span(), title);
            let help =
                "write for example `tables = [\"events\", { name = \"orders\", except = [\"email\"] }]`";
            zone.faults.push(fault.label(format!("this is {found}")).help(help));
            None
        }
    }
}

/// `[zone.tables.events]`: the name stands in the header.
fn named_block<'a>(
    zone: &Reader<'a>,
    name: Spanned<&'a str>,
    value: &'a Value<'a>,
    tables: &Tables,
) -> Option<Written<'a>> {
    let DeValue::Table(table) = value.get_ref() else {
        let title =
            format!("what {} says of the table {} must be a block", zone.subject(), quote(name.get_ref()));
        let fault = Diagnostic::error(Code::WrongType, value.span(), title);
        let label = format!("this is {}", found(value.get_ref()));
        zone.faults.push(fault.label(label).help("write for example `events = { except = [\"email\"] }`"));
        return None;
    };
    let place = if value.span().is_empty() { name.span() } else { value.span() };
    let subject = format!("the table {} of {}", quote(name.get_ref()), zone.subject());
    let block = zone.open_inner(&BLOCK, table, place, subject);
    if block.find(&NAME).is_some() {
        let fault =
            Diagnostic::error(Code::Contradiction, block.key_place(&NAME), "`name` stands in the header");
        let fault = fault.label("the block is called by its table already");
        zone.faults.push(fault.help("leave `name` out, or write the block into a list"));
    }
    let part = part(&block, &name, tables);
    Some(Written { name, part, choice: choice(&block) })
}

fn choice(block: &Reader) -> Range<usize> {
    let key = [&COLUMNS, &EXCEPT].into_iter().find(|key| block.find(key).is_some());
    key.map_or(block.place(), |key| block.key_place(key))
}

fn part(block: &Reader, name: &Spanned<&str>, tables: &Tables) -> Option<ZoneTable> {
    let table = tables.readable(name.get_ref());
    let modes = &[("grant", "share"), ("link", "share"), ("sync", "copy")];
    let mode = word::read_if_written(block, &MODE, Mode::WORDS, modes).unwrap_or_default();
    let frequencies = &[("always", "on_arrival"), ("every_run", "on_arrival"), ("hourly", "on_arrival")];
    let frequency = word::read_if_written(block, &FREQUENCY, Frequency::WORDS, frequencies);
    if mode == Mode::Share && frequency.is_some() {
        let title = "`frequency` means nothing beside `mode = \"share\"`";
        let fault = Diagnostic::error(Code::Contradiction, block.key_place(&FREQUENCY), title);
        let fault = fault.label("what is shared is not copied");
        block.faults.push(fault.help("leave `frequency` out, or write `mode = \"copy\"`"));
    }
    let (columns, rows) = (pick(block, table), rows(block, table));
    if let (Mode::Share, Some(filter), Some(table)) = (mode, &rows, table) {
        refuse_beyond_catalog(block, filter, table);
    }
    let name = TableName::new(*name.get_ref()).ok()?;
    table?;
    Some(ZoneTable { name, mode, columns, rows, frequency: frequency.unwrap_or_default() })
}

/// What is shared is filtered by Lake Formation, which reads less than what copies are made by.
fn refuse_beyond_catalog(block: &Reader, filter: &RowFilter, table: &Table) {
    let Some(written) = block.text_if_written(&ROWS) else { return };
    for misfit in filter.beyond_catalog(table) {
        let place = inside(block, &written, &misfit.place);
        let title = "`rows` of a shared table asks for what Lake Formation cannot";
        let fault = Diagnostic::error(Code::Contradiction, place, title).label(misfit.why);
        block.faults.push(fault.help(misfit.help));
    }
}

fn pick(block: &Reader, table: Option<&Table>) -> Pick {
    match (block.find(&COLUMNS), block.find(&EXCEPT)) {
        (None, None) => Pick::All,
        // An empty list is a fault already; to judge what it shows would only bury it.
        (Some(_), None) => Some(names(block, &COLUMNS, table))
            .filter(|names| !names.is_empty())
            .map_or(Pick::All, Pick::Only),
        (None, Some(_)) => Pick::Except(names(block, &EXCEPT, table)),
        (Some(_), Some(_)) => {
            let title = format!("{} has both `columns` and `except`", block.subject());
            let fault = Diagnostic::error(Code::Contradiction, block.key_place(&EXCEPT), title);
            let fault = fault.label("what `columns` does not name is left out anyway");
            block.faults.push(fault.help("leave one of them out"));
            Pick::All
        }
    }
}

fn names(block: &Reader, key: &Key, table: Option<&Table>) -> BTreeSet<ColumnName> {
    let Some(list) = block.texts(key) else { return BTreeSet::new() };
    if list.get_ref().is_empty() {
        block.refuse_empty(key, list.span());
    }
    for (_, second) in repeated(list.get_ref()) {
        let title = format!(
            "{} names the column {} twice in `{}`",
            block.subject(),
            quote(second.get_ref()),
            key.name
        );
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        block.faults.push(fault.label("it stands in this list already").help("leave one of them out"));
    }
    let Some(table) = table else { return BTreeSet::new() };
    for wrong in list.get_ref().iter().filter(|name| !has_column(table, name.get_ref())) {
        block.faults.push(unknown_column(wrong.get_ref(), wrong.span(), table));
    }
    list.into_inner().into_iter().filter_map(|name| ColumnName::new(name.into_inner()).ok()).collect()
}

/// The condition; tests of columns that the table has not, or of another type, are faults.
fn rows(block: &Reader, table: Option<&Table>) -> Option<RowFilter> {
    let written = block.text_if_written(&ROWS)?;
    let filter = match RowFilter::new(written.get_ref()) {
        Ok(filter) => filter,
        Err(refused) => {
            let place = inside(block, &written, &refused.place);
            let title = format!("`rows` of {} is no condition", block.subject());
            let fault = Diagnostic::error(Code::InvalidValue, place, title).label(refused.why);
            let help = "write comparisons of columns with values, joined by `AND`, `OR` and `NOT`, such as \
                        `country = 'CH' AND total >= 10`";
            block.faults.push(fault.help(help));
            return None;
        }
    };
    for test in filter.tests() {
        let place = inside(block, &written, &test.place);
        let Some(table) = table else { continue };
        let column = table.newest_layout().in_silver().find(|column| column.name == test.column);
        let Some(column) = column else {
            block.faults.push(unknown_column(test.column.as_str(), place, table));
            continue;
        };
        if let Some(misfit) = test.misfit(column.kind) {
            let place = inside(block, &written, &misfit.place);
            let title =
                format!("`rows` asks the column {} for what it cannot have", quote(column.name.as_str()));
            let fault = Diagnostic::error(Code::InvalidValue, place, title).label(misfit.why);
            block.faults.push(fault.help(misfit.help));
        }
    }
    Some(filter)
}

/// The place of a part of a text, or of all of it where escapes in the file hide which part it is.
fn inside(block: &Reader, written: &Spanned<&str>, part: &Range<usize>) -> Range<usize> {
    let whole = written.span();
    let source = block.faults.written(&whole);
    let Some(opening) = source.find(*written.get_ref()) else { return whole };
    let start = whole.start + opening + part.start;
    let end = whole.start + opening + part.end;
    // What is missing at the end is shown at the character before it.
    let last = source.get(..opening + part.end).and_then(|before| before.chars().next_back());
    match (start == end, last) {
        (true, Some(last)) => end - last.len_utf8()..end,
        _ => start..end,
    }
}

fn has_column(table: &Table, name: &str) -> bool {
    table.newest_layout().in_silver().any(|column| column.name.as_str() == name)
}

fn unknown_column(name: &str, place: Range<usize>, table: &Table) -> Diagnostic {
    let title = format!("the table {} has no column {}", quote(table.name.as_str()), quote(name));
    let fault = Diagnostic::error(Code::UnknownColumn, place, title);
    let is_old = table.columns_ever().any(|column| column.name.as_str() == name);
    let is_dropped = table.newest_layout().columns.iter().any(|column| column.name.as_str() == name);
    let known: Vec<&str> = table.newest_layout().in_silver().map(|column| column.name.as_str()).collect();
    let label = match nearest(name, known.iter().copied()) {
        _ if is_dropped => "`drop` leaves it out of silver".into(),
        _ if is_old => "its newest layout does not have it any more".into(),
        Some(near) => format!("did you mean {}?", quote(near)),
        None => "no such column".into(),
    };
    fault.label(label).help(format!("its columns are `{}`", known.join("`, `")))
}

/// That a zone or a group names a table that the lake does not have.
pub fn unknown(written: &Spanned<&str>, tables: &[&str]) -> Diagnostic {
    let title = format!("the lake has no table {}", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::UnknownTable, written.span(), title);
    let all: Vec<_> = tables.iter().map(|table| quote(table)).collect();
    let help = match all.as_slice() {
        [] => "add a `[[table]]` of this name".into(),
        [only] => format!("the only table is {only}; to have another, add a `[[table]]`"),
        _ => format!("the tables are {}; to have another, add a `[[table]]`", all.join(", ")),
    };
    match nearest(written.get_ref(), tables.iter().copied()) {
        Some(near) => fault.label(format!("did you mean {}?", quote(near))).help(help),
        None => fault.label("no `[[table]]` has this name").help(help),
    }
}

//! `columns` and `[[table.layout]]`: which columns a table's files have, and since when.

use tarn_lake::{Column, Day, FilePattern, Layout};
use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::table::HEADER;
use crate::{Code, Diagnostic, column};

/// The columns of a table or of one of its layouts.
pub const COLUMNS: Key = Key {
    name: "columns",
    wants: Wants::Columns,
    required: false,
    example: r#"columns = { id = "int64", name = "string" }"#,
    meaning: "the columns in the order of the file",
    also: &["schema", "fields", "column"],
};
/// The dated layouts of a table.
pub const LAYOUT: Key =
    Key::optional("layout", Wants::Blocks(&BLOCK), "[[table.layout]]", "the columns of files from a day on")
        .also(&["layouts"]);
const FROM: Key = Key::required("from", Wants::Day, "from = 2026-01-01", "the first day it is valid")
    .also(&["since", "start", "valid_from", "date"]);
const LAYOUT_COLUMNS: Key = Key { required: true, ..COLUMNS };

/// The keys of `[[table.layout]]`.
pub static BLOCK: Block = Block { header: "[[table.layout]]", keys: &[FROM, LAYOUT_COLUMNS] };

/// A layout as it is written: with the places of what other layouts may contradict.
struct Written {
    from: Option<Spanned<Day>>,
    columns: Vec<Spanned<Column>>,
}

/// Reads the layouts of a table, ordered by their days. `files` is its pattern, where it has one.
pub fn read_all(table: &Reader, files: Option<&FilePattern>) -> Vec<Layout> {
    let mut written = match (table.find(&COLUMNS), table.find(&LAYOUT)) {
        (Some(_), None) => vec![Written { from: None, columns: columns(table, &COLUMNS, files) }],
        (None, Some(_)) => dated(table, files),
        (Some(_), Some(_)) => {
            refuse_both(table);
            columns(table, &COLUMNS, files);
            dated(table, files)
        }
        (None, None) => {
            refuse_neither(table);
            return Vec::new();
        }
    };
    written.sort_by_key(|layout| layout.from.as_ref().map(|from| *from.get_ref()));
    refuse_same_day(&written, table.faults);
    refuse_type_changes(&written, table.faults);
    refuse_names_without_header(table, &written);
    written.into_iter().map(Written::into_layout).collect()
}

impl Written {
    fn into_layout(self) -> Layout {
        let columns = self.columns.into_iter().map(Spanned::into_inner).collect();
        Layout { from: self.from.map(Spanned::into_inner), columns }
    }
}

fn dated(table: &Reader, files: Option<&FilePattern>) -> Vec<Written> {
    let read = |block: &Reader| Written { from: day(block), columns: columns(block, &LAYOUT_COLUMNS, files) };
    table.blocks(&LAYOUT, &BLOCK, "layout").iter().map(read).collect()
}

fn columns(block: &Reader, key: &Key, files: Option<&FilePattern>) -> Vec<Spanned<Column>> {
    let Some(table) = block.table(key) else { return Vec::new() };
    if table.get_ref().is_empty() {
        let place = if table.span().is_empty() { block.key_place(key) } else { table.span() };
        block.refuse_empty(key, place);
    }
    let columns = column::read_all(table.get_ref(), files, block.faults);
    let in_file = |column: &Spanned<Column>| column.get_ref().source.is_field();
    if !columns.is_empty() && columns.iter().all(|column| column.get_ref().drop) {
        refuse_all_dropped(block, key);
    } else if !columns.is_empty() && !columns.iter().any(in_file) {
        refuse_no_field(block, key);
    }
    columns
}

fn refuse_all_dropped(block: &Reader, key: &Key) {
    let title = format!("{} leaves all its columns out of silver", block.subject());
    let fault = Diagnostic::error(Code::Contradiction, block.key_place(key), title);
    block.faults.push(fault.label("every column here has `drop = true`").help("keep at least one"));
}

fn refuse_no_field(block: &Reader, key: &Key) {
    let title = format!("no column of {} is in the file", block.subject());
    let fault = Diagnostic::error(Code::Empty, block.key_place(key), title);
    let fault = fault.label("each has a `constant` or a `from_name`");
    block.faults.push(fault.help("name the file's own columns too, in its order"));
}

fn day(block: &Reader) -> Option<Spanned<Day>> {
    let value = block.take(&FROM)?;
    let day = match value.get_ref() {
        DeValue::String(text) => text.parse().ok().filter(|day: &Day| day.to_string() == **text),
        DeValue::Datetime(moment) if moment.time.is_none() => {
            moment.date.and_then(|date| Day::new(date.year.into(), date.month.into(), date.day.into()))
        }
        _ => return block.refuse_type(&FROM, value),
    };
    if day.is_none() {
        let text = value.get_ref().as_str().unwrap_or(block.faults.written(&value.span()));
        let title = format!("{} is no day", quote(text));
        let fault = Diagnostic::error(Code::InvalidValue, value.span(), title);
        let fault = fault.label("wanted is a day of the calendar as year, month, day");
        block.faults.push(fault.help("write for example `from = 2026-01-31`"));
    }
    day.map(|day| Spanned::new(value.span(), day))
}

fn refuse_both(table: &Reader) {
    let title = format!("{} has both `columns` and `[[table.layout]]`", table.subject());
    let fault = Diagnostic::error(Code::ColumnsAndLayouts, table.key_place(&COLUMNS), title);
    let fault = fault.label("these are valid for ever, the layouts only from a day on");
    table.faults.push(
        fault.help("keep one of the two; the columns before the first layout need a layout of their own"),
    );
}

fn refuse_neither(table: &Reader) {
    let title = format!("{} has no `columns`", table.subject());
    let fault = Diagnostic::error(Code::MissingKey, table.place(), title);
    let fault = fault.label(format!("`columns` is missing: {}", COLUMNS.meaning));
    let help =
        format!("add for example `{}`, or a `[[table.layout]]` for each time they changed", COLUMNS.example);
    table.faults.push(fault.help(help));
}

fn refuse_same_day(layouts: &[Written], faults: &Faults) {
    for pair in layouts.windows(2) {
        let [Written { from: Some(first), .. }, Written { from: Some(second), .. }] = pair else { continue };
        if first.get_ref() == second.get_ref() {
            let title = format!("two layouts begin on {}", second.get_ref());
            let fault = Diagnostic::error(Code::SameDay, second.span(), title);
            let fault = fault.label(format!(
                "the layout {} begins on this day too",
                faults.where_is(&first.span(), &second.span())
            ));
            faults.push(fault.help("give one of them another day, or leave one out"));
        }
    }
}

/// Where no header names the columns, none can have another name in it.
fn refuse_names_without_header(table: &Reader, layouts: &[Written]) {
    if table.find(&HEADER).and_then(|value| value.get_ref().as_bool()) != Some(false) {
        return;
    }
    for column in layouts.iter().flat_map(|layout| &layout.columns) {
        let Column { name, from: Some(_), .. } = column.get_ref() else { continue };
        let title = format!("`from` of the column `{name}` means nothing beside `header = false`");
        let fault = Diagnostic::error(Code::Contradiction, column.span(), title);
        let fault = fault.label("this column is known by its place, not by a name");
        table.faults.push(fault.help("leave `from` out, or `header = false`"));
    }
}

/// A column has one type in the catalog, that of the newest layout; so what an earlier one says must be
/// a value of it.
fn refuse_type_changes(layouts: &[Written], faults: &Faults) {
    let mut seen: Vec<&Spanned<Column>> = Vec::new();
    for column in layouts.iter().flat_map(|layout| &layout.columns) {
        let same_name = |other: &&mut &Spanned<Column>| other.get_ref().name == column.get_ref().name;
        match seen.iter_mut().find(same_name) {
            Some(earlier) => {
                refuse_type_change(earlier, column, faults);
                *earlier = column;
            }
            None => seen.push(column),
        }
    }
}

fn refuse_type_change(earlier: &Spanned<Column>, later: &Spanned<Column>, faults: &Faults) {
    let (before, after) = (earlier.get_ref().kind, later.get_ref().kind);
    if !before.promotes_to(after) {
        faults.push(type_change(earlier, later, faults));
    } else if before != after && !earlier.get_ref().quality.is_none() {
        let name = &later.get_ref().name;
        let title = format!("the column `{name}` becomes `{after}`, and has rules for `{before}` before");
        let fault = Diagnostic::error(Code::TypeChange, earlier.span(), title);
        let fault = fault.label(format!("these rules are for values of `{before}`"));
        faults.push(fault.help(format!("write `{after}` here too; then the rules are read as such")));
    }
}

fn type_change(first: &Spanned<Column>, later: &Spanned<Column>, faults: &Faults) -> Diagnostic {
    let (Column { name, kind: before, .. }, after) = (first.get_ref(), later.get_ref().kind);
    let title = format!("the column `{name}` changes its type from `{before}` to `{after}`");
    let there = faults.where_is(&first.span(), &later.span());
    Diagnostic::error(Code::TypeChange, later.span(), title)
        .label(format!("`{after}` here, `{before}` in the layout {there}"))
        .help(format!(
            "not every `{before}` is a `{after}`: write the wider type in the later layout, `string` if need be, or \
             give the new column another name"
        ))
}

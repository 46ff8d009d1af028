//! One table's columns and format on their own, for files that belong to no lake yet.
//!
//! The keys are those of `[[table]]`, so that a block can move between the two files as it is:
//! `name` and `description` may stand in it and mean nothing here, and so may the `[[table]]` header
//! itself, and how the table takes what arrives in landing; `files` only says what a column `from_name` is. Of several layouts the newest holds.

use tarn_lake::{
    BadRows, Column, ColumnName, ColumnSource, Csv, FilePattern, Layout, Placement, SchemaChange,
};
use toml::Spanned;
use toml::de::DeTable;

use crate::faults::Faults;
use crate::reader::Reader;
use crate::{Code, Diagnostic, Files, Severity, arrival, bad_rows, layout, placement, syntax, table, unique};

/// What files look like, whatever they are called and wherever they lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// How the text is written.
    pub csv: Csv,
    /// The columns in the order of the file.
    pub layout: Layout,
    /// What becomes of a file with another header.
    pub schema_change: SchemaChange,
    /// What becomes of bad rows.
    pub bad_rows: BadRows,
    /// Columns whose values together no two rows share.
    pub unique: Vec<Vec<ColumnName>>,
    /// Where rows lie.
    pub placement: Placement,
    /// What is captured of files' names, where a column comes from there.
    pub files: Option<FilePattern>,
}

/// Reads a schema file. `Err` holds every fault, ordered by place.
pub fn parse_schema(text: &str) -> Result<Schema, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let files = Files::new("schema", text);
    let faults = Faults::new(&files);
    let schema = read(root.get_ref(), &faults);
    let errors: Vec<_> = errors.into_iter().map(|error| (0, error)).collect();
    let found = syntax::join(text, &errors, faults.into_inner());
    match schema {
        Some(schema) if found.iter().all(|fault| fault.severity == Severity::Warning) => Ok(schema),
        _ => Err(found),
    }
}

/// A schema with holes is only returned beside a fault.
fn read<'a>(root: &'a DeTable<'a>, faults: &'a Faults<'a>) -> Option<Schema> {
    let first_key = root.keys().map(Spanned::span).min_by_key(|span| span.start).unwrap_or(0..0);
    let (place, keys) = inner(root, faults).unwrap_or((first_key, root));
    let block = Reader::open(&table::BLOCK, keys, place, "the schema", faults);
    let csv = table::csv(&block);
    let schema_change = arrival::read(&block, &csv).schema_change;
    let bad_rows = bad_rows::read(&block);
    let files = table::files_if_written(&block);
    let mut layouts = layout::read_all(&block, files.as_ref());
    let unique = unique::read(&block, &layouts);
    let layout = layouts.pop()?;
    let placement = placement::read(&block, Some(&layout));
    let named = layout.columns.iter().find(|column| matches!(column.source, ColumnSource::Name(_)));
    if let Some(column) = named.filter(|_| files.is_none()) {
        refuse_name_without_files(&block, column);
    }
    let files = if named.is_some() { files } else { None };
    Some(Schema { csv, schema_change, bad_rows, unique, placement, files, layout })
}

fn refuse_name_without_files(block: &Reader, column: &Column) {
    let title =
        format!("the column `{}` comes from the file's name, and the schema has no `files`", column.name);
    let fault = Diagnostic::error(Code::MissingKey, block.place(), title);
    let fault = fault.label("`files` says what a name captures");
    block.faults.push(fault.help("add for example `files = \"events_{date:%Y%m%d}.csv\"`"));
}

/// The first `[[table]]` of a file that holds nothing else, and its place.
fn inner<'a>(root: &'a DeTable<'a>, faults: &Faults) -> Option<(std::ops::Range<usize>, &'a DeTable<'a>)> {
    let blocks = root.get("table").filter(|_| root.len() == 1)?.get_ref().as_array()?;
    if let Some(second) = blocks.get(1) {
        let title = "the file holds more than one table";
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        let fault = fault.label("a schema is of one table");
        faults.push(fault.help("keep one `[[table]]`, or name a lake's table with `--table`"));
    }
    let first = blocks.first()?;
    Some((first.span(), first.get_ref().as_table()?))
}

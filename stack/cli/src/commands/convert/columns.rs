//! Where the columns of a file are written: in the lake, in a file of their own, or nowhere yet.

use std::fs;
use std::path::Path;

use tarn_config::{Files, Schema};
use tarn_convert::{ConvertError, Unique, infer};
use tarn_lake::{
    BadRows, Captures, ColumnName, Csv, Day, FilePattern, Layout, Placement, SchemaChange, Table,
};

use super::block;
use super::file::Refused;
use super::input::Input;
use crate::arguments::{self, Common};
use crate::failure::Failure;
use crate::project::{self, Project};

/// What says how files look.
pub enum Columns {
    Table(Box<Table>),
    Schema(Box<Schema>),
    Inferred,
}

/// How one file looks, and what becomes of it.
pub struct Shape {
    pub csv: Csv,
    pub layout: Layout,
    pub schema: Layout,
    /// What becomes of the file if its header is another.
    pub schema_change: SchemaChange,
    /// What the file's name says.
    pub name: Captures,
    pub bad_rows: BadRows,
    /// Where its rows go.
    pub placement: Placement,
    /// The block for `lake.toml`, where it was not written down before.
    pub inferred: Option<String>,
}

impl Columns {
    /// Reads what the command line names.
    pub fn load(common: &Common, options: &arguments::Columns) -> Result<Self, Failure> {
        match (&options.table, &options.schema) {
            (Some(name), _) => table(common, name).map(|table| Self::Table(Box::new(table))),
            (_, Some(file)) => schema(common, file).map(|schema| Self::Schema(Box::new(schema))),
            (None, None) => Ok(Self::Inferred),
        }
    }

    /// Keys that no two rows of all files share.
    pub fn unique(&self) -> Option<Unique> {
        let keys = match self {
            Self::Table(table) => &table.unique,
            Self::Schema(schema) => &schema.unique,
            Self::Inferred => return None,
        };
        (!keys.is_empty()).then(|| Unique::new(keys))
    }

    /// Where rows go as far as that is written down.
    pub fn placement(&self) -> Placement {
        match self {
            Self::Table(table) => table.placement.clone(),
            Self::Schema(schema) => schema.placement.clone(),
            Self::Inferred => Placement::default(),
        }
    }

    /// A column that is hashed.
    pub fn hashed(&self) -> Option<&ColumnName> {
        let layouts = match self {
            Self::Table(table) => table.layouts.as_slice(),
            Self::Schema(schema) => std::slice::from_ref(&schema.layout),
            Self::Inferred => &[],
        };
        layouts.iter().find_map(|layout| layout.hashed().next()).map(|column| &column.name)
    }

    /// How a file looks, and that its rows can be placed as they are to be.
    pub fn of(&self, input: &Input, placement: &Placement) -> Result<Shape, Refused> {
        let shape = Shape { placement: placement.clone(), ..self.look(input)? };
        match placement.fault(&shape.schema) {
            None => Ok(shape),
            Some(reason) => Err(Refused::new("PLACEMENT", reason)),
        }
    }

    fn look(&self, file: &Input) -> Result<Shape, Refused> {
        let (input, placement) = (file.path.as_path(), Placement::default());
        match self {
            Self::Table(table) => {
                let (csv, schema) = (table.csv.clone(), table.newest_layout().clone());
                let (layout, name) = (layout_of(table, input)?.clone(), name_of(&table.files, input));
                let (bad_rows, schema_change) = (table.bad_rows, table.arrival.schema_change);
                Ok(Shape { csv, layout, schema, schema_change, name, bad_rows, placement, inferred: None })
            }
            Self::Schema(schema) => {
                let Schema { csv, layout, files, bad_rows, schema_change, .. } = schema.as_ref().clone();
                let (schema, name) = (layout.clone(), files.map(|files| name_of(&files, input)));
                let name = name.unwrap_or_default();
                Ok(Shape { csv, layout, schema, schema_change, name, bad_rows, placement, inferred: None })
            }
            Self::Inferred => inferred(file),
        }
    }
}

fn table(common: &Common, name: &str) -> Result<Table, Failure> {
    let tables = Project::load(common)?.lake.tables;
    let names: Vec<_> = tables.iter().map(|table| table.name.to_string()).collect();
    tables.into_iter().find(|table| table.name.as_str() == name).ok_or_else(|| {
        Failure::bad_input(format!("the lake has no table `{name}`"))
            .hint(format!("it has {}", names.join(", ")))
    })
}

fn schema(common: &Common, file: &Path) -> Result<Schema, Failure> {
    let path = file.display().to_string();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::bad_input(format!("the schema {path} cannot be read: {error}")))?;
    tarn_config::parse_schema(&text).map_err(|faults| {
        project::show_faults(common, &faults, &Files::new(path, &text));
        Failure::shown()
    })
}

/// The layout of the day that the file's path names, as the pipeline reads it; else the newest.
fn layout_of<'t>(table: &'t Table, input: &Path) -> Result<&'t Layout, Refused> {
    let Some(day) = day_of(table, input) else { return Ok(table.newest_layout()) };
    let refused = |reason: String| Refused::new("NO_LAYOUT", reason);
    let day = day.map_err(|error| refused(format!("its date is none that a calendar has: {error}")))?;
    table.layout_on(day).ok_or_else(|| {
        let name = &table.name;
        refused(format!("table `{name}` has no layout for {day}; add one with an earlier `from`"))
    })
}

/// The day that the file's path names.
fn day_of(table: &Table, input: &Path) -> Option<Result<Day, tarn_lake::ImpossibleDay>> {
    keys_of(input).into_iter().find_map(|key| table.files.matches(&key))?.day
}

/// What the file's path says to a pattern; nothing where it does not match.
fn name_of(files: &FilePattern, input: &Path) -> Captures {
    keys_of(input).into_iter().find_map(|key| files.capture(&key)).unwrap_or_default()
}

/// Keys in landing are paths below a folder that is not known here, so every tail may be one.
fn keys_of(input: &Path) -> Vec<String> {
    let parts: Vec<&str> = input.iter().filter_map(|part| part.to_str()).collect();
    (0..parts.len()).filter_map(|start| parts.get(start..)).map(|tail| tail.join("/")).collect()
}

fn inferred(input: &Input) -> Result<Shape, Refused> {
    let (source, _) = input.open().map_err(ConvertError::Source).map_err(Refused::of)?;
    let found = infer(source).map_err(Refused::of)?;
    let block = block::of(&input.path, &found.csv, &found.layout);
    Ok(Shape {
        csv: found.csv,
        schema: found.layout.clone(),
        layout: found.layout,
        schema_change: SchemaChange::Strict,
        name: Captures::none(),
        bad_rows: BadRows::default(),
        placement: Placement::default(),
        inferred: Some(block),
    })
}

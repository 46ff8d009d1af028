//! `models/NAME.sql`: a gold table, as the header of its file and one query.

mod cut;
mod graph;
mod partition;
mod query;
mod refused;
mod rules;
mod test;
mod told;

use std::collections::BTreeMap;

use tarn_lake::{ColumnName, Engine, Materialise, Model, ModelFormat, TableName};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::nearest::nearest;
use crate::reader::Reader;
use crate::table::{Tables, refuse_twice, repeated};
use crate::{Code, Diagnostic, name, secret, word};
use query::Reference;

pub use cut::{Header, all as cut, headers};
pub use told::fault_in_query;

const DESCRIPTION: Key =
    Key::optional("description", Wants::Text, r#"description = "Sales by day""#, "what the model holds")
        .also(&["comment", "title"]);
const MATERIALISE: Key = Key::optional(
    "materialise",
    Wants::Text,
    r#"materialise = "merge""#,
    "what becomes of the rows that were there before",
)
.also(&[
    "materialize",
    "materialized",
    "materialised",
    "materialization",
    "incremental_strategy",
    "strategy",
]);
const KEY: Key =
    Key::optional("key", Wants::Names, r#"key = ["order_id"]"#, "which columns tell two rows apart").also(&[
        "keys",
        "unique_key",
        "primary_key",
        "merge_key",
    ]);
const NEW_FILES_OF: Key = Key::optional(
    "new_files_of",
    Wants::Text,
    r#"new_files_of = "sales""#,
    "the table of which the query sees only the files that no run before gave it",
)
.also(&["incremental", "incremental_on", "source"]);
const FORMAT: Key = Key::optional("format", Wants::Text, r#"format = "parquet""#, "how its files are kept")
    .also(&["file_format", "table_type", "table_format"]);
const PARTITION_BY: Key = Key::optional(
    "partition_by",
    Wants::Texts,
    r#"partition_by = ["day(sold_at)"]"#,
    "how its rows are laid out",
)
.also(&["partition", "partitions", "partitioned_by", "partitioning"]);
const ENGINE: Key = Key::optional("engine", Wants::Text, r#"engine = "athena""#, "what runs its query");
const RENAMED: Key = Key::optional(
    "renamed",
    Wants::Tags,
    r#"renamed = { user_id = "uid" }"#,
    "the columns that were called otherwise before, each with its old name",
)
.also(&["rename", "renames"]);

/// The keys of a model's header.
pub static BLOCK: Block = Block {
    header: "models/NAME.sql",
    keys: &[DESCRIPTION, MATERIALISE, KEY, NEW_FILES_OF, FORMAT, PARTITION_BY, ENGINE, RENAMED, test::TESTS],
};

const MATERIALISATIONS: word::Synonyms = &[
    ("table", "replace"),
    ("full", "replace"),
    ("overwrite", "replace"),
    ("incremental", "append"),
    ("insert", "append"),
    ("upsert", "merge"),
    ("insert_overwrite", "partition"),
    ("view", ""),
];
const FORMATS: word::Synonyms = &[("delta", "iceberg"), ("hive", "parquet")];
const ENGINES: word::Synonyms = &[("trino", "athena"), ("presto", "athena"), ("emr", "spark")];

/// What a model may read, by all names as they are written.
pub struct Known<'a> {
    tables: &'a [&'a str],
    models: Vec<&'a str>,
}

/// A model with the places of what it reads.
pub struct Written {
    model: Model,
    references: Vec<Reference>,
}

/// Reads every model, and what holds between them.
pub fn read_all<'a>(headers: &'a [Header<'a>], tables: &Tables<'a>, faults: &'a Faults<'a>) -> Vec<Model> {
    let names: Vec<_> = headers.iter().map(|header| header.cut.name.clone()).collect();
    refuse_twice("model", &names, faults);
    refuse_names_of_tables(&names, tables, faults);
    let known = Known { tables: &tables.names, models: names.iter().map(|name| *name.get_ref()).collect() };
    let written: Vec<_> = headers.iter().filter_map(|header| read(header, &known, faults)).collect();
    graph::refuse_circles(&written, faults);
    written.into_iter().map(|written| written.model).collect()
}

fn refuse_names_of_tables(names: &[Spanned<&str>], tables: &Tables, faults: &Faults) {
    for name in names.iter().filter(|name| tables.names.contains(name.get_ref())) {
        let title = format!("a table and a model are called {}", quote(name.get_ref()));
        let fault = Diagnostic::error(Code::DuplicateName, name.span(), title);
        let fault = fault.label("the lake has a table of this name, and SQL could not tell them apart");
        faults.push(fault.help("give the file another name"));
    }
}

fn read<'a>(header: &'a Header<'a>, known: &Known, faults: &'a Faults<'a>) -> Option<Written> {
    let written = &header.cut.name;
    secret::refuse_all(header.root.get_ref(), faults);
    secret::refuse_lines(&header.cut.query, faults);
    let subject = format!("the model {}", quote(written.get_ref()));
    let block = Reader::open(&BLOCK, header.root.get_ref(), written.span(), subject, faults);
    let name: Option<TableName> = name::check(written, faults);
    let query = query::read(&header.cut.query, faults);
    let tests = test::read_all(&block, written.get_ref());
    let key = columns(&block, &KEY);
    let model = Model {
        name: name?,
        description: block.text_or_empty(&DESCRIPTION),
        sql: String::new(),
        inputs: Vec::new(),
        materialise: word::read_if_written(&block, &MATERIALISE, Materialise::WORDS, MATERIALISATIONS)
            .unwrap_or(Materialise::Replace),
        key: key.into_iter().map(Spanned::into_inner).collect(),
        new_files_of: None,
        format: word::read_if_written(&block, &FORMAT, ModelFormat::WORDS, FORMATS).unwrap_or_default(),
        partition_by: partition::read(&block, &PARTITION_BY),
        engine: word::read_if_written(&block, &ENGINE, Engine::WORDS, ENGINES).unwrap_or_default(),
        renamed: renamed(&block),
        tests: tests.tests,
    };
    rules::check(&block, &model);
    let query = query?;
    let references: Vec<_> = query.references.into_iter().chain(tests.references).collect();
    let inputs = inputs(&references, known, &model.name, faults);
    let new_files_of = new_files_of(&block, &inputs, known);
    Some(Written { model: Model { sql: query.sql, inputs, new_files_of, ..model }, references })
}

/// The tables and models that are read, each once; a name that the lake does not have is a fault.
fn inputs(references: &[Reference], known: &Known, own: &TableName, faults: &Faults) -> Vec<TableName> {
    let mut inputs: Vec<TableName> = Vec::new();
    for reference in references {
        if !known.has(&reference.name) {
            faults.push(known.unknown(reference));
        } else if let Ok(name) = TableName::new(reference.name.as_str())
            && name != *own
            && !inputs.contains(&name)
        {
            inputs.push(name);
        }
    }
    inputs
}

impl Known<'_> {
    fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().chain(&self.models).copied()
    }

    fn unknown(&self, reference: &Reference) -> Diagnostic {
        let title = format!("the lake has no table or model {}", quote(&reference.name));
        let label = match nearest(&reference.name, self.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "nothing of this name is in the lake".into(),
        };
        let fault = Diagnostic::error(Code::UnknownTable, reference.place.clone(), title).label(label);
        fault.help("name a table of lake.toml, or a model, which is a file in `models/`")
    }
}

/// The table whose new files are read: a table that the query reads.
fn new_files_of(block: &Reader, inputs: &[TableName], known: &Known) -> Option<TableName> {
    let written = block.text_if_written(&NEW_FILES_OF)?;
    let text = *written.get_ref();
    let tables = || inputs.iter().filter(|input| known.tables.contains(&input.as_str()));
    if let Some(table) = tables().find(|table| table.as_str() == text) {
        return Some(table.clone());
    }
    let label = match nearest(text, tables().map(TableName::as_str)) {
        _ if known.models.contains(&text) => "this is a model; it has no files that arrive".into(),
        Some(near) => format!("did you mean `{near}`?"),
        None => "the query does not read it".to_owned(),
    };
    let title = format!("`new_files_of` names {}, which is no table that the query reads", quote(text));
    let fault = Diagnostic::error(Code::UnknownTable, written.span(), title).label(label);
    block.faults.push(fault.help("name a table of lake.toml that stands in the query"));
    None
}

/// A list of columns, none of them twice. Whether the query has them, its types say.
fn columns(block: &Reader, key: &Key) -> Vec<Spanned<ColumnName>> {
    let Some(written) = block.find(key).and_then(|_| block.texts(key)) else { return Vec::new() };
    if written.get_ref().is_empty() {
        block.refuse_empty(key, written.span());
    }
    for (_, second) in repeated(written.get_ref()) {
        let title = format!("`{}` names the column {} twice", key.name, quote(second.get_ref()));
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        block.faults.push(fault.label("it stands in the list already").help("leave it out here"));
    }
    let checked = |text: &Spanned<&str>| {
        let name = name::check(text, block.faults)?;
        Some(Spanned::new(text.span(), name))
    };
    written.get_ref().iter().filter_map(checked).collect()
}

fn renamed(block: &Reader) -> BTreeMap<ColumnName, ColumnName> {
    let Some(table) = block.table_if_written(&RENAMED) else { return BTreeMap::new() };
    let pair = |(new, old): (&Spanned<_>, &crate::reader::Value)| {
        let new: &Spanned<toml::de::DeString> = new;
        let new = name::check(&Spanned::new(new.span(), new.get_ref().as_ref()), block.faults);
        let Some(text) = old.get_ref().as_str() else { return block.refuse_type(&RENAMED, old) };
        let old = name::check(&Spanned::new(old.span(), text), block.faults);
        Some((new?, old?))
    };
    table.into_inner().iter().filter_map(pair).collect()
}

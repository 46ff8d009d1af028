//! `[[table]]`: which files belong to a table and how they are written.

use tarn_lake::{Csv, FilePattern, Table};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic, arrival, bad_rows, csv, layout, name, placement, unique};

const NAME: Key = Key::required("name", Wants::Text, r#"name = "events""#, "what SQL calls the table");
const DESCRIPTION: Key =
    Key::optional("description", Wants::Text, r#"description = "What visitors did""#, "what the table holds")
        .also(&["comment", "title"]);
const FILES: Key = Key::required(
    "files",
    Wants::Text,
    r#"files = "events*.csv""#,
    "which files in landing belong to the table",
)
.also(&["file", "pattern", "path", "paths", "glob", "location"]);
pub const DELIMITER: Key =
    Key::optional("delimiter", Wants::Text, r#"delimiter = ";""#, "the character between two fields")
        .also(&["separator", "sep", "delim"]);
/// Whether the first row is no row.
pub const HEADER: Key =
    Key::optional("header", Wants::Flag, "header = true", "whether the first row names the columns")
        .also(&["has_header", "headers"]);
const NULLS: Key =
    Key::optional("nulls", Wants::Texts, r#"nulls = ["NULL", "n/a"]"#, "what means \"no value\"").also(&[
        "null",
        "null_value",
        "null_values",
        "na_values",
    ]);

/// The keys of `[[table]]`.
pub static BLOCK: Block = Block {
    header: "[[table]]",
    keys: &[
        NAME,
        DESCRIPTION,
        FILES,
        csv::FORMAT,
        DELIMITER,
        HEADER,
        NULLS,
        csv::QUOTE,
        csv::ESCAPE,
        csv::COMMENT,
        csv::SKIP_LINES,
        csv::ENCODING,
        csv::COMPRESSION,
        csv::DECIMAL_COMMA,
        bad_rows::ON_BAD_ROW,
        bad_rows::MAX_BAD_ROWS,
        bad_rows::MAX_BAD_SHARE,
        unique::UNIQUE,
        placement::PARTITION_BY,
        placement::MAX_PARTITIONS,
        placement::CLUSTER_BY,
        arrival::ON_OVERWRITE,
        arrival::SCHEMA_CHANGE,
        arrival::FREQUENCY,
        layout::COLUMNS,
        layout::LAYOUT,
    ],
};

/// The tables of the file.
pub struct Tables<'a> {
    /// Those that could be read.
    pub tables: Vec<Table>,
    /// All names as they are written: a table with a fault is still a table that a zone may name.
    pub names: Vec<&'a str>,
}

impl Tables<'_> {
    /// The table of that name, if enough of it could be read to judge what others say of its columns.
    pub fn readable(&self, name: &str) -> Option<&Table> {
        let table = self.tables.iter().find(|table| table.name.as_str() == name)?;
        let newest = table.layouts.last()?;
        newest.in_silver().next().map(|_| table)
    }
}

/// Reads every `[[table]]`, and what holds between them.
pub fn read_all<'a>(blocks: &[Reader<'a>], faults: &Faults) -> Tables<'a> {
    let tables = blocks.iter().filter_map(read).collect();
    let names = written(blocks, &NAME);
    refuse_twice("table", &names, faults);
    refuse_same_files(blocks, faults);
    Tables { tables, names: names.into_iter().map(Spanned::into_inner).collect() }
}

/// Records every name that stands in the list a second time.
pub fn refuse_twice(what: &str, names: &[Spanned<&str>], faults: &Faults) {
    for (first, second) in repeated(names) {
        let title = format!("two {what}s are called {}", quote(second.get_ref()));
        let there = faults.where_is(&first.span(), &second.span());
        let label = format!("the {what} {there} already has this name");
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title).label(label);
        faults.push(fault.help("give one of them another name, or leave one out"));
    }
}

/// Every entry that stood in the list before, with its first.
pub fn repeated<'n, 'a>(
    names: &'n [Spanned<&'a str>],
) -> impl Iterator<Item = (&'n Spanned<&'a str>, &'n Spanned<&'a str>)> {
    names.iter().enumerate().filter_map(|(index, second)| {
        let first = names[..index].iter().find(|first| first.get_ref() == second.get_ref())?;
        Some((first, second))
    })
}

/// The strings of one key in many blocks, without any judgement.
pub fn written<'a>(blocks: &[Reader<'a>], key: &Key) -> Vec<Spanned<&'a str>> {
    let text = |block: &Reader<'a>| {
        let value = block.find(key)?;
        value.get_ref().as_str().map(|text| Spanned::new(value.span(), text))
    };
    blocks.iter().filter_map(text).collect()
}

fn read(block: &Reader) -> Option<Table> {
    let name = block.text(&NAME).and_then(|written| name::check(&written, block.faults));
    let description = block.text_or_empty(&DESCRIPTION);
    let files = files(block);
    let csv = csv(block);
    let bad_rows = bad_rows::read(block);
    let layouts = layout::read_all(block, files.as_ref());
    let unique = unique::read(block, &layouts);
    let placement = placement::read(block, layouts.last());
    let arrival = arrival::read(block, &csv);
    let (name, files) = (name?, files?);
    Some(Table { name, description, files, csv, bad_rows, unique, placement, arrival, layouts })
}

/// The pattern of a table's files.
pub fn files(block: &Reader) -> Option<FilePattern> {
    block.text(&FILES).and_then(|written| pattern(&written, block.faults))
}

/// The same where the key may be left out.
pub fn files_if_written(block: &Reader) -> Option<FilePattern> {
    block.find(&FILES).and_then(|_| files(block))
}

/// How the text of a table's files is written.
pub fn csv(block: &Reader) -> Csv {
    let default = Csv::default();
    let nulls = block.texts(&NULLS).map(Spanned::into_inner).unwrap_or_default();
    let csv = Csv {
        delimiter: block
            .text(&DELIMITER)
            .and_then(|text| delimiter(&text, block))
            .unwrap_or(default.delimiter),
        header: block.flag(&HEADER).unwrap_or(default.header),
        nulls: nulls.into_iter().map(|text| text.into_inner().to_owned()).collect(),
        ..default
    };
    csv::read(block, csv)
}

fn delimiter(written: &Spanned<&str>, block: &Reader) -> Option<char> {
    let mut characters = written.get_ref().chars();
    let why = match (characters.next(), characters.next()) {
        (Some('"' | '\''), None) => "a quote stands around fields, not between them",
        (Some('\n' | '\r'), None) => "a line break ends a row",
        (Some(delimiter), None) if delimiter.is_ascii() => return Some(delimiter),
        (Some(_), None) => "this is not an ASCII character",
        (None, _) => "it is empty",
        (Some(_), Some(_)) => "this is more than one character",
    };
    let title = format!("{} cannot be a delimiter", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(why);
    let help = "write one ASCII character, such as `\",\"`, `\";\"`, `\"|\"` or `\"\\t\"` for a tab";
    block.faults.push(fault.help(help));
    None
}

fn pattern(written: &Spanned<&str>, faults: &Faults) -> Option<FilePattern> {
    if written.get_ref().contains(char::is_control) {
        faults.push(control_character(written));
        return None;
    }
    let refused = match FilePattern::new(*written.get_ref()) {
        Ok(pattern) => return Some(pattern),
        Err(refused) => refused,
    };
    let title = format!("{} is no file pattern", quote(&refused.text));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(refused.why);
    faults.push(fault.help("write for example `events*.csv` or `orders_{date:%Y%m%d}.csv.gz`"));
    None
}

/// TOML reads `"shop\events.csv"` without complaint: `\e` is an escape.
fn control_character(written: &Spanned<&str>) -> Diagnostic {
    let title = format!("{} is no file pattern", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title);
    let fault = fault.label("it holds a control character, which TOML makes of a backslash");
    fault.help("write `/` between folders, as S3 does")
}

fn refuse_same_files(blocks: &[Reader], faults: &Faults) {
    for (first, second) in repeated(&written(blocks, &FILES)) {
        let title = format!("two tables have the files {}", quote(second.get_ref()));
        let there = faults.where_is(&first.span(), &second.span());
        let label = format!("the same as {there}: each file would belong to both");
        let fault = Diagnostic::error(Code::SameFiles, second.span(), title).label(label);
        faults.push(
            fault.help("give every table a pattern of its own, so that each file belongs to one table"),
        );
    }
}

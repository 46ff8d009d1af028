//! Blocks as text, written as a person would: what is the default is left out.

use std::fmt::Write;

use tarn_lake::{Column, Csv, Layout};

/// The `[[zone]]` of a zone.
pub fn zone_block(name: &str, description: &str, tables: &[String]) -> String {
    let tables: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
    let name = quoted(name);
    format!("[[zone]]\nname = {name}\n{}tables = [{}]\n", described(description), tables.join(", "))
}

/// What is known of a table of which nothing is written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTable<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds; may be empty.
    pub description: &'a str,
    /// The pattern of its files.
    pub files: &'a str,
    /// How their text is written.
    pub csv: &'a Csv,
    /// Their columns.
    pub layout: &'a Layout,
}

impl NewTable<'_> {
    /// The `[[table]]` of it.
    pub fn block(&self) -> String {
        let (name, files) = (quoted(self.name), quoted(self.files));
        let mut block = format!("[[table]]\nname = {name}\n{}files = {files}\n", described(self.description));
        let (csv, default) = (self.csv, Csv::default());
        if csv.format != default.format {
            let _ = writeln!(block, "format = \"{}\"", csv.format.word());
        }
        if csv.delimiter != default.delimiter {
            let _ = writeln!(block, "delimiter = {}", quoted(&csv.delimiter.to_string()));
        }
        if csv.header != default.header {
            let _ = writeln!(block, "header = {}", csv.header);
        }
        block.push_str("\n[table.columns]\n");
        self.layout.columns.iter().for_each(|column| block.push_str(&column_line(column)));
        block
    }
}

fn column_line(column: &Column) -> String {
    let Column { name, kind, from, .. } = column;
    match from {
        None => format!("{name} = \"{kind}\"\n"),
        Some(from) => format!("{name} = {{ type = \"{kind}\", from = {} }}\n", quoted(from)),
    }
}

fn described(description: &str) -> String {
    if description.is_empty() { String::new() } else { format!("description = {}\n", quoted(description)) }
}

/// A TOML string: its escapes are those of JSON, but for one control character.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

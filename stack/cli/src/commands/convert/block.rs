//! A table's block as `lake.toml` has it, for a file of which only the name is known.

use std::path::Path;

use tarn_config::edit::{self, NewTable};
use tarn_lake::{Csv, Layout};

/// The block of a table of files like this one; what is the default is left out.
pub fn of(input: &Path, csv: &Csv, layout: &Layout) -> String {
    let file = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (name, files) = (table_name(input), edit::pattern_of(file));
    NewTable { name: &name, description: "", files: &files, csv, layout }.block()
}

/// The file's name as far as a table can have it.
fn table_name(input: &Path) -> String {
    let file = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let parts = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name: String = parts.collect::<Vec<_>>().join("_").chars().take(40).collect();
    if name.starts_with(|first: char| first.is_ascii_lowercase()) { name } else { format!("table_{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_header_that_no_column_can_have_are_written_beside() {
        let text = "Item ID,\"say \"\"hi\"\"\\\u{7f}\",,x\n1,2,3,4\n";
        let inferred = tarn_convert::infer(text.as_bytes()).unwrap();
        let block = of(Path::new("t.csv"), &inferred.csv, &inferred.layout);
        assert!(block.contains("item_id = { type = \"int64\", from = \"Item ID\" }\n"), "{block}");
        assert!(block.contains("column_3 = { type = \"int64\", from = \"\" }\n"), "{block}");
        let read = tarn_config::parse_schema(&block).unwrap();
        assert_eq!(read.layout, inferred.layout);
    }

    #[test]
    fn a_block_says_what_is_not_the_default() {
        let inferred = tarn_convert::infer(&b"1\tx\n2\ty\n"[..]).unwrap();
        let block = of(Path::new("data/2024 Orders.csv.gz"), &inferred.csv, &inferred.layout);
        let wanted = "[[table]]\nname = \"table_2024_orders\"\nfiles = \"* Orders.csv.gz\"\n\
                      delimiter = \"\\t\"\nheader = false\n\n[table.columns]\n\
                      column_1 = \"int64\"\ncolumn_2 = \"string\"\n";
        assert_eq!(block, wanted);
        let read = tarn_config::parse_schema(&block).unwrap();
        assert_eq!((read.csv, read.layout), (inferred.csv, inferred.layout));
    }

    #[test]
    fn a_block_of_json_lines_says_so_and_names_odd_keys() {
        let text = r#"{"user-id":1,"at":"2024-02-29","a \"b\\\u0007":true}"#;
        let inferred = tarn_convert::infer(text.as_bytes()).unwrap();
        let block = of(Path::new("clicks.jsonl"), &inferred.csv, &inferred.layout);
        let wanted = "[[table]]\nname = \"clicks\"\nfiles = \"clicks*.jsonl\"\nformat = \"jsonl\"\n\n\
                      [table.columns]\nuser_id = { type = \"int64\", from = \"user-id\" }\nat = \"date\"\n\
                      a_b = { type = \"bool\", from = \"a \\\"b\\\\\\u0007\" }\n";
        assert_eq!(block, wanted);
        let read = tarn_config::parse_schema(&block).unwrap();
        assert_eq!((read.csv, read.layout), (inferred.csv, inferred.layout));
    }
}

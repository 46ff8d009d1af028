//! Tables as SQL that Athena reads: one statement in each text, since Athena takes one at a time.

use std::collections::BTreeMap;

use crate::ports::{CatalogEntry, EntryColumn};

/// The statement that makes a table; nothing for a view, whose text is Athena's own and stands in the catalog.
pub(super) fn create(entry: &CatalogEntry) -> Option<String> {
    if entry.kind != "EXTERNAL_TABLE" {
        return None;
    }
    let mut sql = format!("CREATE EXTERNAL TABLE IF NOT EXISTS {} (\n", named(entry));
    sql += &columns(&entry.columns);
    sql += ")\n";
    if !entry.description.is_empty() {
        sql += &format!("COMMENT {}\n", quoted(&entry.description));
    }
    if !entry.partition_keys.is_empty() {
        sql += &format!("PARTITIONED BY (\n{})\n", columns(&entry.partition_keys));
    }
    sql += &format!("ROW FORMAT SERDE {}\n", quoted(&entry.format.serde));
    if !entry.format.settings.is_empty() {
        sql += &format!("WITH SERDEPROPERTIES (\n{})\n", properties(&entry.format.settings));
    }
    sql += &format!("STORED AS INPUTFORMAT {}\n", quoted(&entry.format.input));
    sql += &format!("OUTPUTFORMAT {}\n", quoted(&entry.format.output));
    sql += &format!("LOCATION {}\n", quoted(&entry.location));
    // An external table says so by its statement.
    let mut told = entry.parameters.clone();
    told.remove("EXTERNAL");
    if !told.is_empty() {
        sql += &format!("TBLPROPERTIES (\n{})\n", properties(&told));
    }
    Some(sql)
}

/// The statement that finds a table's folders again.
pub(super) fn repair(entry: &CatalogEntry) -> String {
    format!("MSCK REPAIR TABLE {}\n", named(entry))
}

fn named(entry: &CatalogEntry) -> String {
    format!("`{}`.`{}`", entry.database, entry.name)
}

fn columns(columns: &[EntryColumn]) -> String {
    let told = |EntryColumn { name, kind, comment }: &EntryColumn| match comment.as_str() {
        "" => format!("  `{name}` {kind}"),
        comment => format!("  `{name}` {kind} COMMENT {}", quoted(comment)),
    };
    lines(columns.iter().map(told))
}

fn properties(all: &BTreeMap<String, String>) -> String {
    lines(all.iter().map(|(name, value)| format!("  {} = {}", quoted(name), quoted(value))))
}

fn lines(of: impl Iterator<Item = String>) -> String {
    of.collect::<Vec<_>>().join(",\n") + "\n"
}

/// A text as Hive reads it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            other => quoted.push(other),
        }
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::CatalogTable;

    fn entry() -> CatalogEntry {
        let column = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        CatalogEntry::from(&CatalogTable {
            database: "shop_dev_silver".into(),
            name: "events".into(),
            description: "What's in a \\ \"line\"\nor two".into(),
            location: "s3://shop/events/".into(),
            columns: vec![column("at", "timestamp"), column("total", "decimal(10,2)")],
            partition_keys: vec![column("day", "date")],
        })
    }

    #[test]
    fn a_table_is_one_statement() {
        let wanted = r#"CREATE EXTERNAL TABLE IF NOT EXISTS `shop_dev_silver`.`events` (
  `at` timestamp COMMENT 'when',
  `total` decimal(10,2)
)
COMMENT 'What\'s in a \\ "line"\nor two'
PARTITIONED BY (
  `day` date
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
WITH SERDEPROPERTIES (
  'a' = 'b'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://shop/events/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true'
)
"#;
        let mut entry = entry();
        entry.columns[0].comment = "when".into();
        entry.format.settings = [("a".to_owned(), "b".to_owned())].into();
        entry.parameters.insert("projection.enabled".into(), "true".into());
        assert_eq!(create(&entry).as_deref(), Some(wanted));
        assert_eq!(repair(&entry), "MSCK REPAIR TABLE `shop_dev_silver`.`events`\n");
    }

    #[test]
    fn what_is_empty_is_not_said_and_a_view_is_no_table() {
        let bare = CatalogEntry {
            description: String::new(),
            partition_keys: Vec::new(),
            parameters: BTreeMap::new(),
            ..entry()
        };
        let sql = create(&bare).unwrap();
        for word in ["COMMENT", "PARTITIONED", "SERDEPROPERTIES", "TBLPROPERTIES"] {
            assert!(!sql.contains(word), "{word}: {sql}");
        }
        assert_eq!(create(&CatalogEntry { kind: "VIRTUAL_VIEW".into(), ..bare }), None);
    }
}

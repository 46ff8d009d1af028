//! An engine simple enough to know its output by heart.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use tarn_lake::{Captures, Layout, Table};

use crate::ports::{Conversion, ConvertFault, Converter, Rejected, Scratch, SilverFile};
use crate::{Error, Kind};

/// Takes each line as a row. Silver is one line `file columns -> table columns`, then the rows.
///
/// A line that begins with `!` is a bad row, one that begins with `~` a row with a value left out, a
/// file that begins with `BROKEN` is rejected, and one that begins with `UNREADABLE` fails as a disk or
/// a network does. In a table with `partition_by` a row's first letter is its folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineConverter;

impl Converter for LineConverter {
    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        _: &Captures,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<(Conversion, Vec<SilverFile>), ConvertFault> {
        let mut text = String::new();
        source.read_to_string(&mut text).map_err(failed)?;
        if text.starts_with("BROKEN") {
            return Err(ConvertFault::Rejected(Rejected {
                class: "UNMATCHED".into(),
                reason: "it is broken".into(),
            }));
        }
        if text.starts_with("UNREADABLE") {
            return Err(failed(std::io::Error::other("the line is dead")));
        }
        let (bad, good): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('!'));
        let head = format!("{} -> {}\n", columns(layout), columns(table.newest_layout()));
        let files = by_folder(table, &good);
        let files: Result<Vec<SilverFile>, _> = files
            .into_iter()
            .map(|(folder, rows)| file(silver, folder, &format!("{head}{}", lines(&rows))))
            .collect();
        let files = files.map_err(failed)?;
        let nulled: Vec<&str> = good.iter().copied().filter(|line| line.starts_with('~')).collect();
        rejects.write_all(lines(&[&bad[..], &nulled].concat()).as_bytes()).map_err(failed)?;
        let conversion = Conversion {
            rows: good.len() as u64,
            bad_rows: bad.len() as u64,
            nulled_values: nulled.len() as u64,
            bytes_in: text.len() as u64,
            bytes_out: files.iter().map(|file| file.spool.len()).sum(),
        };
        Ok((conversion, files))
    }
}

/// All rows in one file, or by the first column of `partition_by` in folders of their first letters.
fn by_folder<'t>(table: &Table, rows: &[&'t str]) -> BTreeMap<String, Vec<&'t str>> {
    let Some(column) = table.placement.partition_by.first() else {
        return BTreeMap::from([(String::new(), rows.to_vec())]);
    };
    let mut folders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let letter = row.get(..1).unwrap_or_default();
        folders.entry(format!("{column}={letter}/")).or_default().push(row);
    }
    folders
}

fn file(silver: &dyn Scratch, folder: String, text: &str) -> std::io::Result<SilverFile> {
    let mut spool = silver.spool()?;
    spool.write_all(text.as_bytes())?;
    Ok(SilverFile { folder, spool })
}

fn columns(layout: &Layout) -> String {
    let names: Vec<&str> = layout.columns.iter().map(|column| column.name.as_str()).collect();
    names.join(",")
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn failed(error: std::io::Error) -> ConvertFault {
    ConvertFault::Failed(Error::caused(Kind::Unavailable, "reading the source", error))
}

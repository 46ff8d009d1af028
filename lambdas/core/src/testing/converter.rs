//! An engine simple enough to know its output by heart.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Range;

use bytes::Bytes;
use serde_json::{Value, json};
use tarn_lake::{Captures, Layout, OnBadRow, Table};

use crate::ports::{
    Conversion, ConvertFault, Converter, Form, Gathered, Gathering, Opened, PartDone, PartOf, Rejected,
    Scratch, SilverFile, Splitter, Spool,
};
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
        let text = text_of(source)?;
        if text.starts_with("BROKEN") {
            return Err(broken());
        }
        if text.starts_with("UNREADABLE") {
            return Err(failed(std::io::Error::other("the line is dead")));
        }
        if !self.tolerates(table, text.lines().count() as u64, faulty(&text)) {
            return Err(too_many_bad_rows());
        }
        lines_of(table, layout, &text, silver, rejects)
    }

    fn no_rows(&self, table: &Table, silver: &dyn Scratch) -> Result<Box<dyn Spool>, Error> {
        let columns = columns(table.newest_layout());
        let empty = file(silver, String::new(), &format!("{columns} -> {columns}\n"));
        empty
            .map(|file| file.spool)
            .map_err(|error| Error::caused(Kind::Unavailable, "writing no rows", error))
    }

    fn splitter(&self) -> Option<&dyn Splitter> {
        Some(self)
    }
}

/// Behind it a row seems to begin, and none does.
const LURE: char = '|';

/// A row begins where a file begins, and behind every line end. A file that begins with `WHOLE` is not
/// split.
impl Splitter for LineConverter {
    fn open(
        &self,
        _: Form<'_>,
        source: &mut (dyn Read + Send),
        _: u64,
    ) -> Result<Option<Opened>, ConvertFault> {
        let text = text_of(source)?;
        if text.starts_with("BROKEN") {
            return Err(broken());
        }
        let whole = text.starts_with("WHOLE");
        Ok((!whole).then(|| Opened { start: 0, document: json!({ "first": text.get(..1) }) }))
    }

    fn row_start(
        &self,
        _: Form<'_>,
        start: u64,
        source: &mut (dyn Read + Send),
    ) -> Result<Option<u64>, ConvertFault> {
        let text = text_of(source)?;
        let behind = text.find(['\n', LURE]).map(|at| at + 1).filter(|at| *at < text.len());
        Ok(behind.map(|at| start + at as u64))
    }

    fn convert_part(
        &self,
        form: Form<'_>,
        range: Range<u64>,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<PartDone, ConvertFault> {
        let text = text_of(source)?;
        if form.table.bad_rows.action == OnBadRow::Fail && faulty(&text) > 0 {
            return Err(too_many_bad_rows());
        }
        let (conversion, files) = lines_of(form.table, form.layout, &text, silver, rejects)?;
        let silver = files.into_iter().next().ok_or_else(|| failed(std::io::Error::other("no file")))?;
        let faulty_rows = conversion.bad_rows + conversion.nulled_values;
        let survey = json!({ "start": range.start, "end": range.end, "whole": text.ends_with('\n') });
        // Its end is all of it: where its rows begin stands in front.
        let end_bytes = silver.spool.len();
        Ok(PartDone { conversion, faulty_rows, silver, end_bytes, survey })
    }

    fn parts(&self, _: &Value, surveys: &[Value]) -> Result<Vec<PartOf>, ConvertFault> {
        let mut parts: Vec<PartOf> = Vec::new();
        let mut whole = true;
        for survey in surveys {
            let at = |word: &str| survey[word].as_u64().unwrap_or_default();
            match parts.last_mut().filter(|_| !whole) {
                Some(part) => part.range.end = at("end"),
                None => parts.push(PartOf { range: at("start")..at("end"), document: json!(at("start")) }),
            }
            whole = survey["whole"] == true;
        }
        Ok(parts)
    }

    fn place_rejects(&self, _: &PartOf, rejects: &[u8], out: &mut dyn Write) -> Result<(), ConvertFault> {
        out.write_all(rejects).map_err(failed)
    }

    fn tolerates(&self, table: &Table, all_rows: u64, faulty_rows: u64) -> bool {
        let most = if table.bad_rows.action == OnBadRow::Fail { Some(0.0) } else { table.bad_rows.max_share };
        most.is_none_or(|share| faulty_rows as f64 <= share * all_rows as f64)
    }

    fn gather(&self, _: Form<'_>) -> Result<Box<dyn Gathering>, ConvertFault> {
        Ok(Box::new(Lines::default()))
    }
}

/// The first part, and of all others what is behind their heads.
#[derive(Default)]
struct Lines(Vec<Gathered>);

impl Gathering for Lines {
    fn append(&mut self, size_bytes: u64, end: Bytes) -> Result<(), ConvertFault> {
        let head = end.iter().position(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
        let from = if self.0.is_empty() { 0 } else { head };
        self.0.push(Gathered::Of(self.0.len(), from..size_bytes));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<Gathered>, ConvertFault> {
        Ok(self.0)
    }
}

fn text_of(source: &mut (dyn Read + Send)) -> Result<String, ConvertFault> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn broken() -> ConvertFault {
    ConvertFault::Rejected(Rejected { class: "UNMATCHED".into(), reason: "it is broken".into() })
}

fn lines_of(
    table: &Table,
    layout: &Layout,
    text: &str,
    silver: &dyn Scratch,
    rejects: &mut (dyn Write + Send),
) -> Result<(Conversion, Vec<SilverFile>), ConvertFault> {
    let (bad, good): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('!'));
    let head = format!("{} -> {}\n", columns(layout), columns(table.newest_layout()));
    let files = by_folder(table, &good);
    let files: Result<Vec<SilverFile>, _> = files
        .into_iter()
        .map(|(folder, rows)| file(silver, folder, &format!("{head}{}", lines(&rows))))
        .collect();
    let files = files.map_err(failed)?;
    let nulled: Vec<&str> = good.iter().copied().filter(|line| line.starts_with('~')).collect();
    // JSON lines, as an engine writes them.
    for line in text.lines().filter(|line| is_faulty(line)) {
        writeln!(rejects, "{}", serde_json::json!({ "raw": line })).map_err(failed)?;
    }
    let conversion = Conversion {
        rows: good.len() as u64,
        bad_rows: bad.len() as u64,
        nulled_values: nulled.len() as u64,
        bytes_in: text.len() as u64,
        bytes_out: files.iter().map(|file| file.spool.len()).sum(),
        drift: String::new(),
    };
    Ok((conversion, files))
}

/// Rows that break a rule.
fn faulty(text: &str) -> u64 {
    text.lines().filter(|line| is_faulty(line)).count() as u64
}

fn is_faulty(line: &str) -> bool {
    line.starts_with('!') || line.starts_with('~')
}

fn too_many_bad_rows() -> ConvertFault {
    ConvertFault::Rejected(Rejected { class: "TOO_MANY_BAD_ROWS".into(), reason: "too many are bad".into() })
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

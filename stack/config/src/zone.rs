//! `[[zone]]`: who gets which tables.

use tarn_lake::{TableName, Zone};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::nearest::nearest;
use crate::reader::Reader;
use crate::table::{refuse_twice, repeated, written};
use crate::{Code, Diagnostic, name, readers};

const NAME: Key =
    Key::required("name", Wants::Text, r#"name = "marketing""#, "its bucket and database are called by it");
const DESCRIPTION: Key = Key::optional(
    "description",
    Wants::Text,
    r#"description = "Campaign reports""#,
    "whose the zone is and what for",
)
.also(&["comment", "title"]);
const READERS: Key = Key::optional(
    "readers",
    Wants::Texts,
    r#"readers = ["role/Analyst"]"#,
    "who may take its reader role; whoever IAM lets, if left out",
)
.also(readers::ALSO);
const SCAN_LIMIT_GB: Key = Key::optional(
    "scan_limit_gb",
    Wants::Count,
    "scan_limit_gb = 100",
    "what one query in its workgroup may scan, in gigabytes",
)
.also(&["scan_limit", "query_limit_gb"]);
const TABLES: Key =
    Key::required("tables", Wants::Texts, r#"tables = ["events"]"#, "the tables the zone may have");

/// The keys of `[[zone]]`.
pub static BLOCK: Block =
    Block { header: "[[zone]]", keys: &[NAME, DESCRIPTION, TABLES, READERS, SCAN_LIMIT_GB] };

/// Reads every `[[zone]]`. The place of a zone is its name's.
pub fn read_all(blocks: &[Reader], tables: &[&str], faults: &Faults) -> Vec<Spanned<Zone>> {
    refuse_twice("zone", &written(blocks, &NAME), faults);
    blocks.iter().filter_map(|block| read(block, tables)).collect()
}

fn read(block: &Reader, tables: &[&str]) -> Option<Spanned<Zone>> {
    let written = block.text(&NAME);
    let name = written.as_ref().and_then(|written| name::check(written, block.faults));
    let description = block.text_or_empty(&DESCRIPTION);
    let granted = granted(block, tables);
    let (readers, scan_limit_gb) = (readers::read(block, &READERS), scan_limit(block));
    let zone = Zone { name: name?, description, tables: granted, readers, scan_limit_gb };
    Some(Spanned::new(written?.span(), zone))
}

/// Athena takes no limit under 10 MB, and none over 7 EB.
fn scan_limit(block: &Reader) -> u32 {
    let Some(limit) = block.count(&SCAN_LIMIT_GB) else { return Zone::SCAN_LIMIT_GB };
    if limit == 0 {
        let place = block.find(&SCAN_LIMIT_GB).map_or(block.place(), Spanned::span);
        let fault = Diagnostic::error(Code::InvalidValue, place, "`scan_limit_gb` is 0");
        block.faults.push(fault.label("no query could read anything").help("write 1 or more"));
    }
    limit
}

fn granted(block: &Reader, tables: &[&str]) -> Vec<TableName> {
    let Some(list) = block.texts(&TABLES) else { return Vec::new() };
    let empty =
        block.find(&TABLES).and_then(|value| value.get_ref().as_array()).is_some_and(|all| all.is_empty());
    if empty {
        block.refuse_empty(&TABLES, list.span());
    }
    for (first, second) in repeated(list.get_ref()) {
        block.faults.push(readers::twice(block, "table", first, second));
    }
    for wrong in list.get_ref().iter().filter(|name| !tables.contains(name.get_ref())) {
        block.faults.push(unknown(wrong, tables));
    }
    list.into_inner().into_iter().filter_map(|name| TableName::new(name.into_inner()).ok()).collect()
}

fn unknown(written: &Spanned<&str>, tables: &[&str]) -> Diagnostic {
    let title = format!("the lake has no table {}", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::UnknownTable, written.span(), title);
    let all: Vec<_> = tables.iter().map(|table| quote(table)).collect();
    let help = match all.as_slice() {
        [] => "add a `[[table]]` of this name".into(),
        [only] => format!("the only table is {only}; to have another, add a `[[table]]`"),
        _ => format!("the tables are {}; to have another, add a `[[table]]`", all.join(", ")),
    };
    match nearest(written.get_ref(), tables.iter().copied()) {
        Some(near) => fault.label(format!("did you mean {}?", quote(near))).help(help),
        None => fault.label("no `[[table]]` has this name").help(help),
    }
}

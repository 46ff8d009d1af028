//! `[[zone]]`: who gets which part of which tables.

use tarn_lake::{Mode, Pick, Pii, Table, Treatment, Uncleared, View, Zone, ZoneTable};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::group::{self, Groups};
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::table::{Tables, refuse_twice, written};
use crate::zone_table::{self, TABLES, Written};
use crate::{Code, Diagnostic, name, pii, readers, word};

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
.also(&["reader", "users", "roles"]);
const PRINCIPALS: Key = Key::optional(
    "principals",
    Wants::Texts,
    r#"principals = ["role/Dashboard"]"#,
    "who may query what the zone has under a role of their own",
)
.also(&["principal", "grants", "grantees"]);
const UNCLEARED: Key = Key::optional(
    "uncleared",
    Wants::Text,
    r#"uncleared = "mask""#,
    "what a copy has in the place of a column that tells more than the zone is cleared for",
)
.also(&["on_pii", "pii_rule", "masking", "pii_action"]);
const MAX_DELETIONS: Key = Key::optional(
    "max_deletions",
    Wants::Share,
    "max_deletions = 0.3",
    "which share of a table's objects may vanish from the zone in one run",
)
.also(&["max_delete", "max_deleted", "max_delete_share"]);
const SCAN_LIMIT_GB: Key = Key::optional(
    "scan_limit_gb",
    Wants::Count,
    "scan_limit_gb = 100",
    "what one query in its workgroup may scan, in gigabytes",
)
.also(&["scan_limit", "query_limit_gb"]);

/// The keys of `[[zone]]`.
pub static BLOCK: Block = Block {
    header: "[[zone]]",
    keys: &[
        NAME,
        DESCRIPTION,
        TABLES,
        group::OF_ZONE,
        READERS,
        PRINCIPALS,
        pii::CLEARANCE,
        UNCLEARED,
        MAX_DELETIONS,
        SCAN_LIMIT_GB,
    ],
};

/// What other tools call the rules.
const RULES: word::Synonyms = &[
    ("remove", "drop"),
    ("exclude", "drop"),
    ("hide", "drop"),
    ("null", "mask"),
    ("redact", "mask"),
    ("sha256", "hash"),
    ("hmac", "hash"),
    ("pseudonymise", "hash"),
];

/// Reads every `[[zone]]`. The place of a zone is its name's.
pub fn read_all<'a>(
    blocks: &[Reader<'a>],
    tables: &Tables,
    groups: &Groups<'a>,
    faults: &Faults,
) -> Vec<Spanned<Zone>> {
    refuse_twice("zone", &written(blocks, &NAME), faults);
    blocks.iter().filter_map(|block| read(block, tables, groups)).collect()
}

fn read<'a>(block: &Reader<'a>, tables: &Tables, groups: &Groups<'a>) -> Option<Spanned<Zone>> {
    let written = block.text(&NAME);
    let name = written.as_ref().and_then(|written| name::check(written, block.faults));
    let parts = parts(block, tables, groups);
    let uncleared = word::read_if_written(block, &UNCLEARED, Uncleared::WORDS, RULES);
    let zone = Zone {
        name: name?,
        description: block.text_or_empty(&DESCRIPTION),
        tables: parts.iter().filter_map(|part| part.part.clone()).collect(),
        readers: readers::read(block, &READERS),
        principals: readers::read(block, &PRINCIPALS),
        clearance: pii::clearance(block),
        uncleared: uncleared.unwrap_or_default(),
        max_deletions: block.share(&MAX_DELETIONS).unwrap_or(Zone::MAX_DELETIONS),
        scan_limit_gb: scan_limit(block),
    };
    refuse_idle_rule(block, &zone);
    for part in &parts {
        check_view(block, &zone, part, tables);
    }
    Some(Spanned::new(written?.span(), zone))
}

/// The tables of the list, then those of the groups that the list does not name.
fn parts<'a>(block: &Reader<'a>, tables: &Tables, groups: &Groups<'a>) -> Vec<Written<'a>> {
    if block.find(&TABLES).is_none() && block.find(&group::OF_ZONE).is_none() {
        block.miss(&TABLES);
    }
    let mut parts = zone_table::read_all(block, tables);
    for name in group::of_zone(block, groups) {
        if parts.iter().all(|part| *part.name.get_ref() != name) {
            let choice = block.key_place(&group::OF_ZONE);
            let table = tables.tables.iter().find(|table| table.name.as_str() == name);
            let part = table.map(|table| ZoneTable::whole(table.name.clone()));
            parts.push(Written { name: Spanned::new(choice.clone(), name), part, choice });
        }
    }
    parts
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

/// A zone that is cleared for all has nothing to be treated.
fn refuse_idle_rule(block: &Reader, zone: &Zone) {
    if block.find(&UNCLEARED).is_some() && zone.clearance == Pii::High {
        let title = "`uncleared` means nothing beside `clearance = \"high\"`";
        let fault = Diagnostic::error(Code::Contradiction, block.key_place(&UNCLEARED), title);
        let fault = fault.label("the zone is cleared for every column");
        block.faults.push(fault.help("leave `uncleared` out, or lower the clearance"));
    }
}

/// What the zone would see of a table must be something, and what its list promises.
fn check_view(block: &Reader, zone: &Zone, written: &Written, tables: &Tables) {
    let Some(part) = &written.part else { return };
    let Some(table) = tables.readable(part.name.as_str()) else { return };
    let view = View::of(zone, part, table);
    if let Pick::Only(names) = &part.columns {
        let hidden = names.iter().filter(|name| view.treatment(name) == Treatment::Hidden);
        for name in hidden.filter(|name| table.pii_of(name) > zone.clearance) {
            refuse_uncleared(block, zone, written, table, name.as_str());
        }
    }
    if view.shown().next().is_none() {
        let title = format!("{} sees no column of the table {}", block.subject(), quote(table.name.as_str()));
        let fault = Diagnostic::error(Code::Contradiction, written.choice.clone(), title);
        let fault = fault.label("every column is left out, or tells more than the zone is cleared for");
        block
            .faults
            .push(fault.help("leave the table out, raise `clearance`, or write `uncleared = \"mask\"`"));
    }
    if part.mode == Mode::Copy {
        refuse_hidden_folders(block, written, &view);
    }
}

fn refuse_uncleared(block: &Reader, zone: &Zone, written: &Written, table: &Table, column: &str) {
    let pii = tarn_lake::ColumnName::new(column).map(|name| table.pii_of(&name)).unwrap_or_default();
    let title = format!("{} is not cleared for the column {}", block.subject(), quote(column));
    let fault = Diagnostic::error(Code::Contradiction, written.choice.clone(), title);
    let fault =
        fault.label(format!("it has `pii = \"{pii}\"`, and the zone `clearance = \"{}\"`", zone.clearance));
    let help = format!("leave it out of `columns`, or write `clearance = \"{pii}\"` in the zone");
    block.faults.push(fault.help(help));
}

/// The values of folders stand in the keys of all objects, so whoever has the objects sees them.
fn refuse_hidden_folders(block: &Reader, written: &Written, view: &View) {
    let folders = view.table.placement.partition_by.iter();
    for column in folders.filter(|column| view.treatment(column) != Treatment::Clear) {
        let title = format!("the column {} cannot be kept from {}", quote(column.as_str()), block.subject());
        let fault = Diagnostic::error(Code::Contradiction, written.choice.clone(), title);
        let fault = fault.label(format!(
            "the table {} has a folder for each of its values",
            quote(view.table.name.as_str())
        ));
        let help = "take it out of `partition_by`, let the zone see it, or write `mode = \"share\"`";
        block.faults.push(fault.help(help));
    }
}

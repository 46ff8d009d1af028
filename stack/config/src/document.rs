//! The file as a whole: its version, its blocks, and what holds between them.

use std::ops::Range;

use tarn_lake::{EnvironmentName, Lake};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic, bucket_fit, environment, group, lake, model, secret, settings, table, zone};

const VERSION: Key =
    Key::required("version", Wants::Version, "version = 1", "it says which format the file is written in");
const LAKE: Key = Key::required("lake", Wants::Block(&lake::BLOCK), "[lake]", "it names the lake");
const ENV: Key = Key::optional(
    "env",
    Wants::NamedBlocks(&environment::BLOCK),
    "[env.prod]",
    "what one environment differs in",
)
.also(&["envs", "environment", "environments"]);
const TABLE: Key =
    Key::required("table", Wants::Blocks(&table::BLOCK), "[[table]]", "a lake is made of at least one");
const ZONE: Key =
    Key::optional("zone", Wants::Blocks(&zone::BLOCK), "[[zone]]", "an application's or a team's own part");

/// The top level of the file.
pub static BLOCK: Block = Block {
    header: "lake.toml",
    keys: &[
        VERSION,
        LAKE,
        settings::SCHEDULE,
        settings::AWS,
        settings::RETENTION,
        settings::ALARMS,
        settings::BACKUP,
        settings::TAGS,
        group::GROUPS,
        ENV,
        TABLE,
        ZONE,
    ],
};

/// Reads the whole document. `None`, or a lake with holes, is only returned beside a fault.
pub fn read<'a>(
    root: &'a DeTable<'a>,
    models: &'a [model::Header<'a>],
    name: &EnvironmentName,
    faults: &'a Faults<'a>,
) -> Option<Lake> {
    if let Some(fault) = other_version(root) {
        faults.push(fault);
        return None;
    }
    let reader = Reader::open(&BLOCK, root, first_key(root), "the file", faults);
    take_version(&reader);
    secret::refuse_all(root, faults);
    let lake_block = reader.block(&LAKE, &lake::BLOCK);
    let place = lake_block.as_ref().map(Reader::place);
    let lake = lake_block.and_then(|block| lake::read(&block));
    let (environment, schedule) = environment::read(&reader, &ENV, name, place.as_ref());
    let tables = table::read_all(&reader.blocks(&TABLE, &table::BLOCK, "table"), faults);
    let groups = group::read_all(&reader, &tables.names);
    let zones = zone::read_all(&reader.blocks(&ZONE, &zone::BLOCK, "zone"), &tables, &groups, faults);
    let models = model::read_all(models, &tables, faults);
    let lake = lake?;
    bucket_fit::check(&lake.name, name, &zones, faults);
    Some(Lake {
        name: lake.name.into_inner(),
        description: lake.description,
        readers: lake.readers,
        clearance: lake.clearance,
        environment,
        schedule,
        tables: tables.tables,
        zones: zones.into_iter().map(Spanned::into_inner).collect(),
        models,
    })
}

/// A file of another version is written in another format; its other faults would mean nothing.
fn other_version(root: &DeTable) -> Option<Diagnostic> {
    let value = root.get(VERSION.name)?;
    let number = value.get_ref().as_integer().filter(|number| number.as_str() != "1")?;
    let title =
        format!("the file is written in version {}, which this tarn does not know", quote(number.as_str()));
    let fault = Diagnostic::error(Code::UnknownVersion, value.span(), title).label("only version 1 is known");
    Some(fault.help("write `version = 1`, or install a newer tarn; the rest of the file was not read"))
}

fn take_version(reader: &Reader) {
    let Some(value) = reader.take(&VERSION) else { return };
    if !matches!(value.get_ref(), DeValue::Integer(_)) {
        reader.refuse_type::<()>(&VERSION, value);
    }
}

/// Where faults of the file as a whole are shown: at the first thing it says.
fn first_key(root: &DeTable) -> Range<usize> {
    root.keys().map(Spanned::span).min_by_key(|span| span.start).unwrap_or(0..0)
}

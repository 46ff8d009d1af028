//! One reading of everything that a set holds.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tarn_lake::{Bucket, Database, Governed, Lake, Names};

use super::set::{AT_ONCE, Piece};
use super::{Backup, Governance, ddl};
use crate::ports::{CatalogEntry, CatalogPartition, Office, Right, TableColumn};
use crate::{Error, Kind, Result, RunKeys, Selection};

/// How parts are called.
pub mod part {
    /// The lake as deployed.
    pub const LAKE: &str = "config/lake.json";
    /// Below it, the files of the project.
    pub const PROJECT: &str = "project/";
    /// Every record, one a line.
    pub const LEDGER: &str = "ledger.jsonl";
    /// Below it, a file for each database: its tables, one a line.
    pub const CATALOG: &str = "catalog/";
    /// Below it, a folder for each database: its tables as SQL.
    pub const DDL: &str = "ddl/";
    /// What Lake Formation's settings have of the lake.
    pub const SETTINGS: &str = "lake-formation/settings.json";
    /// Every right on something of the lake, one a line.
    pub const RIGHTS: &str = "lake-formation/rights.jsonl";
    /// The tags of silver's columns.
    pub const TAGS: &str = "lake-formation/tags.json";
    /// The data cells filters of the lake, one a line.
    pub const FILTERS: &str = "lake-formation/filters.jsonl";
    /// Every report of a run, one a line.
    pub const REPORTS: &str = "runs.jsonl";
}

/// A table with its partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOfSet {
    /// The table.
    pub table: CatalogEntry,
    /// Its folders.
    pub partitions: Vec<CatalogPartition>,
}

/// What Lake Formation's settings, which are the account's, have of the lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsOfSet {
    /// Roles of the lake, or brought by it, that may change everything.
    pub administrators: Vec<String>,
    /// Roles of the lake that may see everything.
    pub readers: Vec<String>,
    /// Buckets that are looked after, and the roles that they are registered with.
    pub locations: BTreeMap<String, String>,
}

/// The lake's tag, and which columns have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagsOfSet {
    /// The key.
    pub key: String,
    /// The values that it may have; none where there is no such key.
    pub values: BTreeSet<String>,
    /// The columns that have one.
    pub columns: Vec<TagOfColumn>,
}

/// A column and its tag's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagOfColumn {
    /// The column.
    #[serde(flatten)]
    pub column: TableColumn,
    /// The value.
    pub value: String,
}

/// The report of a run, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportOfSet {
    /// Its key in the ops bucket.
    pub key: String,
    /// What it says.
    pub report: Value,
}

/// Every database of a lake but gold: its entries point to snapshots, which are data, and no set has data.
/// The next run makes gold anew from silver and the models' SQL, which is among the project's files.
pub(crate) fn databases(lake: &Lake, names: &Names) -> Vec<String> {
    let zones = lake.zones.iter().map(|zone| names.database(&Database::Zone(zone.name.clone())));
    let own = [names.database(&Database::Silver), names.ops_database()];
    own.into_iter().chain(zones).collect()
}

/// Every bucket of a lake.
pub(crate) fn buckets(lake: &Lake, names: &Names) -> Vec<String> {
    let zones = lake.zones.iter().map(|zone| Bucket::Zone(zone.name.clone()));
    Bucket::OWN.into_iter().chain(zones).map(|bucket| names.bucket(&bucket)).collect()
}

impl Backup<'_> {
    /// Reads all of it. The ledger comes first: what it says is done has had time to be registered.
    pub(super) async fn collect(&self) -> Result<Vec<Piece>> {
        let mut pieces = self.config().await?;
        let lake = pieces.iter().find(|piece| piece.name == part::LAKE).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("the ops bucket has no {}: is the lake deployed?", part::LAKE))
        })?;
        let lake: Lake =
            serde_json::from_slice(&lake.bytes).map_err(|error| unreadable(part::LAKE, error))?;
        let ledger = self.ledger.select(&Selection::default()).await?;
        pieces.push(lines(part::LEDGER, &ledger)?);
        let silver = self.catalog(&lake, &mut pieces).await?;
        if let Some(governance) = &self.governance {
            pieces.extend(governance.collect(&lake, self.names, &silver).await?);
        }
        pieces.push(self.reports().await?);
        pieces.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(pieces)
    }

    /// What a deployment left, and the files of the project each under its own name.
    async fn config(&self) -> Result<Vec<Piece>> {
        let ops = self.names.bucket(&Bucket::Ops);
        let mut pieces = Vec::new();
        for object in self.store.list(&ops, RunKeys::CONFIG).await? {
            let bytes = self.store.read(&ops, &object.key).await?;
            if object.key == RunKeys::PROJECT {
                pieces.extend(project(&bytes)?);
            } else {
                pieces.push(Piece::new(object.key, bytes, 1));
            }
        }
        Ok(pieces)
    }

    /// Every table of every database, in Glue's words and in SQL's; and the tables of silver.
    async fn catalog(&self, lake: &Lake, pieces: &mut Vec<Piece>) -> Result<Vec<CatalogEntry>> {
        let mut silver = Vec::new();
        for database in databases(lake, self.names) {
            let mut tables = Vec::new();
            for table in self.registry.entries(&database).await? {
                let partitions = match table.partition_keys.is_empty() {
                    true => Vec::new(),
                    false => self.registry.folders(&database, &table.name).await?,
                };
                pieces.extend(statements(&table, !partitions.is_empty()));
                tables.push(TableOfSet { table, partitions });
            }
            if !tables.is_empty() {
                pieces.push(lines(format!("{}{database}.jsonl", part::CATALOG), &tables)?);
            }
            if database == self.names.database(&Database::Silver) {
                silver = tables.into_iter().map(|it| it.table).collect();
            }
        }
        Ok(silver)
    }

    async fn reports(&self) -> Result<Piece> {
        let ops = self.names.bucket(&Bucket::Ops);
        let listed = self.store.list(&ops, RunKeys::RUNS).await?;
        let keys = listed.into_iter().map(|object| object.key).filter(|key| is_report(key));
        let read = stream::iter(keys.collect::<Vec<_>>()).map(|key| self.report(&ops, key));
        let reports: Vec<ReportOfSet> = read.buffered(AT_ONCE).try_collect().await?;
        lines(part::REPORTS, &reports)
    }

    async fn report(&self, ops: &str, key: String) -> Result<ReportOfSet> {
        let bytes = self.store.read(ops, &key).await?;
        let report = serde_json::from_slice(&bytes).map_err(|error| unreadable(&key, error))?;
        Ok(ReportOfSet { key, report })
    }
}

/// `runs/ID/report.json`.
pub(crate) fn is_report(key: &str) -> bool {
    key.strip_prefix(RunKeys::RUNS)
        .and_then(|key| key.split_once('/'))
        .is_some_and(|(_, of)| of == "report.json")
}

fn project(bytes: &[u8]) -> Result<Vec<Piece>> {
    let files: BTreeMap<String, String> =
        serde_json::from_slice(bytes).map_err(|error| unreadable(RunKeys::PROJECT, error))?;
    let piece = |(path, text): (String, String)| Piece::new(format!("{}{path}", part::PROJECT), text, 1);
    Ok(files.into_iter().map(piece).collect())
}

fn statements(table: &CatalogEntry, has_partitions: bool) -> Vec<Piece> {
    let name = format!("{}{}/{}", part::DDL, table.database, table.name);
    let create = ddl::create(table).map(|sql| Piece::new(format!("{name}.sql"), sql, 1));
    let repair = has_partitions.then(|| Piece::new(format!("{name}.partitions.sql"), ddl::repair(table), 1));
    create.into_iter().chain(repair).collect()
}

impl Governance<'_> {
    async fn collect(&self, lake: &Lake, names: &Names, silver: &[CatalogEntry]) -> Result<Vec<Piece>> {
        let rights = self.rights_of(lake, names).await?;
        let mut filters = Vec::new();
        for filter in lake.all_filters(names) {
            filters.extend(self.filters.found(&filter).await?);
        }
        Ok(vec![
            document(part::SETTINGS, &self.settings(lake, names).await?, 1)?,
            lines(part::RIGHTS, &rights)?,
            self.tags(names, silver).await?,
            lines(part::FILTERS, &filters)?,
        ])
    }

    /// Every right on something of the lake, whoever gave it.
    pub(crate) async fn rights_of(&self, lake: &Lake, names: &Names) -> Result<Vec<Right>> {
        let (databases, buckets) = (databases(lake, names), buckets(lake, names));
        let is_ours = |right: &Right| match &right.resource {
            Governed::Location { arn } => {
                buckets.iter().any(|bucket| arn.strip_prefix(ARN).is_some_and(|name| name == *bucket))
            }
            other => other.database().is_some_and(|name| databases.iter().any(|ours| ours == name)),
        };
        let mut found: BTreeSet<Right> = self.rights.granted().await?.into_iter().filter(is_ours).collect();
        for filter in lake.all_filters(names) {
            found.extend(self.rights.granted_on(&filter).await?);
        }
        // Every lake has a crawler and a function that registers tables, and both were granted it.
        if found.is_empty() {
            let what = "Lake Formation shows no right on anything of the lake: who makes a backup must be an \
                        administrator there, or one who only reads";
            return Err(Error::new(Kind::AccessDenied, what));
        }
        Ok(found.into_iter().collect())
    }

    async fn settings(&self, lake: &Lake, names: &Names) -> Result<SettingsOfSet> {
        let settings = self.administration.settings().await?;
        let brought = lake.environment.deployment.lake_formation_admin.as_ref().map(ToString::to_string);
        let is_ours = |arn: &&str| is_role_of(arn, names) || brought.as_deref() == Some(*arn);
        let holding = |office| -> Vec<String> {
            settings.holding(office).into_iter().filter(is_ours).map(str::to_owned).collect()
        };
        let mut found = SettingsOfSet {
            administrators: holding(Office::All),
            readers: holding(Office::Reading),
            locations: BTreeMap::new(),
        };
        for bucket in buckets(lake, names) {
            let arn = format!("{ARN}{bucket}");
            if let Some(role) = self.locations.role_of(&arn).await? {
                found.locations.insert(arn, role);
            }
        }
        Ok(found)
    }

    async fn tags(&self, names: &Names, silver: &[CatalogEntry]) -> Result<Piece> {
        let key = names.pii_tag();
        let Some(values) = self.tags.values(&key).await? else {
            return document(part::TAGS, &TagsOfSet { key, ..TagsOfSet::default() }, 0);
        };
        let mut found = TagsOfSet { key, values, columns: Vec::new() };
        for table in silver {
            let columns = columns_of(table);
            if columns.is_empty() {
                continue;
            }
            let assigned = self.tags.assigned(&found.key, &columns).await?;
            found.columns.extend(assigned.into_iter().map(|(column, value)| TagOfColumn { column, value }));
        }
        let count = found.columns.len();
        document(part::TAGS, &found, count)
    }
}

const ARN: &str = "arn:aws:s3:::";

/// Whether an ARN is that of a role that a stack of the lake made.
pub(crate) fn is_role_of(arn: &str, names: &Names) -> bool {
    let name = arn.split_once(":role/").map(|(_, name)| name);
    name.is_some_and(|name| name.strip_prefix(&names.prefix()).is_some_and(|rest| rest.starts_with('-')))
}

fn columns_of(table: &CatalogEntry) -> BTreeSet<TableColumn> {
    let column = |column: &crate::ports::EntryColumn| TableColumn {
        database: table.database.clone(),
        table: table.name.clone(),
        column: column.name.clone(),
    };
    table.columns.iter().chain(&table.partition_keys).map(column).collect()
}

fn document(name: &str, document: &impl Serialize, count: usize) -> Result<Piece> {
    let bytes = serde_json::to_vec_pretty(document).map_err(|error| unwritable(name, error))?;
    Ok(Piece::new(name, bytes, count))
}

fn lines<T: Serialize>(name: impl Into<String>, items: &[T]) -> Result<Piece> {
    let name = name.into();
    let mut bytes = Vec::new();
    for item in items {
        serde_json::to_writer(&mut bytes, item).map_err(|error| unwritable(&name, error))?;
        bytes.push(b'\n');
    }
    Ok(Piece::new(name, bytes, items.len()))
}

fn unreadable(what: &str, error: serde_json::Error) -> Error {
    Error::caused(Kind::Invalid, format!("{what} is not what tarn wrote there"), error)
}

fn unwritable(what: &str, error: serde_json::Error) -> Error {
    Error::caused(Kind::Internal, format!("{what} cannot be written as JSON"), error)
}

//! The tags of columns: one list, compared with the one before and with what stands.
//!
//! The key is the lake's by its name. Other keys, on the same columns too, are never looked at; values
//! that others added to the key stay, and then so does the key.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tarn_lake::TaggedTable;

use super::{Govern, Patience};
use crate::jobs::answer::{Done, properties};
use crate::ports::{Catalog, TableColumn, Tags};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    key: String,
    values: BTreeSet<String>,
    tables: Vec<TaggedTable>,
}

type Tagged = BTreeMap<TableColumn, String>;

/// What is to be true in the end.
struct Wish {
    key: String,
    values: BTreeSet<String>,
    wanted: Tagged,
    /// Columns that left the list.
    left: BTreeSet<TableColumn>,
}

impl Govern<'_> {
    pub(super) async fn tags(&self, request: &CustomResourceRequest, patience: Patience<'_>) -> Result<Done> {
        match request.request_type {
            RequestType::Create | RequestType::Update => {
                let Properties { key, values, tables } = properties(request)?;
                let wanted = cells(&tables);
                // A list that could not be read was never assigned.
                let before = serde_json::from_value(request.old_resource_properties.clone());
                let before = before.map(|list: Properties| cells(&list.tables)).unwrap_or_default();
                let left = before.into_keys().filter(|column| !wanted.contains_key(column)).collect();
                self.settle_tags(&Wish { key, values, wanted, left }, patience).await?;
                Ok(Done::default())
            }
            RequestType::Delete => match properties::<Properties>(request) {
                Err(_) => Ok(Done::default()),
                Ok(Properties { key, values, tables }) => {
                    let left = cells(&tables).into_keys().collect();
                    self.forget_tags(&Wish { key, values, wanted: Tagged::new(), left }, patience).await
                }
            },
        }
    }

    /// Looks, assigns and takes away until a look shows nothing to do.
    async fn settle_tags(&self, wish: &Wish, mut patience: Patience<'_>) -> Result<()> {
        loop {
            match self.tags_step(wish).await {
                Ok(true) => return Ok(()),
                Ok(false) => patience.after_work(unsettled()).await?,
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// The same until nothing of ours is left.
    async fn forget_tags(&self, wish: &Wish, mut patience: Patience<'_>) -> Result<Done> {
        loop {
            match self.forget_step(wish).await {
                Ok(Forgotten::All) => return Ok(Done::default()),
                Ok(Forgotten::Kept(note)) => return Ok(Done { note, memo: None }),
                Ok(Forgotten::Some) => patience.after_work(unsettled()).await?,
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// Whether there was nothing to do.
    async fn tags_step(&self, wish: &Wish) -> Result<bool> {
        let is_key_whole = self.key_step(wish).await?;
        Ok(self.columns_step(wish).await? && is_key_whole)
    }

    async fn key_step(&self, wish: &Wish) -> Result<bool> {
        let Wish { key, values, .. } = wish;
        let Some(found) = self.tags.values(key).await? else {
            self.tags.create_key(key, values).await?;
            return Ok(false);
        };
        let missing: BTreeSet<String> = values.difference(&found).cloned().collect();
        if !missing.is_empty() {
            self.tags.add_values(key, &missing).await?;
        }
        Ok(missing.is_empty())
    }

    async fn columns_step(&self, wish: &Wish) -> Result<bool> {
        let all: BTreeSet<&TableColumn> = wish.wanted.keys().chain(&wish.left).collect();
        let tables: BTreeSet<(&str, &str)> =
            all.into_iter().map(|column| (column.database.as_str(), column.table.as_str())).collect();
        let mut is_done = true;
        for table in tables {
            is_done &= self.table_step(wish, table).await?;
        }
        Ok(is_done)
    }

    async fn table_step(&self, wish: &Wish, table: (&str, &str)) -> Result<bool> {
        let wanted = wish.wanted.iter().filter(|(column, _)| is_of(column, table));
        let wanted: Tagged = wanted.map(|(column, value)| (column.clone(), value.clone())).collect();
        let standing = standing(self.tags, self.catalog, &wish.key, table, &wanted, &wish.left).await?;
        let surplus = standing.iter().filter(|(column, _)| wish.left.contains(column));
        let surplus = by_value(surplus);
        let missing = by_value(missing(&wanted, &standing));
        for (value, columns) in &surplus {
            self.tags.unassign(&wish.key, value, columns).await?;
        }
        for (value, columns) in &missing {
            self.tags.assign(&wish.key, value, columns).await.map_err(|error| told(&wish.key, error))?;
        }
        Ok(surplus.is_empty() && missing.is_empty())
    }

    async fn forget_step(&self, wish: &Wish) -> Result<Forgotten> {
        let Wish { key, values, .. } = wish;
        let Some(found) = self.tags.values(key).await? else { return Ok(Forgotten::All) };
        if !self.columns_step(wish).await? {
            return Ok(Forgotten::Some);
        }
        let theirs: Vec<&str> = found.difference(values).map(String::as_str).collect();
        if theirs.is_empty() {
            self.tags.delete_key(key).await?;
            return Ok(Forgotten::Some);
        }
        let ours: BTreeSet<String> = found.intersection(values).cloned().collect();
        let kept = || format!("the tag {key} stays, because others gave it values: {}", theirs.join(", "));
        if ours.is_empty() {
            return Ok(Forgotten::Kept(kept()));
        }
        match self.tags.remove_values(key, &ours).await {
            // Somebody tagged something else with them.
            Err(error) if error.kind() == Kind::Invalid => Ok(Forgotten::Kept(kept())),
            removed => removed.map(|()| Forgotten::Some),
        }
    }
}

/// How far a deletion is.
enum Forgotten {
    All,
    /// Something was taken away; the next look tells whether it is gone.
    Some,
    /// The key is not ours alone.
    Kept(String),
}

/// The columns whose tag is not as it should be, each with the value that it should have.
pub async fn missing_tags(
    tags: &dyn Tags,
    catalog: &dyn Catalog,
    key: &str,
    tables: &[TaggedTable],
) -> Result<BTreeMap<TableColumn, String>> {
    let mut found = Tagged::new();
    for table in tables {
        let wanted = cells(std::slice::from_ref(table));
        let address = (table.database.as_str(), table.name.as_str());
        match standing(tags, catalog, key, address, &wanted, &BTreeSet::new()).await {
            Ok(standing) => {
                let missing = missing(&wanted, &standing);
                found.extend(missing.map(|(column, value)| (column.clone(), value.clone())));
            }
            Err(error) if error.kind() == Kind::NotFound => found.extend(wanted),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The tags of a table's columns that are wanted or have left. Only columns that the table has can be
/// asked about: what is wanted must be there, and what has left may be gone, its tag with it.
async fn standing(
    tags: &dyn Tags,
    catalog: &dyn Catalog,
    key: &str,
    (database, name): (&str, &str),
    wanted: &Tagged,
    left: &BTreeSet<TableColumn>,
) -> Result<Tagged> {
    let there: BTreeSet<String> = match catalog.table(database, name).await? {
        Some(table) => table.columns.into_iter().chain(table.partition_keys).map(|(name, _)| name).collect(),
        None => BTreeSet::new(),
    };
    if let Some(absent) = wanted.keys().find(|column| !there.contains(&column.column)) {
        let what = format!("the catalog has no column {} of {database}.{name} to be tagged", absent.column);
        return Err(Error::new(Kind::NotFound, what));
    }
    let left = left.iter().filter(|column| is_of(column, (database, name)) && there.contains(&column.column));
    let columns: BTreeSet<TableColumn> = wanted.keys().chain(left).cloned().collect();
    if columns.is_empty() { Ok(Tagged::new()) } else { tags.assigned(key, &columns).await }
}

fn missing<'t>(wanted: &'t Tagged, standing: &Tagged) -> impl Iterator<Item = (&'t TableColumn, &'t String)> {
    wanted.iter().filter(|(column, value)| standing.get(column) != Some(value))
}

fn by_value<'t>(
    tagged: impl Iterator<Item = (&'t TableColumn, &'t String)>,
) -> BTreeMap<String, BTreeSet<TableColumn>> {
    let mut together: BTreeMap<String, BTreeSet<TableColumn>> = BTreeMap::new();
    for (column, value) in tagged {
        together.entry(value.clone()).or_default().insert(column.clone());
    }
    together
}

fn is_of(column: &TableColumn, (database, table): (&str, &str)) -> bool {
    column.database == database && column.table == table
}

/// A list, column by column.
fn cells(tables: &[TaggedTable]) -> Tagged {
    let each = tables.iter().flat_map(|table| {
        table.columns.iter().map(|(column, value)| {
            let (database, table) = (table.database.clone(), table.name.clone());
            (TableColumn { database, table, column: column.clone() }, value.clone())
        })
    });
    each.collect()
}

fn unsettled() -> Error {
    Error::new(Kind::Unavailable, "Lake Formation does not show the tags that it took; deploy again")
}

/// An administrator may make tags, and assign those of his own making only.
fn told(key: &str, error: Error) -> Error {
    if error.kind() != Kind::AccessDenied {
        return error;
    }
    let what = format!(
        "the tag {key} may not be assigned. If somebody else made it, one of Lake Formation's \
         administrators must grant ASSOCIATE on it to the lake's govern role, or delete it; then deploy again"
    );
    Error::caused(Kind::AccessDenied, what, error)
}

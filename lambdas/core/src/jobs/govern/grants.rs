//! The rights that a stack gives to its roles: one list, compared with the one before and with what
//! stands.
//!
//! What others granted stays, to whomever. The one exception: in a database that the list names,
//! whom IAM allows loses what Lake Formation gives by default, for a right there would make every
//! other one idle.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use tarn_lake::{CellsFilter, Governed, Grant, Permission};

use super::{Govern, Patience};
use crate::jobs::answer::{Done, created_for};
use crate::jobs::commit;
use crate::ports::{CatalogTable, Right, WHOM_IAM_ALLOWS};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// The databases were open to whom IAM allows. They are opened again before they go: whoever may
/// delete a database by IAM could not without a right in Lake Formation.
const WERE_OPEN: &str = "were-open";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    grants: Vec<Grant<String>>,
    /// Tables that are granted by name, and so must be registered before.
    #[serde(default)]
    tables: Vec<Registered>,
    /// Filters that rights are granted on, and that are the list's own.
    #[serde(default)]
    filters: Vec<CellsFilter>,
}

/// A table as the catalog should have it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Registered {
    database: String,
    name: String,
    description: String,
    location: String,
    columns: Vec<(String, String)>,
    #[serde(default)]
    partition_keys: Vec<(String, String)>,
}

impl From<Registered> for CatalogTable {
    fn from(table: Registered) -> Self {
        let Registered { database, name, description, location, columns, partition_keys } = table;
        Self { database, name, description, location, columns, partition_keys }
    }
}

/// What is to be true in the end.
#[derive(Default)]
struct Wish {
    wanted: BTreeSet<Right>,
    unwanted: BTreeSet<Right>,
    /// Databases that only grants open.
    closed: BTreeSet<String>,
    /// Tables that are granted by name. Grants come before the first run of a lake, and Lake Formation
    /// takes none on a table that is not there.
    tables: Vec<CatalogTable>,
    /// Who registers them: our own role.
    governor: String,
    filters: BTreeSet<CellsFilter>,
    /// Filters that left the list: deleted when nobody has a right on them any more.
    left: Vec<CellsFilter>,
}

impl Govern<'_> {
    pub(super) async fn grants(
        &self,
        request: &CustomResourceRequest,
        patience: Patience<'_>,
    ) -> Result<Done> {
        match request.request_type {
            RequestType::Create | RequestType::Update => {
                let wanted = rights(&request.resource_properties)?;
                // A list that could not be read was never granted.
                let before = rights(&request.old_resource_properties).unwrap_or_default();
                let closed = databases(&wanted);
                let unwanted = before.difference(&wanted).cloned().collect();
                let tables = tables(&request.resource_properties)?;
                let governor =
                    request.resource_properties["Governor"].as_str().unwrap_or_default().to_owned();
                let before = filters(&request.old_resource_properties).into_iter();
                let filters = filters(&request.resource_properties);
                let left = before.filter(|filter| !has(&filters, filter)).collect();
                let wish = Wish { wanted, unwanted, closed, tables, governor, filters, left };
                let were_open = self.settle_rights(wish, patience).await?;
                Ok(Done { note: String::new(), memo: were_open.then_some(WERE_OPEN) })
            }
            RequestType::Delete => {
                let Ok(unwanted) = rights(&request.resource_properties) else {
                    return Ok(Done::default());
                };
                let were_open = created_for(request).is_some_and(|(_, memo)| memo == Some(WERE_OPEN));
                let wanted = if were_open { opening(&unwanted) } else { BTreeSet::new() };
                let left = filters(&request.resource_properties).into_iter().collect();
                let wish = Wish { wanted, unwanted, left, ..Wish::default() };
                match self.settle_rights(wish, patience).await {
                    // The rights were revoked before; a database that is gone needs no opening.
                    Err(error) if error.kind() != Kind::NotFound => Err(error),
                    _ => Ok(Done::default()),
                }
            }
        }
    }

    /// Looks, grants and revokes until a look shows nothing to do. Gives whether a database was open.
    async fn settle_rights(&self, wish: Wish, mut patience: Patience<'_>) -> Result<bool> {
        let mut were_open = false;
        loop {
            match self.rights_step(&wish, &mut were_open).await {
                Ok(true) => return Ok(were_open),
                Ok(false) => {
                    let what = "Lake Formation does not show the grants that it took; deploy again";
                    patience.after(Error::new(Kind::Unavailable, what)).await?;
                }
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// Whether there was nothing to do.
    async fn rights_step(&self, wish: &Wish, were_open: &mut bool) -> Result<bool> {
        let standing = self.standing(wish).await?;
        let own = self.register_tables(wish, &standing).await?;
        let are_filters_whole = self.make_filters(wish).await?;
        let surplus: BTreeSet<Right> = standing.iter().filter(|right| wish.forbids(right)).cloned().collect();
        let missing: BTreeSet<Right> =
            wish.lacking(&standing).filter(|right| !own.contains(right)).cloned().collect();
        *were_open |= surplus.iter().any(|right| {
            right.principal == WHOM_IAM_ALLOWS && matches!(right.resource, Governed::Database { .. })
        });
        if !surplus.is_empty() {
            self.rights.revoke(&surplus).await?;
        }
        if !missing.is_empty() {
            self.rights.grant(&missing).await?;
        }
        let are_gone = surplus.is_empty() && self.drop_filters(wish).await?;
        Ok(are_filters_whole && are_gone && missing.is_empty() && own.is_empty())
    }

    async fn standing(&self, wish: &Wish) -> Result<BTreeSet<Right>> {
        let mut standing = self.rights.granted().await?;
        for filter in wish.filters.iter().chain(&wish.left) {
            standing.extend(self.rights.granted_on(filter).await?);
        }
        Ok(standing)
    }

    /// Whether they were as wished.
    async fn make_filters(&self, wish: &Wish) -> Result<bool> {
        let mut are_whole = true;
        for filter in &wish.filters {
            match self.filters.found(filter).await? {
                Some(found) if found == *filter => continue,
                Some(_) => self.filters.replace(filter).await?,
                None => self.filters.create(filter).await?,
            }
            are_whole = false;
        }
        Ok(are_whole)
    }

    /// Whether those that left were gone.
    async fn drop_filters(&self, wish: &Wish) -> Result<bool> {
        let mut are_gone = true;
        for filter in &wish.left {
            if self.filters.found(filter).await?.is_some() {
                self.filters.delete(filter).await?;
                are_gone = false;
            }
        }
        Ok(are_gone)
    }
}

impl Govern<'_> {
    /// Registers what is named by grants or tags, and gives what was granted for it: what that takes is
    /// granted first, where the list has it and it does not stand. Nothing is granted twice, which moto
    /// could not revoke again.
    async fn register_tables(&self, wish: &Wish, standing: &BTreeSet<Right>) -> Result<BTreeSet<Right>> {
        let is_own = |right: &&Right| !wish.tables.is_empty() && right.principal == wish.governor;
        let own: BTreeSet<Right> = wish.lacking(standing).filter(is_own).cloned().collect();
        if !own.is_empty() {
            self.rights.grant(&own).await?;
        }
        for table in &wish.tables {
            commit::register(self.catalog, table).await?;
        }
        Ok(own)
    }
}

impl Wish {
    /// What is wanted and does not stand.
    fn lacking<'w>(&'w self, standing: &'w BTreeSet<Right>) -> impl Iterator<Item = &'w Right> {
        self.wanted.iter().filter(|right| !stands(right, standing))
    }

    fn forbids(&self, right: &Right) -> bool {
        let is_open = right.principal == WHOM_IAM_ALLOWS
            && right.resource.database().is_some_and(|database| self.closed.contains(database));
        let plain = Right { grantable: false, ..right.clone() };
        is_open
            || self.unwanted.contains(right)
            || self.unwanted.contains(&plain) && !self.wanted.contains(&plain)
    }
}

/// Whether a right stands, perhaps as one that may be handed on.
fn stands(right: &Right, standing: &BTreeSet<Right>) -> bool {
    standing.contains(right) || standing.contains(&Right { grantable: true, ..right.clone() })
}

/// The list of a resource, right by right.
fn rights(properties: &Value) -> Result<BTreeSet<Right>> {
    let read: Properties = serde_json::from_value(properties.clone()).map_err(|error| {
        Error::caused(Kind::Invalid, "the resource needs a list of Grants that can be read", error)
    })?;
    let each = |grant: Grant<String>| {
        let Grant { principal, resource, permissions, grantable } = grant;
        permissions.into_iter().map(move |permission| Right {
            principal: principal.clone(),
            resource: resource.clone(),
            permission,
            grantable,
        })
    };
    Ok(read.grants.into_iter().flat_map(each).collect())
}

/// The tables that the list grants by name.
fn tables(properties: &Value) -> Result<Vec<CatalogTable>> {
    let read: Properties = serde_json::from_value(properties.clone())
        .map_err(|error| Error::caused(Kind::Invalid, "the resource's Tables cannot be read", error))?;
    Ok(read.tables.into_iter().map(CatalogTable::from).collect())
}

/// The filters of a list; of one that cannot be read, none was made.
fn filters(properties: &Value) -> BTreeSet<CellsFilter> {
    let read = serde_json::from_value(properties.clone());
    read.map(|list: Properties| list.filters.into_iter().collect()).unwrap_or_default()
}

/// Whether a filter of the same address is among them.
fn has(filters: &BTreeSet<CellsFilter>, filter: &CellsFilter) -> bool {
    filters.iter().any(|other| other.governed() == filter.governed())
}

fn databases(rights: &BTreeSet<Right>) -> BTreeSet<String> {
    rights.iter().filter_map(|right| right.resource.database()).map(str::to_owned).collect()
}

fn opening(rights: &BTreeSet<Right>) -> BTreeSet<Right> {
    let open = |name: String| Right {
        principal: WHOM_IAM_ALLOWS.to_owned(),
        resource: Governed::Database { name },
        permission: Permission::All,
        grantable: false,
    };
    databases(rights).into_iter().map(open).collect()
}

//! Rights, in the shapes that Lake Formation takes and in those that it gives back, which differ.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_lakeformation::types::{
    self, BatchPermissionsFailureEntry, BatchPermissionsRequestEntry, ColumnWildcard, DataLakePrincipal,
    DataLakeResourceType, DataLocationResource, DatabaseResource, PrincipalResourcePermissions, Resource,
    TableResource, TableWildcard, TableWithColumnsResource,
};
use aws_smithy_types::error::operation::BuildError;
use tarn_core::ports::{Right, Rights};
use tarn_core::{Error, Kind, Result};
use tarn_lake::{CellsFilter, Columns, Governed, Permission};

use super::LakeFormation;
use crate::failure::{failed, kind_of};

/// The most entries that a call takes.
const AT_ONCE: usize = 20;

/// The most that a page of a listing holds.
const PAGE: i32 = 1_000;

/// How Lake Formation calls all tables of a database where it wants a name.
const ALL_TABLES: &str = "ALL_TABLES";

/// What Lake Formation says when there is nothing to revoke: nobody had it, or what it was on is gone.
const NOTHING_TO_REVOKE: [&str; 4] = [
    "No permissions revoked",
    "Grantee has no permissions",
    "non-existent column",
    "Resource does not exist or requester is not authorized",
];

#[async_trait]
impl Rights for LakeFormation {
    async fn granted(&self) -> Result<BTreeSet<Right>> {
        let mut rights = BTreeSet::new();
        for kind in
            [DataLakeResourceType::Database, DataLakeResourceType::Table, DataLakeResourceType::DataLocation]
        {
            let list = self.client.list_permissions().catalog_id(&self.account).resource_type(kind);
            let mut pages = list.max_results(PAGE).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(failed("listing Lake Formation's grants"))?;
                for entry in page.principal_resource_permissions() {
                    rights.extend(self.rights_of(entry));
                }
            }
        }
        Ok(rights)
    }

    async fn granted_on(&self, filter: &CellsFilter) -> Result<BTreeSet<Right>> {
        let CellsFilter { database, table, name, .. } = filter;
        let on = self.on_filter(database, table, name);
        let list = self.client.list_permissions().catalog_id(&self.account).resource(on);
        let mut pages = list.max_results(PAGE).into_paginator().send();
        let mut rights = BTreeSet::new();
        while let Some(page) = pages.next().await {
            match page.map_err(failed(format!("listing the rights on the filter {name}"))) {
                Ok(page) => {
                    let entries = page.principal_resource_permissions().iter();
                    rights.extend(entries.flat_map(|entry| self.rights_of(entry)));
                }
                Err(error) if error.kind() == Kind::NotFound => return Ok(BTreeSet::new()),
                Err(error) => return Err(error),
            }
        }
        rights.retain(|right| right.resource == filter.governed());
        Ok(rights)
    }

    async fn grant(&self, rights: &BTreeSet<Right>) -> Result<()> {
        for entries in self.entries(rights)?.chunks(AT_ONCE) {
            let grant = self.client.batch_grant_permissions().catalog_id(&self.account);
            let sent = grant.set_entries(Some(entries.to_vec())).send().await;
            let answer = sent.map_err(failed("granting rights in Lake Formation"))?;
            if let Some(failure) = answer.failures().first() {
                return Err(refused("granting", failure));
            }
        }
        Ok(())
    }

    async fn revoke(&self, rights: &BTreeSet<Right>) -> Result<()> {
        for entries in self.entries(rights)?.chunks(AT_ONCE) {
            let revoke = self.client.batch_revoke_permissions().catalog_id(&self.account);
            let sent = revoke.set_entries(Some(entries.to_vec())).send().await;
            let answer = sent.map_err(failed("revoking rights in Lake Formation"))?;
            if let Some(failure) = answer.failures().iter().find(|failure| !had_nothing(failure)) {
                return Err(refused("revoking", failure));
            }
        }
        Ok(())
    }
}

fn had_nothing(failure: &BatchPermissionsFailureEntry) -> bool {
    let error = failure.error();
    let said = error.and_then(|error| error.error_message()).unwrap_or_default();
    error.and_then(|error| error.error_code()) == Some("EntityNotFoundException")
        || NOTHING_TO_REVOKE.iter().any(|words| said.contains(words))
}

/// An entry of a batch that failed, though the call did not.
fn refused(doing: &str, failure: &BatchPermissionsFailureEntry) -> Error {
    let error = failure.error();
    let code = error.and_then(|error| error.error_code()).unwrap_or("without a name");
    let said = error.and_then(|error| error.error_message()).unwrap_or("nothing more");
    let entry = failure.request_entry();
    let whose = entry.and_then(|entry| entry.principal()?.data_lake_principal_identifier());
    let whose = whose.unwrap_or("a principal");
    let kind = kind_of(code).unwrap_or(Kind::Internal);
    Error::new(kind, format!("{doing} rights of {whose} in Lake Formation failed: {code}: {said}"))
}

impl LakeFormation {
    /// An entry for all rights of one principal on one resource.
    fn entries(&self, rights: &BTreeSet<Right>) -> Result<Vec<BatchPermissionsRequestEntry>> {
        let mut together: BTreeMap<_, Vec<types::Permission>> = BTreeMap::new();
        for right in rights {
            let key = (&right.principal, &right.resource, right.grantable);
            together.entry(key).or_default().push(right.permission.name().into());
        }
        let mut entries = Vec::new();
        for ((principal, resource, grantable), permissions) in together {
            let entry = BatchPermissionsRequestEntry::builder()
                .id(entries.len().to_string())
                .principal(DataLakePrincipal::builder().data_lake_principal_identifier(principal).build())
                .resource(self.resource(resource)?)
                .set_permissions_with_grant_option(grantable.then(|| permissions.clone()))
                .set_permissions(Some(permissions));
            entries.push(entry.build().map_err(incomplete)?);
        }
        Ok(entries)
    }

    fn resource(&self, governed: &Governed) -> Result<Resource> {
        let account = &self.account;
        let table = |database: &str| TableResource::builder().catalog_id(account).database_name(database);
        let resource = Resource::builder();
        let resource = match governed {
            Governed::Database { name } => resource.database(
                DatabaseResource::builder().catalog_id(account).name(name).build().map_err(incomplete)?,
            ),
            Governed::Tables { database } => {
                let all = table(database).table_wildcard(TableWildcard::builder().build());
                resource.table(all.build().map_err(incomplete)?)
            }
            Governed::Table { database, name, columns: Columns::All } => {
                resource.table(table(database).name(name).build().map_err(incomplete)?)
            }
            Governed::Table { database, name, columns } => {
                resource.table_with_columns(self.some_columns(database, name, columns)?)
            }
            Governed::Filter { database, table, name } => return Ok(self.on_filter(database, table, name)),
            Governed::Location { arn } => resource.data_location(
                DataLocationResource::builder()
                    .catalog_id(account)
                    .resource_arn(arn)
                    .build()
                    .map_err(incomplete)?,
            ),
        };
        Ok(resource.build())
    }

    fn some_columns(
        &self,
        database: &str,
        name: &str,
        columns: &Columns,
    ) -> Result<TableWithColumnsResource> {
        let names = |names: &BTreeSet<String>| Some(names.iter().cloned().collect());
        let table = TableWithColumnsResource::builder().catalog_id(&self.account);
        let table = table.database_name(database).name(name);
        let table = match columns {
            Columns::All => table.column_wildcard(ColumnWildcard::builder().build()),
            Columns::Only(these) => table.set_column_names(names(these)),
            Columns::Except(these) => table
                .column_wildcard(ColumnWildcard::builder().set_excluded_column_names(names(these)).build()),
        };
        table.build().map_err(incomplete)
    }

    /// Rights on other catalogs and of other kinds than tarn gives are none of tarn's.
    fn rights_of(&self, entry: &PrincipalResourcePermissions) -> Vec<Right> {
        let principal = entry.principal().and_then(|who| who.data_lake_principal_identifier());
        let governed = entry.resource().and_then(|resource| governed(resource, &self.account));
        let (Some(principal), Some(governed)) = (principal, governed) else {
            return Vec::new();
        };
        let grantable = entry.permissions_with_grant_option();
        let known = entry.permissions().iter().filter_map(|right| {
            Some(Right {
                principal: principal.to_owned(),
                resource: governed.clone(),
                permission: Permission::named(right.as_str())?,
                grantable: grantable.contains(right),
            })
        });
        known.collect()
    }
}

/// What a listing shows. A right to read all of a table, or of all tables, comes back as one on its
/// columns, whatever it was granted on.
fn governed(resource: &Resource, account: &str) -> Option<Governed> {
    let ours = |catalog: Option<&str>| catalog.is_none_or(|catalog| catalog == account).then_some(());
    if let Some(database) = resource.database() {
        ours(database.catalog_id())?;
        return Some(Governed::Database { name: database.name.clone() });
    }
    if let Some(location) = resource.data_location() {
        ours(location.catalog_id())?;
        return Some(Governed::Location { arn: location.resource_arn.clone() });
    }
    if let Some(table) = resource.table() {
        ours(table.catalog_id())?;
        let name = table.name().filter(|_| table.table_wildcard().is_none()).unwrap_or(ALL_TABLES);
        return Some(on_table(&table.database_name, name, Columns::All));
    }
    if let Some(filter) = resource.data_cells_filter() {
        ours(filter.table_catalog_id())?;
        let text = |part: Option<&str>| part.map(str::to_owned);
        return Some(Governed::Filter {
            database: text(filter.database_name())?,
            table: text(filter.table_name())?,
            name: text(filter.name())?,
        });
    }
    let table = resource.table_with_columns()?;
    ours(table.catalog_id())?;
    let excluded = table.column_wildcard().map(ColumnWildcard::excluded_column_names).unwrap_or_default();
    let columns = match (table.column_names(), excluded) {
        ([], []) => Columns::All,
        ([], excluded) => Columns::Except(excluded.iter().cloned().collect()),
        (these, _) => Columns::Only(these.iter().cloned().collect()),
    };
    Some(on_table(&table.database_name, &table.name, columns))
}

fn on_table(database: &str, name: &str, columns: Columns) -> Governed {
    match (name, columns) {
        (ALL_TABLES, Columns::All) => Governed::Tables { database: database.to_owned() },
        (name, columns) => Governed::Table { database: database.to_owned(), name: name.to_owned(), columns },
    }
}

fn incomplete(error: BuildError) -> Error {
    Error::caused(Kind::Internal, "a right cannot be described to Lake Formation", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &str, message: &str) -> BatchPermissionsFailureEntry {
        let error = types::ErrorDetail::builder();
        let error = error.error_code(code).error_message(message).build();
        BatchPermissionsFailureEntry::builder().error(error).build()
    }

    #[test]
    fn what_is_gone_needs_no_revoking_and_anything_else_is_an_error() {
        for (code, message) in [
            ("InvalidInputException", "No permissions revoked. Grantee has no permissions on the table"),
            ("InvalidInputException", "cannot grant/revoke permission on non-existent column"),
            ("AccessDeniedException", "Resource does not exist or requester is not authorized to access it"),
            ("EntityNotFoundException", "Database not found"),
        ] {
            assert!(had_nothing(&failure(code, message)), "{message}");
        }
        let others = failure("ConcurrentModificationException", "try again");
        assert!(!had_nothing(&others));
        assert_eq!(refused("revoking", &others).kind(), Kind::Conflict);
        assert_eq!(refused("granting", &failure("SomethingNew", "?")).kind(), Kind::Internal);
    }

    #[test]
    fn all_columns_of_all_tables_come_back_in_two_shapes() {
        let tables = Governed::Tables { database: "silver".into() };
        let wildcard = ColumnWildcard::builder().build();
        let by_columns = TableWithColumnsResource::builder().database_name("silver").name(ALL_TABLES);
        let by_columns = by_columns.column_wildcard(wildcard).build().unwrap();
        let by_columns = Resource::builder().table_with_columns(by_columns).build();
        assert_eq!(governed(&by_columns, "1").as_ref(), Some(&tables));

        let by_name = TableResource::builder().catalog_id("1").database_name("silver").name(ALL_TABLES);
        let by_name = by_name.table_wildcard(TableWildcard::builder().build()).build().unwrap();
        let by_name = Resource::builder().table(by_name).build();
        assert_eq!(governed(&by_name, "1"), Some(tables));
        assert_eq!(governed(&by_name, "2"), None, "another catalog's");
    }
}

//! Lake Formation: who administers it, which buckets it looks after, who may do what in the catalog, and
//! how columns are tagged. Four ports, because four resources of a template use one each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tarn_lake::{CellsFilter, Governed, Permission};

use crate::Result;

/// The settings of an account, whole. Writing replaces them all, and they belong to others too, so
/// every field is kept as it came, also one that nobody here knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountSettings(pub Map<String, Value>);

/// After that time a replacement of the settings has taken effect, or never will.
pub const LONGEST_REPLACE: Duration = Duration::from_secs(3);

/// One right of one principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Right {
    /// An ARN, or `IAM_ALLOWED_PRINCIPALS`.
    pub principal: String,
    /// On what.
    pub resource: Governed,
    /// Which.
    pub permission: Permission,
    /// Whether the principal may hand it on.
    pub grantable: bool,
}

/// The account's settings.
#[async_trait]
pub trait Administration: Send + Sync {
    /// All of them.
    async fn settings(&self) -> Result<AccountSettings>;
    /// Replaces all of them, within [`LONGEST_REPLACE`] or not at all, and is never sent twice: what
    /// another lake wrote meanwhile would be lost. An administrator who does not exist is `Invalid`,
    /// and the error's text names it.
    async fn replace(&self, settings: &AccountSettings) -> Result<()>;
}

/// The buckets that Lake Formation looks after.
#[async_trait]
pub trait Locations: Send + Sync {
    /// The ARN of the role that a location is registered with, or `None`.
    async fn role_of(&self, location: &str) -> Result<Option<String>>;
    /// Registers a location, so that grants alone decide over it; one that is registered is a
    /// `Conflict`.
    async fn register(&self, location: &str, role: &str) -> Result<()>;
    /// Gives a location up; one that is not registered is `NotFound`.
    async fn deregister(&self, location: &str) -> Result<()>;
}

/// The rights on databases, tables and locations of the account's catalog.
#[async_trait]
pub trait Rights: Send + Sync {
    /// Those that were granted by somebody, ourselves included.
    async fn granted(&self) -> Result<BTreeSet<Right>>;
    /// Those on one filter, which a listing of all need not have; none where there is no such filter.
    async fn granted_on(&self, filter: &CellsFilter) -> Result<BTreeSet<Right>>;
    /// Grants all of them; an error of a single one is an error.
    async fn grant(&self, rights: &BTreeSet<Right>) -> Result<()>;
    /// Revokes all of them; what nobody has needs no revoking, an error of a single one is an error.
    async fn revoke(&self, rights: &BTreeSet<Right>) -> Result<()>;
}

/// The data cells filters of tables, by their addresses: database, table and name.
#[async_trait]
pub trait Filters: Send + Sync {
    /// The filter at the address of another, or `None`.
    async fn found(&self, filter: &CellsFilter) -> Result<Option<CellsFilter>>;
    /// Makes a filter.
    async fn create(&self, filter: &CellsFilter) -> Result<()>;
    /// Changes what a filter shows; one that is not there is `NotFound`.
    async fn replace(&self, filter: &CellsFilter) -> Result<()>;
    /// Deletes a filter; one that is not there is `NotFound`.
    async fn delete(&self, filter: &CellsFilter) -> Result<()>;
}

/// A column of a table in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableColumn {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// The tags of Lake Formation. A key has values, and a column has one of them at most.
#[async_trait]
pub trait Tags: Send + Sync {
    /// The values that a key may have, or `None` if there is no such key.
    async fn values(&self, key: &str) -> Result<Option<BTreeSet<String>>>;
    /// Makes a key.
    async fn create_key(&self, key: &str, values: &BTreeSet<String>) -> Result<()>;
    /// Adds values to a key.
    async fn add_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()>;
    /// Takes values from a key; one that something is tagged with is `Invalid`.
    async fn remove_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()>;
    /// Takes a key away, also from whatever is tagged with it; one that is not there is `NotFound`.
    async fn delete_key(&self, key: &str) -> Result<()>;
    /// The value that each of some columns of one table has of its own, not by its table. Every one of
    /// them must be there.
    async fn assigned(
        &self,
        key: &str,
        columns: &BTreeSet<TableColumn>,
    ) -> Result<BTreeMap<TableColumn, String>>;
    /// Tags columns of one table, in the place of another value of the key. Other keys stay.
    async fn assign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()>;
    /// Takes a value from columns of one table that have it; who has it no more needs no taking.
    async fn unassign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()>;
}

/// Whom Lake Formation gives everything until somebody governs: all whom IAM allows.
pub const WHOM_IAM_ALLOWS: &str = "IAM_ALLOWED_PRINCIPALS";

/// What somebody may do as an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// Change everything.
    All,
    /// See everything.
    Reading,
}

impl Office {
    /// What Lake Formation calls the list of those who hold it.
    fn list(self) -> &'static str {
        match self {
            Office::All => "DataLakeAdmins",
            Office::Reading => "ReadOnlyAdmins",
        }
    }
}

const IDENTIFIER: &str = "DataLakePrincipalIdentifier";

impl AccountSettings {
    /// Those who may change everything, in their order.
    pub fn administrators(&self) -> Vec<&str> {
        self.holding(Office::All)
    }

    /// Those who hold an office, in their order.
    pub fn holding(&self, office: Office) -> Vec<&str> {
        let listed = self.0.get(office.list()).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|entry| entry[IDENTIFIER].as_str()).collect()
    }

    /// The same with one more who holds an office, after all others.
    pub fn with(mut self, office: Office, principal: &str) -> Self {
        let entry = Value::Object(Map::from_iter([(IDENTIFIER.to_owned(), principal.into())]));
        match self.0.get_mut(office.list()).and_then(Value::as_array_mut) {
            Some(listed) => listed.push(entry),
            None => drop(self.0.insert(office.list().to_owned(), Value::Array(vec![entry]))),
        }
        self
    }

    /// The same without those in an office.
    pub fn without(mut self, office: Office, principals: &[&str]) -> Self {
        if let Some(listed) = self.0.get_mut(office.list()).and_then(Value::as_array_mut) {
            listed.retain(|entry| !entry[IDENTIFIER].as_str().is_some_and(|name| principals.contains(&name)));
        }
        self
    }
}

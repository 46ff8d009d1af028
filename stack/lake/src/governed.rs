//! Rights in the catalog, in the words of Lake Formation.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

/// Rights on one resource, given to one principal. In a template the principal is a role of the
/// stack, in an account it is an ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Grant<P> {
    /// Who gets them.
    pub principal: P,
    /// On what.
    pub resource: Governed,
    /// Which.
    pub permissions: BTreeSet<Permission>,
    /// Whether the principal may hand them on.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "lenient_bool")]
    pub grantable: bool,
}

/// What Lake Formation governs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all_fields = "PascalCase")]
pub enum Governed {
    /// A database itself, not its tables.
    Database {
        /// Its name.
        name: String,
    },
    /// All tables of a database, those to come included.
    Tables {
        /// Their database.
        database: String,
    },
    /// One table, which must be registered before anything can be granted on it.
    Table {
        /// Its database.
        database: String,
        /// Its name.
        name: String,
        /// Which of its columns.
        #[serde(default, skip_serializing_if = "Columns::is_all")]
        columns: Columns,
    },
    /// Some columns and rows of a table, by the name of a data cells filter.
    Filter {
        /// The table's database.
        database: String,
        /// The table.
        table: String,
        /// The filter's name.
        name: String,
    },
    /// A bucket that tables may be registered over.
    Location {
        /// The bucket's ARN.
        arn: String,
    },
}

/// Columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Columns {
    /// All, those to come included.
    #[default]
    All,
    /// These.
    Only(BTreeSet<String>),
    /// All but these.
    Except(BTreeSet<String>),
}

/// A right, by Lake Formation's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Everything; what Lake Formation gives to whom IAM allows when nobody governs.
    All,
    /// Changes a database or a table.
    Alter,
    /// Registers tables in a database.
    CreateTable,
    /// Registers tables over a location.
    DataLocationAccess,
    /// Deletes rows.
    Delete,
    /// Sees that it is there and what it looks like.
    Describe,
    /// Deletes it.
    Drop,
    /// Adds rows, and partitions.
    Insert,
    /// Reads rows.
    Select,
}

impl Governed {
    /// The database that it is, or that it is in.
    pub fn database(&self) -> Option<&str> {
        match self {
            Governed::Database { name } => Some(name),
            Governed::Tables { database }
            | Governed::Table { database, .. }
            | Governed::Filter { database, .. } => Some(database),
            Governed::Location { .. } => None,
        }
    }
}

impl Columns {
    fn is_all(&self) -> bool {
        *self == Columns::All
    }
}

impl Permission {
    /// Every right.
    pub const EVERY: [Permission; 9] = [
        Permission::All,
        Permission::Alter,
        Permission::CreateTable,
        Permission::DataLocationAccess,
        Permission::Delete,
        Permission::Describe,
        Permission::Drop,
        Permission::Insert,
        Permission::Select,
    ];

    /// Lake Formation's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Permission::All => "ALL",
            Permission::Alter => "ALTER",
            Permission::CreateTable => "CREATE_TABLE",
            Permission::DataLocationAccess => "DATA_LOCATION_ACCESS",
            Permission::Delete => "DELETE",
            Permission::Describe => "DESCRIBE",
            Permission::Drop => "DROP",
            Permission::Insert => "INSERT",
            Permission::Select => "SELECT",
        }
    }

    /// The right of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|permission| permission.name() == name)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// CloudFormation hands every scalar of a custom resource on as a text.
fn lenient_bool<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Truth(bool),
        Text(String),
    }
    Either::deserialize(from).map(|either| match either {
        Either::Truth(truth) => truth,
        Either::Text(text) => text == "true",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grant_reads_the_same_after_it_was_written() {
        let columns = Columns::Except(["email".to_owned()].into());
        let resource = Governed::Table { database: "shop_dev_silver".into(), name: "events".into(), columns };
        let permissions = [Permission::Select].into();
        let grant = Grant { principal: "arn".to_owned(), resource, permissions, grantable: true };
        let mut written = serde_json::to_value(&grant).unwrap();
        let expected = json!({
            "Principal": "arn",
            "Resource": {
                "Table": {"Database": "shop_dev_silver", "Name": "events", "Columns": {"Except": ["email"]}}
            },
            "Permissions": ["SELECT"],
            "Grantable": true,
        });
        assert_eq!(written, expected);
        written["Grantable"] = json!("true");
        assert_eq!(serde_json::from_value::<Grant<String>>(written).unwrap(), grant);
        for permission in Permission::EVERY {
            assert_eq!(json!(permission), json!(permission.name()));
            assert_eq!(Permission::named(permission.name()), Some(permission));
        }
    }
}

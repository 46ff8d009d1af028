//! Whether grants let a principal read a column.

use std::collections::BTreeSet;

use tarn_lake::{Columns, Governed, Permission};

use crate::Held;

/// A column of a table of a database.
#[derive(Debug, Clone, Copy)]
pub struct ColumnOf<'a> {
    /// The database.
    pub database: &'a str,
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
}

/// Whether what stands lets a principal read a column. Whom IAM allows may, if the whole table is open
/// to all of those.
pub fn may_read(standing: &BTreeSet<Held>, principal: &str, place: ColumnOf<'_>) -> bool {
    standing.iter().any(|held| {
        let is_whom = held.principal == principal || held.principal == "IAM_ALLOWED_PRINCIPALS";
        let reads = matches!(held.permission, Permission::Select | Permission::All);
        is_whom && reads && covers(&held.resource, place)
    })
}

fn covers(resource: &Governed, place: ColumnOf<'_>) -> bool {
    match resource {
        Governed::Tables { database } => database == place.database,
        Governed::Table { database, name, columns } => {
            let is_shown = match columns {
                Columns::All => true,
                Columns::Only(these) => these.contains(place.column),
                Columns::Except(these) => !these.contains(place.column),
            };
            database == place.database && name == place.table && is_shown
        }
        // Its columns are not in its name: who asks about one puts these in its place.
        Governed::Database { .. } | Governed::Filter { .. } | Governed::Location { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_covers_what_it_names_and_nothing_beside() {
        let table = |columns| Governed::Table { database: "silver".into(), name: "events".into(), columns };
        let only = Columns::Only(["id".to_owned()].into());
        let except = Columns::Except(["email".to_owned()].into());
        let sees = |resource: Governed, permission, principal: &str, database, column| {
            let standing = BTreeSet::from([Held { principal: principal.into(), resource, permission }]);
            may_read(&standing, "ana", ColumnOf { database, table: "events", column })
        };
        let select = Permission::Select;
        for (resource, permission, principal, database, column, wanted) in [
            (table(Columns::All), select, "ana", "silver", "email", true),
            (table(only.clone()), select, "ana", "silver", "id", true),
            (table(only), select, "ana", "silver", "email", false),
            (table(except.clone()), select, "ana", "silver", "email", false),
            (table(except), select, "ana", "silver", "id", true),
            (table(Columns::All), Permission::Describe, "ana", "silver", "id", false),
            (table(Columns::All), select, "bo", "silver", "id", false),
            (table(Columns::All), Permission::All, "IAM_ALLOWED_PRINCIPALS", "silver", "id", true),
            (Governed::Tables { database: "silver".into() }, select, "ana", "silver", "id", true),
            (Governed::Tables { database: "zone".into() }, select, "ana", "silver", "id", false),
            (Governed::Database { name: "silver".into() }, select, "ana", "silver", "id", false),
        ] {
            assert_eq!(
                sees(resource.clone(), permission, principal, database, column),
                wanted,
                "{resource:?}"
            );
        }
    }
}

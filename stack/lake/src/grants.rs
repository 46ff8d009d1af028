//! Who may do what in the catalog: which grants a lake means.

use std::collections::BTreeSet;

use crate::{Bucket, Columns, Database, Governed, Grant, Lake, Names, Permission, PrincipalArn, StackId};

/// Who needs rights in the catalog: roles of the lake, each in one stack or in every zone's, and those
/// whom the file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// The crawler of the stack's database.
    Crawler,
    /// The function that registers silver's tables.
    Commit,
    /// The function that makes models.
    Model,
    /// The function that keeps their tables.
    Upkeep,
    /// The function that registers a zone's tables.
    Sync,
    /// Who reads a zone.
    Reader,
    /// The function that grants. It registers tables that grants or tags name before they have rows.
    Governor,
    /// Somebody whom the file names.
    Named(PrincipalArn),
}

impl Grantee {
    /// What the stack's template calls the role; `None` for one of another stack, and for somebody whom
    /// the file names.
    pub fn role(&self) -> Option<&'static str> {
        match self {
            Grantee::Crawler => Some("CrawlerRole"),
            Grantee::Commit => Some("CommitRole"),
            Grantee::Model => Some("ModelRole"),
            Grantee::Upkeep => Some("UpkeepRole"),
            Grantee::Sync => Some("SyncRole"),
            Grantee::Reader => Some("ReaderRole"),
            Grantee::Governor | Grantee::Named(_) => None,
        }
    }
}

impl Lake {
    /// Every grant that belongs into a stack: those to its roles. `names` must be for a template.
    pub fn grants(&self, stack: &StackId, names: &Names) -> Vec<Grant<Grantee>> {
        match stack {
            StackId::Storage => {
                let mut grants = registering(Grantee::Crawler, &Database::Silver, names);
                if self.registers_early() {
                    grants.extend(registering(Grantee::Governor, &Database::Silver, names));
                }
                let readers = self.readers.iter().cloned().map(Grantee::Named);
                let rights = |reader: Grantee| {
                    [self.reading_silver(reader.clone(), names), self.reading_gold(reader, names)]
                };
                grants.extend(readers.flat_map(rights).flatten());
                grants
            }
            StackId::Pipeline => {
                let mut grants = registering(Grantee::Commit, &Database::Silver, names);
                if !self.models.is_empty() {
                    grants.extend(self.modelling(names));
                    grants.extend(altering(Grantee::Upkeep, &Database::Gold, names));
                }
                grants
            }
            StackId::Zone(zone) => {
                let database = Database::Zone(zone.clone());
                let mut grants = registering(Grantee::Crawler, &database, names);
                grants.extend(keeping(Grantee::Sync, &database, names));
                let principals = self.zone(zone).map(|zone| zone.principals.clone()).unwrap_or_default();
                for reader in
                    std::iter::once(Grantee::Reader).chain(principals.into_iter().map(Grantee::Named))
                {
                    grants.extend(reading(reader.clone(), &database, names));
                    grants.extend(self.sharing(&reader, zone, names));
                }
                grants
            }
            StackId::Foundation | StackId::Consumption => Vec::new(),
        }
    }
}

impl Lake {
    /// Whether grants or tags name tables of silver, so that these must be registered before.
    pub fn registers_early(&self) -> bool {
        self.hides_from_readers()
            || self.tables.iter().any(crate::Table::is_tagged)
            || self.zones.iter().any(|zone| zone.shares().next().is_some())
    }

    /// Whether the lake's own readers see its models.
    pub fn shows_gold(&self) -> bool {
        !self.models.is_empty() && !self.hides_from_readers()
    }

    /// Whether the lake's own readers may not see every column.
    fn hides_from_readers(&self) -> bool {
        let hides = |table: &crate::Table| !table.uncleared(self.clearance).is_empty();
        !self.readers.is_empty() && self.tables.iter().any(hides)
    }

    /// The tables of silver that a stack registers, since its grants or tags name them, in the order of
    /// the lake.
    pub fn registered_by(&self, stack: &StackId) -> Vec<&crate::Table> {
        match stack {
            StackId::Storage if self.hides_from_readers() => self.tables.iter().collect(),
            StackId::Storage => self.tables.iter().filter(|table| table.is_tagged()).collect(),
            StackId::Zone(zone) => {
                let zone = self.zone(zone);
                let shares = zone.into_iter().flat_map(|zone| zone.shares());
                shares.filter_map(|share| self.table(&share.name)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What makes models registers their tables. Athena asks whether whoever sends it a statement may read what
    /// the statement reads.
    fn modelling(&self, names: &Names) -> Vec<Grant<Grantee>> {
        let mut grants = registering(Grantee::Model, &Database::Gold, names);
        if self.asks_athena() {
            for grant in grants.iter_mut().filter(|grant| matches!(grant.resource, Governed::Tables { .. })) {
                grant.permissions.insert(Permission::Select);
            }
            grants.extend(reading(Grantee::Model, &Database::Silver, names));
        }
        grants
    }

    /// Silver as a whole, or table by table the columns that the lake's readers are cleared for.
    fn reading_silver(&self, reader: Grantee, names: &Names) -> Vec<Grant<Grantee>> {
        if !self.hides_from_readers() {
            return reading(reader, &Database::Silver, names);
        }
        let cleared = |table: &crate::Table| {
            let seen = |column: &&crate::Column| table.pii_of(&column.name) <= self.clearance;
            let columns: BTreeSet<String> = table
                .newest_layout()
                .in_silver()
                .filter(seen)
                .map(|column| column.name.to_string())
                .collect();
            (table.name.to_string(), columns)
        };
        let tables = self.tables.iter().map(cleared).collect();
        reading_columns(reader, tables, names)
    }

    /// All of gold. Nobody knows which columns of silver went into which of gold, so whoever may not see
    /// every column of silver sees nothing of gold.
    fn reading_gold(&self, reader: Grantee, names: &Names) -> Vec<Grant<Grantee>> {
        if self.shows_gold() { reading(reader, &Database::Gold, names) } else { Vec::new() }
    }

    /// The tables of silver that a zone shares, by the columns that it sees, or by a filter that shows some
    /// rows of these.
    fn sharing(&self, reader: &Grantee, zone: &crate::ZoneName, names: &Names) -> Vec<Grant<Grantee>> {
        let Some(zone) = self.zone(zone) else { return Vec::new() };
        let shares = || self.views(zone).filter(|view| view.mode == crate::Mode::Share);
        let columns = |view: crate::View| {
            let columns = view.shown().map(|(column, ..)| column.name.to_string()).collect();
            (view.table.name.to_string(), columns)
        };
        if shares().next().is_none() {
            return Vec::new();
        }
        let tables = shares().filter(|view| view.rows.is_none()).map(columns).collect();
        let mut grants = reading_columns(reader.clone(), tables, names);
        let filters = shares().filter_map(|view| crate::CellsFilter::of(zone, &view, names));
        grants.extend(filters.map(|it| grant(reader.clone(), it.governed(), [Permission::Select])));
        grants
    }
}

/// What it takes to query columns of tables of silver. They are named, so that a column which comes
/// later is seen by nobody before a deployment says so. Who may select may describe.
fn reading_columns(
    principal: Grantee,
    tables: Vec<(String, BTreeSet<String>)>,
    names: &Names,
) -> Vec<Grant<Grantee>> {
    let database = names.database(&Database::Silver);
    let mut grants =
        vec![grant(principal.clone(), Governed::Database { name: database.clone() }, [Permission::Describe])];
    let named = tables.into_iter().filter(|(_, columns)| !columns.is_empty());
    grants.extend(named.map(|(name, columns)| {
        let table = Governed::Table { database: database.clone(), name, columns: Columns::Only(columns) };
        grant(principal.clone(), table, [Permission::Select])
    }));
    grants
}

/// What it takes to register tables and partitions, and to look them up again.
fn registering(principal: Grantee, database: &Database, names: &Names) -> Vec<Grant<Grantee>> {
    use Permission::{Alter, CreateTable, DataLocationAccess, Describe, Insert};
    let name = names.database(database);
    vec![
        grant(principal.clone(), Governed::Database { name: name.clone() }, [CreateTable, Describe]),
        grant(principal.clone(), Governed::Tables { database: name }, [Alter, Describe, Insert]),
        grant(principal, location(database, names), [DataLocationAccess]),
    ]
}

/// What it takes to change tables that others registered.
fn altering(principal: Grantee, database: &Database, names: &Names) -> Vec<Grant<Grantee>> {
    use Permission::{Alter, DataLocationAccess, Describe};
    let name = names.database(database);
    vec![
        grant(principal.clone(), Governed::Database { name: name.clone() }, [Describe]),
        grant(principal.clone(), Governed::Tables { database: name }, [Alter, Describe]),
        grant(principal, location(database, names), [DataLocationAccess]),
    ]
}

/// What it takes to register them, and to take tables and partitions out again.
fn keeping(principal: Grantee, database: &Database, names: &Names) -> Vec<Grant<Grantee>> {
    let mut grants = registering(principal, database, names);
    for grant in grants.iter_mut().filter(|grant| matches!(grant.resource, Governed::Tables { .. })) {
        grant.permissions.extend([Permission::Delete, Permission::Drop]);
    }
    grants
}

/// What it takes to query every table of a database. A zone's database holds the zone's tables and
/// nothing else, so the grant need not name them, and stands before the first one is registered.
fn reading(principal: Grantee, database: &Database, names: &Names) -> Vec<Grant<Grantee>> {
    use Permission::{Describe, Select};
    let name = names.database(database);
    vec![
        grant(principal.clone(), Governed::Database { name: name.clone() }, [Describe]),
        grant(principal, Governed::Tables { database: name }, [Describe, Select]),
    ]
}

fn grant<const N: usize>(
    principal: Grantee,
    resource: Governed,
    permissions: [Permission; N],
) -> Grant<Grantee> {
    Grant { principal, resource, permissions: permissions.into(), grantable: false }
}

fn location(database: &Database, names: &Names) -> Governed {
    let bucket = match database {
        Database::Silver => Bucket::Silver,
        Database::Gold => Bucket::Gold,
        Database::Zone(zone) => Bucket::Zone(zone.clone()),
    };
    Governed::Location { arn: format!("arn:${{AWS::Partition}}:s3:::{}", names.bucket(&bucket)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{EnvironmentName, LakeName, ZoneName};

    fn names() -> Names {
        Names::for_template(LakeName::new("shop").unwrap(), EnvironmentName::new("dev").unwrap())
    }

    fn lake() -> Lake {
        serde_json::from_value(json!({
            "name": "shop", "description": "", "environment": {"name": "dev", "protected": false},
            "schedule": {"daily": null, "on_arrival": false}, "tables": [], "zones": [],
        }))
        .unwrap()
    }

    #[test]
    fn only_a_reader_may_read_rows_and_only_in_its_zone() {
        let zone = StackId::Zone(ZoneName::new("data-science").unwrap());
        for stack in
            [StackId::Foundation, StackId::Storage, StackId::Pipeline, StackId::Consumption, zone.clone()]
        {
            for grant in lake().grants(&stack, &names()) {
                if grant.permissions.contains(&Permission::Select) {
                    assert_eq!((&stack, &grant.principal), (&zone, &Grantee::Reader));
                    assert_eq!(grant.resource.database(), Some("shop_dev_data_science"));
                }
                assert!(!grant.grantable && !grant.permissions.contains(&Permission::All), "{grant:?}");
            }
        }
    }

    #[test]
    fn who_makes_models_reads_rows_by_athena_only_where_a_model_asks_it() {
        for (engine, reads) in [("datafusion", false), ("athena", true)] {
            let model = json!({
                "name": "days", "sql": "select 1", "inputs": [], "materialise": "replace", "engine": engine,
            });
            let lake = Lake { models: vec![serde_json::from_value(model).unwrap()], ..lake() };
            let grants = lake.grants(&StackId::Pipeline, &names());
            for database in ["shop_dev_silver", "shop_dev_gold"] {
                let is_read = |grant: &Grant<Grantee>| {
                    grant.resource.database() == Some(database)
                        && grant.permissions.contains(&Permission::Select)
                };
                let readers: Vec<_> =
                    grants.iter().filter(|it| is_read(it)).map(|it| &it.principal).collect();
                assert_eq!(
                    readers,
                    if reads { vec![&Grantee::Model] } else { vec![] },
                    "{engine} {database}"
                );
            }
        }
    }

    #[test]
    fn gold_is_granted_only_to_who_may_see_all_of_silver() {
        let table = |pii: &str| {
            json!([{
                "name": "users", "description": "", "files": "users*.csv", "csv": {},
                "layouts": [{"from": null, "columns": [
                    {"name": "id", "type": "int64", "format": "iso", "required": true},
                    {"name": "mail", "type": "string", "format": "iso", "required": false, "pii": pii},
                ]}],
            }])
        };
        for (pii, granted) in [("none", true), ("high", false)] {
            let mut lake = lake();
            lake.readers = vec![PrincipalArn::new("role/Analyst").unwrap()];
            lake.tables = serde_json::from_value(table(pii)).unwrap();
            let model =
                json!({"name": "cities", "sql": "select 1", "inputs": ["users"], "materialise": "replace"});
            lake.models = vec![serde_json::from_value(model).unwrap()];
            let grants = lake.grants(&StackId::Storage, &names());
            let reads = |grant: &Grant<Grantee>| {
                matches!(grant.principal, Grantee::Named(_))
                    && grant.resource.database() == Some("shop_dev_gold")
            };
            assert_eq!(grants.iter().any(reads), granted, "{pii}");
        }
    }
}

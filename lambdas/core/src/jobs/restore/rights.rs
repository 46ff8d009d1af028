//! Rights and tags that somebody gave beside the deployment; and what the deployment should have given.
//!
//! What the lake's file means is the deployment's: were it given back here, a right that a newer file
//! took away would come back with it. Roles of the lake bear other endings after another deployment,
//! so theirs are compared without them.

use std::collections::{BTreeMap, BTreeSet};

use tarn_lake::{CellsFilter, Governed, Grantee, Lake, Names, Permission, StackId};

use super::{Under, document, lines};
use crate::Result;
use crate::jobs::backup::{Governance, SettingsOfSet, TagOfColumn, TagsOfSet, is_role_of, part};
use crate::ports::{Right, TableColumn, WHOM_IAM_ALLOWS};

/// Whose a right is, on what, and which.
type Meant = (String, Governed, Permission);

impl Under<'_> {
    pub(super) async fn govern(&mut self, governance: Governance<'_>) -> Result<()> {
        self.rights(governance).await?;
        self.filters(governance).await?;
        self.tags(governance).await?;
        self.settings(governance).await
    }

    async fn rights(&mut self, governance: Governance<'_>) -> Result<()> {
        let there: BTreeSet<Right> =
            governance.rights_of(&self.now, self.job.names).await?.into_iter().collect();
        let meant = named(&self.then, &self.from);
        let still_meant = named(&self.now, self.job.names);
        let ours: BTreeSet<Meant> =
            there.iter().filter_map(|right| self.of_role(right, self.job.names)).collect();
        let mut missing: BTreeMap<String, BTreeSet<Right>> = BTreeMap::new();
        for right in lines::<Right>(self.set, part::RIGHTS)? {
            let is_meant = meant.contains(&words(&right));
            let role = self.of_role(&right, &self.from);
            let right = self.renamed.right(right);
            match role {
                Some((stem, _, permission)) => {
                    let stem = stem.replacen(&self.from.prefix(), &self.job.names.prefix(), 1);
                    if !ours.contains(&(stem.clone(), right.resource.clone(), permission)) {
                        self.done.lacks.push(told(&stem, &right));
                    }
                }
                None if there.contains(&right) => self.done.rights.same += 1,
                None if right.principal == WHOM_IAM_ALLOWS => {
                    self.done.rights.keep(told("whoever IAM allows", &right));
                }
                None if is_meant && still_meant.contains(&words(&right)) => {
                    self.done.lacks.push(told(&right.principal, &right));
                }
                None if is_meant => self.done.rights.keep(told(&right.principal, &right)),
                None => drop(missing.entry(right.principal.clone()).or_default().insert(right)),
            }
        }
        for (principal, rights) in missing {
            self.grant(governance, &principal, &rights).await;
        }
        Ok(())
    }

    /// Somebody who is gone is no reason to leave the others without.
    async fn grant(&mut self, governance: Governance<'_>, principal: &str, rights: &BTreeSet<Right>) {
        let granted = match self.job.dry_run {
            true => Ok(()),
            false => governance.rights.grant(rights).await,
        };
        match granted {
            Ok(()) => self.done.rights.written += rights.len() as u64,
            Err(error) => self.done.failed.push(format!("rights of {principal}: {}", error.chain())),
        }
    }

    /// A right of a role that a stack made, by the role's name without what CloudFormation appends.
    fn of_role(&self, right: &Right, names: &Names) -> Option<Meant> {
        let name = right.principal.rsplit('/').next().filter(|_| is_role_of(&right.principal, names))?;
        let governor = names.govern_role();
        let stem = match name == governor {
            true => governor.strip_suffix(names.region()).unwrap_or(&governor),
            false => name.rsplit_once('-').map_or(name, |(stem, _)| stem),
        };
        Some((stem.to_owned(), right.resource.clone(), right.permission))
    }

    async fn filters(&mut self, governance: Governance<'_>) -> Result<()> {
        let there = self.now.all_filters(self.job.names);
        for filter in lines::<CellsFilter>(self.set, part::FILTERS)? {
            let name = filter.name.replacen(&self.from.prefix(), &self.job.names.prefix(), 1);
            let database = self.renamed.database(&filter.database);
            let wanted = CellsFilter { database, name, ..filter };
            let is_meant = there.iter().any(|other| other.governed() == wanted.governed());
            if !is_meant || governance.filters.found(&wanted).await?.is_none() {
                self.done
                    .lacks
                    .push(format!("the filter {} of {}.{}", wanted.name, wanted.database, wanted.table));
            }
        }
        Ok(())
    }

    async fn tags(&mut self, governance: Governance<'_>) -> Result<()> {
        let set: TagsOfSet = document(self.set, part::TAGS)?;
        let key = self.job.names.pii_tag();
        let values = governance.tags.values(&key).await?.unwrap_or_default();
        let meant = tagged(&self.then, &self.from);
        let mut by_table: BTreeMap<String, Vec<TagOfColumn>> = BTreeMap::new();
        for TagOfColumn { column, value } in set.columns {
            let is_meant = meant.get(&column) == Some(&value);
            let column = TableColumn { database: self.renamed.database(&column.database), ..column };
            if is_meant && !tagged(&self.now, self.job.names).contains_key(&column) {
                self.done.tags.keep(shown(&column, &value));
            } else {
                by_table.entry(column.table.clone()).or_default().push(TagOfColumn { column, value });
            }
        }
        for columns in by_table.into_values() {
            self.tags_of_table(governance, &key, &values, columns).await?;
        }
        Ok(())
    }

    async fn tags_of_table(
        &mut self,
        governance: Governance<'_>,
        key: &str,
        values: &BTreeSet<String>,
        wanted: Vec<TagOfColumn>,
    ) -> Result<()> {
        let columns: BTreeSet<TableColumn> = wanted.iter().map(|it| it.column.clone()).collect();
        let there = match values.is_empty() {
            true => Ok(BTreeMap::new()),
            false => governance.tags.assigned(key, &columns).await,
        };
        let there = match there {
            Ok(there) => there,
            // A column that is in the set and not in the table any more.
            Err(error) => {
                self.done.failed.push(format!("tags of {}: {}", shown_all(&columns), error.chain()));
                return Ok(());
            }
        };
        let still_meant = tagged(&self.now, self.job.names);
        for TagOfColumn { column, value } in wanted {
            let what = shown(&column, &value);
            match there.get(&column) {
                Some(has) if *has == value => self.done.tags.same += 1,
                Some(_) if !self.job.force => self.done.tags.keep(what),
                _ if still_meant.contains_key(&column) => self.done.lacks.push(format!("the tag {what}")),
                _ if !values.contains(&value) => {
                    self.done.failed.push(format!("{key} has no value for {what}"))
                }
                _ => {
                    if !self.job.dry_run {
                        governance.tags.assign(key, &value, &[column].into()).await?;
                    }
                    self.done.tags.written += 1;
                }
            }
        }
        Ok(())
    }

    /// Administrators and locations come with a deployment; that they are there is all that is looked at.
    async fn settings(&mut self, governance: Governance<'_>) -> Result<()> {
        let set: SettingsOfSet = document(self.set, part::SETTINGS)?;
        for arn in set.locations.keys().map(|arn| self.renamed.text(arn)) {
            if governance.locations.role_of(&arn).await?.is_none() {
                self.done.lacks.push(format!("the location {arn}"));
            }
        }
        Ok(())
    }
}

fn words(right: &Right) -> Meant {
    (whose(&right.principal).to_owned(), right.resource.clone(), right.permission)
}

/// An ARN of IAM from its account on: which partition of AWS it is in, a lake's file need not say.
fn whose(principal: &str) -> &str {
    principal.split_once(":iam::").map_or(principal, |(_, whose)| whose)
}

/// The rights of those whom a lake's file names.
fn named(lake: &Lake, names: &Names) -> BTreeSet<Meant> {
    let zones = lake.zones.iter().map(|zone| StackId::Zone(zone.name.clone()));
    let mut meant = BTreeSet::new();
    for stack in StackId::SHARED.into_iter().chain(zones) {
        for grant in lake.grants(&stack, names) {
            if let Grantee::Named(arn) = &grant.principal {
                let arn = arn.for_template().1.replace("${AWS::AccountId}", names.account());
                let each = grant.permissions.iter();
                meant.extend(each.map(|which| (whose(&arn).to_owned(), grant.resource.clone(), *which)));
            }
        }
    }
    meant
}

/// The tags that a lake's file means.
fn tagged(lake: &Lake, names: &Names) -> BTreeMap<TableColumn, String> {
    let tables = lake.tags(names).into_iter();
    tables
        .flat_map(|it| {
            let (database, table) = (it.database, it.name);
            it.columns.into_iter().map(move |(column, value)| {
                (TableColumn { database: database.clone(), table: table.clone(), column }, value)
            })
        })
        .collect()
}

fn told(who: &str, right: &Right) -> String {
    let on = match &right.resource {
        Governed::Location { arn } => arn.clone(),
        Governed::Table { database, name, .. } => format!("{database}.{name}"),
        Governed::Filter { database, table, name } => format!("{name} of {database}.{table}"),
        Governed::Tables { database } => format!("the tables of {database}"),
        Governed::Database { name } => name.clone(),
    };
    format!("{} on {on} for {who}", right.permission.name())
}

fn shown(column: &TableColumn, value: &str) -> String {
    format!("{}.{}.{}: {value}", column.database, column.table, column.column)
}

fn shown_all(columns: &BTreeSet<TableColumn>) -> String {
    columns.iter().map(|it| format!("{}.{}", it.table, it.column)).collect::<Vec<_>>().join(", ")
}

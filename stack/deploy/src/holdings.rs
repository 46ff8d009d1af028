//! What Lake Formation holds over a part of a lake, beside what the lake says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use tarn_lake::{Bucket, Governed, Grant, Grantee, Lake, Names, Permission, StackId};

/// One right of one principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Held {
    /// An ARN, or `IAM_ALLOWED_PRINCIPALS`.
    pub principal: String,
    /// On what.
    pub resource: Governed,
    /// Which.
    pub permission: Permission,
}

/// What is held, compared with what is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// How many rights the lake says.
    pub wanted: usize,
    /// Those of them that nobody holds.
    pub missing: Vec<Held>,
    /// What roles of the lake hold beyond.
    pub surplus: Vec<Held>,
    /// What whoever IAM allows holds: it makes every other right idle.
    pub open: Vec<Held>,
    /// What others hold on the lake's databases, given by others.
    pub strangers: Vec<Held>,
}

/// Whom Lake Formation lets in until somebody governs.
const WHOEVER: &str = "IAM_ALLOWED_PRINCIPALS";

/// The account that a lake stands in, as far as its grants need it.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    names: &'a Names,
    partition: &'static str,
}

impl<'a> Ground<'a> {
    /// The account and the region that the names are for.
    pub fn of(names: &'a Names) -> Self {
        let partition = match names.region() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self { names, partition }
    }

    /// The ARN of a bucket.
    pub fn bucket(&self, bucket: &Bucket) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.names.bucket(bucket))
    }

    /// A text of a template as CloudFormation would write it.
    pub fn resolved(&self, text: &str) -> String {
        let text = text.replace("${AWS::Partition}", self.partition);
        text.replace("${AWS::AccountId}", self.names.account())
    }

    /// The ARN of a role.
    pub fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.names.account())
    }
}

/// The grants of a stack, with roles by their ARNs; `roles` has those of the stack by what its template
/// calls them. The name of a role that is not there is an error.
pub fn granted_by(
    lake: &Lake,
    stack: &StackId,
    ground: Ground<'_>,
    roles: &BTreeMap<String, String>,
) -> Result<Vec<Grant<String>>, String> {
    let principal = |grantee: &Grantee| match (grantee, grantee.role()) {
        (Grantee::Named(arn), _) => Ok(ground.resolved(&arn.for_template().1)),
        (Grantee::Governor, _) => Ok(ground.role(&ground.names.govern_role())),
        (_, Some(role)) => roles.get(role).cloned().ok_or_else(|| format!("the stack {stack} has no {role}")),
        (_, None) => Err(format!("the stack {stack} has no role for {grantee:?}")),
    };
    let resource = |resource: Governed| match resource {
        Governed::Location { arn } => Governed::Location { arn: ground.resolved(&arn) },
        other => other,
    };
    let each = lake.grants(stack, ground.names).into_iter().map(|grant| {
        let Grant { principal: grantee, resource: on, permissions, grantable } = grant;
        Ok(Grant { principal: principal(&grantee)?, resource: resource(on), permissions, grantable })
    });
    each.collect()
}

/// Compares what the lake says of a part with what stands in the account.
pub fn holdings(grants: &[Grant<String>], ours: &BTreeSet<String>, standing: &BTreeSet<Held>) -> Holdings {
    let wanted: BTreeSet<Held> = grants.iter().flat_map(rights).collect();
    let databases: BTreeSet<&str> = wanted.iter().filter_map(|held| held.resource.database()).collect();
    let is_here = |held: &Held| held.resource.database().is_some_and(|name| databases.contains(name));
    let beyond: Vec<&Held> = standing.difference(&wanted).collect();
    let some = |keep: &dyn Fn(&Held) -> bool| {
        beyond.iter().filter(|held| keep(held)).map(|held| (*held).clone()).collect()
    };
    Holdings {
        wanted: wanted.len(),
        missing: wanted.difference(standing).cloned().collect(),
        surplus: some(&|held| ours.contains(&held.principal) && !is_of_its_maker(held, &wanted)),
        open: some(&|held| held.principal == WHOEVER && is_here(held)),
        strangers: some(&|held| {
            is_here(held) && held.principal != WHOEVER && !ours.contains(&held.principal)
        }),
    }
}

/// Lake Formation gives every right on a table to who registers it.
fn is_of_its_maker(held: &Held, wanted: &BTreeSet<Held>) -> bool {
    let Governed::Table { database, .. } = &held.resource else { return false };
    let resource = Governed::Database { name: database.clone() };
    wanted.contains(&Held {
        principal: held.principal.clone(),
        resource,
        permission: Permission::CreateTable,
    })
}

fn rights(grant: &Grant<String>) -> impl Iterator<Item = Held> {
    grant.permissions.iter().map(|permission| Held {
        principal: grant.principal.clone(),
        resource: grant.resource.clone(),
        permission: *permission,
    })
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { principal, resource, permission } = self;
        write!(f, "{principal} has {} on ", permission.name())?;
        match resource {
            Governed::Database { name } => write!(f, "the database {name}"),
            Governed::Tables { database } => write!(f, "all tables of {database}"),
            Governed::Table { database, name, .. } => write!(f, "the table {database}.{name}"),
            Governed::Filter { database, table, name } => {
                write!(f, "the filter {name} of {database}.{table}")
            }
            Governed::Location { arn } => write!(f, "{arn}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tarn_lake::{EnvironmentName, LakeName, ZoneName};

    use super::*;

    fn names() -> Names {
        let (lake, environment) = (LakeName::new("shop").unwrap(), EnvironmentName::new("dev").unwrap());
        Names::new(lake, environment, "123456789012", "eu-west-1")
    }

    fn roles() -> BTreeMap<String, String> {
        let names = names();
        let ground = Ground::of(&names);
        ["CrawlerRole", "SyncRole", "ReaderRole"].map(|role| (role.to_owned(), ground.role(role))).into()
    }

    fn zone_grants() -> Vec<Grant<String>> {
        let lake: Lake = serde_json::from_value(json!({
            "name": "shop", "description": "", "environment": {"name": "dev", "protected": false},
            "schedule": {"daily": null, "on_arrival": false}, "tables": [], "zones": [],
            "readers": ["role/Ana"],
        }))
        .unwrap();
        let (names, zone) = (names(), StackId::Zone(ZoneName::new("ads").unwrap()));
        let ground = Ground::of(&names);
        assert!(granted_by(&lake, &zone, ground, &BTreeMap::new()).unwrap_err().contains("CrawlerRole"));
        let silver = granted_by(&lake, &StackId::Storage, ground, &roles()).unwrap();
        assert!(silver.iter().any(|grant| grant.principal == "arn:aws:iam::123456789012:role/Ana"));
        granted_by(&lake, &zone, ground, &roles()).unwrap()
    }

    fn all() -> BTreeSet<Held> {
        zone_grants().iter().flat_map(rights).collect()
    }

    fn ours() -> BTreeSet<String> {
        roles().into_values().collect()
    }

    fn held(principal: &str, resource: Governed, permission: Permission) -> Held {
        Held { principal: principal.into(), resource, permission }
    }

    #[test]
    fn what_stands_as_meant_is_neither_missing_nor_surplus() {
        let found = holdings(&zone_grants(), &ours(), &all());
        assert_eq!(found, Holdings { wanted: all().len(), ..Holdings::default() });
        let arns = all().into_iter().filter_map(|held| match held.resource {
            Governed::Location { arn } => Some(arn),
            _ => None,
        });
        assert!(arns.into_iter().all(|arn| arn == "arn:aws:s3:::shop-dev-ads-123456789012-eu-west-1"));
    }

    #[test]
    fn each_right_that_is_taken_away_is_missed() {
        for right in all() {
            let mut standing = all();
            standing.remove(&right);
            assert_eq!(holdings(&zone_grants(), &ours(), &standing).missing, [right]);
        }
    }

    #[test]
    fn what_is_beyond_is_told_by_whose_it_is() {
        let tables = |database: &str| Governed::Tables { database: database.into() };
        let (reader, sync) = (roles()["ReaderRole"].clone(), roles()["SyncRole"].clone());
        let table = Governed::Table {
            database: "shop_dev_ads".into(),
            name: "events".into(),
            columns: tarn_lake::Columns::All,
        };
        let surplus = held(&reader, tables("shop_dev_hr"), Permission::Select);
        let open = held(WHOEVER, Governed::Database { name: "shop_dev_ads".into() }, Permission::All);
        let stranger = held("arn:ben", tables("shop_dev_ads"), Permission::Select);
        let elsewhere = held("arn:ben", tables("somebody_elses"), Permission::Select);
        let makers = held(&sync, table.clone(), Permission::Drop);
        let mut standing = all();
        standing.extend([surplus.clone(), open.clone(), stranger.clone(), elsewhere, makers]);
        let found = holdings(&zone_grants(), &ours(), &standing);
        assert_eq!((found.surplus, found.open), (vec![surplus], vec![open]));
        assert_eq!((found.strangers, found.missing), (vec![stranger], vec![]));
        let readers = held(&reader, table, Permission::Drop);
        let found = holdings(&zone_grants(), &ours(), &[readers.clone()].into());
        assert_eq!(found.surplus, [readers], "who may register nothing is no maker of a table");
    }
}

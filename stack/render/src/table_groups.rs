//! A zone's tables in portions that fit into one policy each.
//!
//! A role's own policies hold 10,240 characters together, a managed policy 6,144, and ten of these
//! can be attached (source: the quotas of IAM). The first portion stands in the role, every other in
//! a managed policy. A table that is added at the end changes the last portion only.

use serde::Serialize;
use tarn_lake::TableName;

/// What the tables may take in a role's own policy, beside its other statements.
const IN_ROLE: usize = 5_500;
/// What they may take in a managed policy.
const IN_POLICY: usize = 5_500;
/// What a table takes beside its name: the ARN of its folder, and a prefix to list.
const PER_TABLE: usize = 135;

/// The tables of a zone, in the order of its list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TableGroups {
    /// Those that the roles' own policies name.
    first: Vec<String>,
    /// Those of each managed policy.
    more: Vec<Vec<String>>,
}

impl TableGroups {
    /// Fills one portion after the other.
    pub fn of<'t>(tables: impl IntoIterator<Item = &'t TableName>) -> Self {
        let mut groups: Vec<Vec<String>> = vec![Vec::new()];
        let mut free = IN_ROLE;
        for table in tables {
            let size = PER_TABLE + 2 * table.as_str().len();
            if size > free {
                groups.push(Vec::new());
                free = IN_POLICY;
            }
            free -= size;
            groups.last_mut().into_iter().for_each(|group| group.push(table.to_string()));
        }
        let more = groups.split_off(1);
        Self { first: groups.pop().unwrap_or_default(), more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(count: usize) -> Vec<TableName> {
        (0..count).map(|n| TableName::new(format!("table_{n:03}")).unwrap()).collect()
    }

    #[test]
    fn few_tables_need_no_further_policy() {
        let groups = TableGroups::of(&tables(30));
        assert_eq!((groups.first.len(), groups.more.len()), (30, 0));
    }

    #[test]
    fn a_table_at_the_end_changes_the_last_portion_only() {
        for count in 1..200 {
            let (before, after) = (TableGroups::of(&tables(count)), TableGroups::of(&tables(count + 1)));
            let flat = |groups: &TableGroups| groups.more.concat().len() + groups.first.len();
            assert_eq!((flat(&before), flat(&after)), (count, count + 1));
            let untouched = before.more.len().saturating_sub(1);
            assert_eq!(before.more[..untouched], after.more[..untouched]);
        }
    }
}

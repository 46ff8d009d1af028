//! Whether a change makes CloudFormation take a resource away and put another in its place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Whether a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Replacement {
    /// It is changed in place.
    No,
    /// That depends on what else is changed.
    Maybe,
    /// There will be another one.
    Yes,
}

/// It holds nothing, but when it goes it takes what is in its bucket along.
const EMPTY_BUCKET: &str = "Custom::EmptyBucket";

#[derive(Deserialize)]
struct Table {
    types: BTreeMap<String, CreateOnly>,
}

/// Properties that a resource has from its creation on.
#[derive(Deserialize)]
struct CreateOnly {
    always: Vec<String>,
    sometimes: Vec<String>,
}

#[allow(clippy::expect_used, reason = "the text is part of the program, and a test reads it")]
static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(include_str!("create_only.json")).expect("create_only.json"));

/// Whether a change of these properties replaces a resource of a type, and which of them do.
pub fn replacement(kind: &str, changed: &[String]) -> (Replacement, Vec<String>) {
    if kind == EMPTY_BUCKET {
        return of(&["BucketName".to_owned()], changed, Replacement::Yes);
    }
    let Some(table) = TABLE.types.get(kind) else { return (Replacement::No, Vec::new()) };
    match of(&table.always, changed, Replacement::Yes) {
        (Replacement::No, _) => of(&table.sometimes, changed, Replacement::Maybe),
        replaced => replaced,
    }
}

fn of(create_only: &[String], changed: &[String], which: Replacement) -> (Replacement, Vec<String>) {
    let is_touched = |path: &&String| create_only.iter().any(|only| touches(path, only));
    let because: Vec<String> = changed.iter().filter(is_touched).cloned().collect();
    if because.is_empty() { (Replacement::No, because) } else { (which, because) }
}

/// Whether one of two properties is the other, or a part of it. `*` is any element of a list.
fn touches(path: &str, only: &str) -> bool {
    path.split('/').zip(only.split('/')).all(|(part, only)| part == only || only == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(kind: &str, path: &str) -> Replacement {
        replacement(kind, &["Tags/0/Value".into(), path.into()]).0
    }

    #[test]
    fn what_cannot_be_changed_in_place_is_replaced() {
        for (kind, path, wanted) in [
            ("AWS::S3::Bucket", "BucketName", Replacement::Yes),
            ("AWS::S3::Bucket", "VersioningConfiguration/Status", Replacement::No),
            ("AWS::Glue::Table", "TableInput", Replacement::Yes),
            ("AWS::Glue::Table", "TableInput/Name", Replacement::Yes),
            ("AWS::Glue::Table", "TableInput/Description", Replacement::No),
            ("AWS::DynamoDB::Table", "KeySchema/0/AttributeName", Replacement::Maybe),
            ("Custom::EmptyBucket", "BucketName", Replacement::Yes),
            ("Custom::EmptyBucket", "ServiceTimeout", Replacement::No),
            ("Custom::Other", "Name", Replacement::No),
        ] {
            assert_eq!(replaced(kind, path), wanted, "{kind} {path}");
        }
    }

    #[test]
    fn every_type_that_holds_data_is_known() {
        for kind in tarn_lake::DATA_BEARING.iter().filter(|kind| **kind != EMPTY_BUCKET) {
            assert!(TABLE.types.contains_key(*kind), "{kind}");
        }
    }
}

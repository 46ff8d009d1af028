//! Grants as a template says them: a role of the stack by its logical id, names that hold the account
//! inside `Fn::Sub`.

use serde::Serialize;
use serde_json::{Value, json};
use tarn_lake::{Bucket, Column, Database, Governed, Grant, Grantee, Names, Permission, PrincipalArn, Table};

/// An entry of the list of a stack.
#[derive(Debug, Serialize)]
pub(crate) struct GrantContext {
    principal: Value,
    resource: Value,
    permissions: Vec<Permission>,
    grantable: bool,
}

impl GrantContext {
    /// `governor` is the export that has the role which grants.
    pub(crate) fn of(grant: Grant<Grantee>, governor: &str) -> Self {
        let resource = match &grant.resource {
            Governed::Location { arn } => json!({"Location": {"Arn": {"Fn::Sub": arn}}}),
            other => json!(other),
        };
        let permissions = grant.permissions.into_iter().collect();
        Self {
            principal: principal(grant.principal, governor),
            resource,
            permissions,
            grantable: grant.grantable,
        }
    }
}

/// A table that is granted by name, and so must be registered before: as Commit registers it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RegisteredTable {
    database: String,
    name: String,
    description: String,
    location: Value,
    columns: Vec<[String; 2]>,
    partition_keys: Vec<[String; 2]>,
}

impl RegisteredTable {
    pub(crate) fn of(table: &Table, names: &Names) -> Self {
        let column = |column: &Column| [column.name.to_string(), column.kind.glue()];
        let columns = || table.newest_layout().in_silver();
        let folders = table.placement.partition_by.iter();
        let folders = folders.filter_map(|name| columns().find(|column| column.name == *name));
        Self {
            database: names.database(&Database::Silver),
            name: table.name.to_string(),
            description: table.description.clone(),
            location: json!({"Fn::Sub": format!("s3://{}/{}/", names.bucket(&Bucket::Silver), table.name)}),
            columns: columns().filter(|found| !table.placement.is_folder(&found.name)).map(column).collect(),
            partition_keys: folders.map(column).collect(),
        }
    }
}

/// A role of the stack by what the template calls it, or whom the file names.
fn principal(grantee: Grantee, governor: &str) -> Value {
    match (grantee.role(), grantee) {
        (Some(id), _) => json!({"Fn::GetAtt": [id, "Arn"]}),
        (None, Grantee::Named(arn)) => named(&arn),
        (None, Grantee::Governor) => json!({"Fn::ImportValue": governor}),
        (None, _) => Value::Null,
    }
}

/// Somebody whom the file names, of any account or of the lake's own.
pub(crate) fn named(arn: &PrincipalArn) -> Value {
    match arn.for_template() {
        (true, text) => json!({"Fn::Sub": text}),
        (false, text) => json!(text),
    }
}

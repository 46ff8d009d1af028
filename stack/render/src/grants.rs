//! Grants as a template says them: a role of the stack by its logical id, names that hold the account
//! inside `Fn::Sub`.

use serde::Serialize;
use serde_json::{Value, json};
use tarn_lake::{Governed, Grant, Grantee, Permission};

/// An entry of the list of a stack.
#[derive(Debug, Serialize)]
pub(crate) struct GrantContext {
    role: &'static str,
    resource: Value,
    permissions: Vec<Permission>,
    grantable: bool,
}

impl GrantContext {
    pub(crate) fn of(grant: Grant<Grantee>) -> Self {
        let resource = match &grant.resource {
            Governed::Location { arn } => json!({"Location": {"Arn": {"Fn::Sub": arn}}}),
            other => json!(other),
        };
        let permissions = grant.permissions.into_iter().collect();
        Self { role: logical_id(grant.principal), resource, permissions, grantable: grant.grantable }
    }
}

/// What the templates call the role.
fn logical_id(grantee: Grantee) -> &'static str {
    match grantee {
        Grantee::Crawler => "CrawlerRole",
        Grantee::Commit => "CommitRole",
        Grantee::Sync => "SyncRole",
        Grantee::Reader => "ReaderRole",
    }
}

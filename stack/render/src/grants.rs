//! Grants as a template says them: a role of the stack by its logical id, names that hold the account
//! inside `Fn::Sub`.

use serde::Serialize;
use serde_json::{Value, json};
use tarn_lake::{Governed, Grant, Grantee, Permission, PrincipalArn};

/// An entry of the list of a stack.
#[derive(Debug, Serialize)]
pub(crate) struct GrantContext {
    principal: Value,
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
        Self { principal: principal(grant.principal), resource, permissions, grantable: grant.grantable }
    }
}

/// A role of the stack by what the template calls it, or whom the file names.
fn principal(grantee: Grantee) -> Value {
    match (grantee.role(), grantee) {
        (Some(id), _) => json!({"Fn::GetAtt": [id, "Arn"]}),
        (None, Grantee::Named(arn)) => named(&arn),
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

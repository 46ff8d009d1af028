//! Everything of a lake is encrypted with one key; who may use a thing must be able to use the key.

use serde_json::Value;

use super::{Found, Template, breach, items, texts};

/// What a right on something encrypted needs of the key. Who puts a part of a large object must
/// also read the data key of the parts before.
const NEEDS: [(&str, &[&str]); 6] = [
    ("s3:GetObject", &["kms:Decrypt"]),
    ("s3:PutObject", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("sqs:ReceiveMessage", &["kms:Decrypt"]),
    ("sqs:SendMessage", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("dynamodb:UpdateItem", &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom"]),
    ("dynamodb:PutItem", &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptTo"]),
];

/// A role has the rights on the key that its other rights come to nothing without.
pub fn key_for_what_is_encrypted(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let rights = rights(role);
        for (right, needed) in NEEDS {
            let missing = needed.iter().filter(|need| rights.contains(&right) && !rights.contains(*need));
            found.extend(missing.map(|need| breach(id, format!("`{right}` needs `{need}`"))));
        }
    }
    found
}

fn rights(role: &Value) -> Vec<&str> {
    let policies = items(&role["Properties"]["Policies"]).iter();
    let statements = policies.flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]));
    let allowed = statements.filter(|statement| statement["Effect"] == "Allow");
    allowed.flat_map(|statement| texts(&statement["Action"])).collect()
}

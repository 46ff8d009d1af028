//! ARNs that a user brings: each kind is a type of its own, so that a policy is never taken for a
//! role.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is no ARN of the kind that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no ARN of {what}: write for example `{example}`")]
pub struct InvalidArn {
    /// What kind of ARN, with its article.
    pub what: &'static str,
    /// What was written.
    pub text: String,
    /// One that is right.
    pub example: &'static str,
}

/// The parts of `arn:partition:service:region:account:resource`.
struct Parts<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (arn, partition) = (next()?, next()?);
    let parts = Parts { service: next()?, region: next()?, account: next()?, resource: next()? };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+=,.@/".contains(&byte);
    let right = arn == "arn" && partition.starts_with("aws") && parts.resource.bytes().all(plain);
    right.then_some(parts)
}

/// Whether a text is an account: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The short form of a principal as an ARN of some account.
fn in_any_account(text: &str) -> String {
    match text.starts_with("arn:") {
        true => text.to_owned(),
        false => format!("arn:aws:iam::000000000000:{text}"),
    }
}

/// Whether a resource is one of a kind, with a name behind the slash.
fn names(resource: &str, kind: &str) -> bool {
    let name = resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.is_empty() && !name.starts_with('/') && !name.ends_with('/'))
}

macro_rules! arn {
    ($(#[$doc:meta])* $name:ident, $what:literal, $example:literal, short: $short:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// One that is right, for messages.
            pub const EXAMPLE: &'static str = $example;

            /// Checks the text.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidArn> {
                let text = text.into();
                let accepts: fn(&Parts<'_>) -> bool = $accepts;
                let whole = if $short { in_any_account(&text) } else { text.clone() };
                let right = parts(&whole).is_some_and(|parts| accepts(&parts));
                if right { Ok(Self(text)) } else { Err(InvalidArn { what: $what, text, example: $example }) }
            }

            /// The ARN as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidArn;
            fn try_from(text: String) -> Result<Self, InvalidArn> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(arn: $name) -> String {
                arn.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

arn!(
    /// Somebody who may act: a role or a user of IAM, by its ARN; `role/NAME` and `user/NAME` are of
    /// the account that the lake is deployed to, whichever that is.
    PrincipalArn, "a role or a user", "arn:aws:iam::123456789012:role/Analyst", short: true,
    |arn| arn.service == "iam" && arn.region.is_empty() && is_account(arn.account)
        && (names(arn.resource, "role") || names(arn.resource, "user"))
);
arn!(
    /// A role of IAM.
    RoleArn, "a role", "arn:aws:iam::123456789012:role/DataLakeAdmin", short: false,
    |arn| arn.service == "iam" && arn.region.is_empty() && is_account(arn.account) && names(arn.resource, "role")
);
arn!(
    /// A managed policy: the account's own, or one of AWS.
    PolicyArn, "a managed policy", "arn:aws:iam::123456789012:policy/TeamBoundary", short: false,
    |arn| arn.service == "iam" && arn.region.is_empty() && (is_account(arn.account) || arn.account == "aws")
        && names(arn.resource, "policy")
);
arn!(
    /// A key of KMS, by its id; an alias could point elsewhere tomorrow.
    KeyArn, "a key of KMS", "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-1111-2222-333344445555", short: false,
    |arn| arn.service == "kms" && !arn.region.is_empty() && is_account(arn.account) && names(arn.resource, "key")
);

impl PrincipalArn {
    /// The ARN as a template says it; in the short form inside `Fn::Sub`.
    pub fn for_template(&self) -> (bool, String) {
        let whole = self.0.starts_with("arn:");
        let account = "arn:${AWS::Partition}:iam::${AWS::AccountId}:";
        (!whole, if whole { self.0.clone() } else { format!("{account}{}", self.0) })
    }
}

impl KeyArn {
    /// The region that the key is in.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_own_only() {
        let (role, user) = (RoleArn::EXAMPLE, "arn:aws:iam::123456789012:user/team/ana");
        let (policy, key) = (PolicyArn::EXAMPLE, KeyArn::EXAMPLE);
        assert!(PrincipalArn::new(role).is_ok() && PrincipalArn::new(user).is_ok());
        assert!(RoleArn::new(role).is_ok() && RoleArn::new(user).is_err());
        assert!(
            PolicyArn::new(policy).is_ok() && PolicyArn::new("arn:aws:iam::aws:policy/PowerUser").is_ok()
        );
        assert_eq!(KeyArn::new(key).unwrap().region(), "eu-west-1");
        for wrong in [role, policy, user] {
            assert!(KeyArn::new(wrong).is_err(), "{wrong}");
        }
        assert!(PrincipalArn::new("role/team/Analyst").is_ok() && RoleArn::new("role/Analyst").is_err());
        let (inside_sub, text) = PrincipalArn::new("user/ana").unwrap().for_template();
        assert!(inside_sub && text == "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/ana");
        assert_eq!(PrincipalArn::new(role).unwrap().for_template(), (false, role.into()));
        assert!(PrincipalArn::new(policy).is_err() && PolicyArn::new(role).is_err());
    }

    #[test]
    fn what_is_nearly_an_arn_is_refused() {
        for text in [
            "",
            "Analyst",
            "arn:aws:iam::12345678901:role/Analyst",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::123456789012:role/${x}",
            "arn:aws:iam:eu-west-1:123456789012:role/Analyst",
            "arn:aws:sts::123456789012:assumed-role/Analyst/ana",
            "arn:aws:iam::123456789012:root",
            "role/",
            "group/analysts",
            "role/${x}",
        ] {
            assert!(PrincipalArn::new(text).is_err(), "{text}");
        }
    }
}

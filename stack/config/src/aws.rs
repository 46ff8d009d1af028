//! `[aws]`: the account and region of a lake, and what the account demands of everything in it.

use tarn_lake::{Architecture, Deployment, InvalidArn, KeyArn, PolicyArn, RoleArn, is_account};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic, word};

const ACCOUNT: Key = Key::optional(
    "account",
    Wants::Text,
    r#"account = "123456789012""#,
    "the only account it may be deployed to",
)
.also(&["account_id"]);
const REGION: Key =
    Key::optional("region", Wants::Text, r#"region = "eu-west-1""#, "the only region it may be deployed to")
        .also(&["aws_region"]);
const ARCHITECTURE: Key = Key::optional(
    "architecture",
    Wants::Text,
    r#"architecture = "arm64""#,
    "the processor that handlers run on, `arm64` or `x86_64`",
)
.also(&["arch", "cpu", "processor"]);
const PERMISSIONS_BOUNDARY: Key = Key::optional(
    "permissions_boundary",
    Wants::Text,
    r#"permissions_boundary = "arn:aws:iam::123456789012:policy/TeamBoundary""#,
    "the policy that bounds every role",
)
.also(&["boundary", "role_boundary"]);
const LAKE_FORMATION_ADMIN: Key = Key::optional(
    "lake_formation_admin",
    Wants::Text,
    r#"lake_formation_admin = "arn:aws:iam::123456789012:role/DataLakeAdmin""#,
    "a role that becomes an administrator of Lake Formation",
)
.also(&["lakeformation_admin", "admin_role"]);
const SERVICE_ROLE: Key = Key::optional(
    "service_role",
    Wants::Text,
    r#"service_role = "arn:aws:iam::123456789012:role/LakeDeployment""#,
    "the role that CloudFormation works under instead of the caller's",
)
.also(&["cloudformation_role", "execution_role", "deploy_role", "role_arn"]);
const KMS_KEY: Key = Key::optional(
    "kms_key",
    Wants::Text,
    r#"kms_key = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-1111-2222-333344445555""#,
    "a key to encrypt with instead of the lake's own",
)
.also(&["key", "key_arn", "encryption_key"]);

/// The keys of `[aws]`.
pub static BLOCK: Block = Block {
    header: "[aws]",
    keys: &[ACCOUNT, REGION, ARCHITECTURE, PERMISSIONS_BOUNDARY, SERVICE_ROLE, LAKE_FORMATION_ADMIN, KMS_KEY],
};

/// The words for them.
pub const ARCHITECTURES: [(&str, Architecture); 2] =
    [("arm64", Architecture::Arm64), ("x86_64", Architecture::X86_64)];

/// What one `[aws]` says.
#[derive(Default)]
pub struct Written {
    account: Option<String>,
    region: Option<String>,
    architecture: Option<Architecture>,
    permissions_boundary: Option<PolicyArn>,
    service_role: Option<RoleArn>,
    lake_formation_admin: Option<RoleArn>,
    kms_key: Option<Spanned<KeyArn>>,
}

/// Reads one `[aws]`.
pub fn read(block: &Reader) -> Written {
    let synonyms = &[
        ("x86", "x86_64"),
        ("amd64", "x86_64"),
        ("x64", "x86_64"),
        ("aarch64", "arm64"),
        ("graviton", "arm64"),
    ];
    Written {
        account: account(block),
        region: region(block),
        architecture: word::read_if_written(block, &ARCHITECTURE, &ARCHITECTURES, synonyms),
        permissions_boundary: arn(block, &PERMISSIONS_BOUNDARY, PolicyArn::new).map(Spanned::into_inner),
        service_role: arn(block, &SERVICE_ROLE, RoleArn::new).map(Spanned::into_inner),
        lake_formation_admin: arn(block, &LAKE_FORMATION_ADMIN, RoleArn::new).map(Spanned::into_inner),
        kms_key: arn(block, &KMS_KEY, KeyArn::new),
    }
}

impl Written {
    /// What this says, and where it says nothing, the other.
    pub fn or(self, general: Self) -> Self {
        Self {
            account: self.account.or(general.account),
            region: self.region.or(general.region),
            architecture: self.architecture.or(general.architecture),
            permissions_boundary: self.permissions_boundary.or(general.permissions_boundary),
            service_role: self.service_role.or(general.service_role),
            lake_formation_admin: self.lake_formation_admin.or(general.lake_formation_admin),
            kms_key: self.kms_key.or(general.kms_key),
        }
    }

    /// The deployment, whose parts must fit together.
    pub fn finish(self, root: &Reader) -> Deployment {
        if let (Some(key), Some(region)) = (&self.kms_key, &self.region)
            && key.get_ref().region() != region
        {
            let title = format!("the key is in `{}`, the lake in `{region}`", key.get_ref().region());
            let fault = Diagnostic::error(Code::Contradiction, key.span(), title);
            let fault = fault.label("a key serves its own region only");
            root.faults.push(fault.help(format!("name a key of `{region}`")));
        }
        Deployment {
            account: self.account,
            region: self.region,
            architecture: self.architecture.unwrap_or_default(),
            permissions_boundary: self.permissions_boundary,
            service_role: self.service_role,
            lake_formation_admin: self.lake_formation_admin,
            kms_key: self.kms_key.map(Spanned::into_inner),
        }
    }
}

fn account(block: &Reader) -> Option<String> {
    let written = block.text_if_written(&ACCOUNT)?;
    if is_account(written.get_ref()) {
        return Some(written.into_inner().to_owned());
    }
    let title = format!("{} is no account", quote(written.get_ref()));
    let fault =
        Diagnostic::error(Code::InvalidValue, written.span(), title).label("an account has 12 digits");
    block.faults.push(fault.help("`aws sts get-caller-identity` shows yours; write it in quotes"));
    None
}

fn region(block: &Reader) -> Option<String> {
    let written = block.text_if_written(&REGION)?;
    if is_region(written.get_ref()) {
        return Some(written.into_inner().to_owned());
    }
    let title = format!("{} is no region", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title)
        .label("a region has an area, a direction and a number, with dashes between");
    block.faults.push(fault.help(format!("write for example `{}`", REGION.example)));
    None
}

/// Whether a text is built like `eu-west-1` or `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    match words.as_slice() {
        [area @ .., number] if (2..=3).contains(&area.len()) => {
            area.iter().all(word) && number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// An ARN of one kind.
pub fn arn<T>(block: &Reader, key: &Key, check: fn(String) -> Result<T, InvalidArn>) -> Option<Spanned<T>> {
    checked_arn(&block.text_if_written(key)?, block, check)
}

/// The same for a text that was read already.
pub fn checked_arn<T>(
    written: &Spanned<&str>,
    block: &Reader,
    check: fn(String) -> Result<T, InvalidArn>,
) -> Option<Spanned<T>> {
    match check((*written.get_ref()).to_owned()) {
        Ok(arn) => Some(Spanned::new(written.span(), arn)),
        Err(refused) => {
            let title = format!("{} is no ARN of {}", quote(written.get_ref()), refused.what);
            let fault = Diagnostic::error(Code::InvalidValue, written.span(), title);
            let fault = fault.label(format!("wanted is the ARN of {}", refused.what));
            block.faults.push(fault.help(format!("write for example `\"{}\"`", refused.example)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn regions_are_known_by_their_shape() {
        for right in ["eu-west-1", "ap-southeast-2", "us-gov-east-1", "cn-north-1"] {
            assert!(is_region(right), "{right}");
        }
        for wrong in ["", "eu", "eu-west", "EU-WEST-1", "eu-west-10", "eu--1", "eu_west_1", "eu-west-1a"] {
            assert!(!is_region(wrong), "{wrong}");
        }
    }
}

//! Roles, and the policies that stand beside them.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyScopeType;

use super::{Listed, named};
use crate::SdkConfig;
use crate::failure::failed;

pub(super) async fn roles(config: &SdkConfig) -> Listed {
    let pages = Client::new(config).list_roles().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing the account's roles"))?;
    Ok(named(all.into_iter().map(|role| Some(role.role_name))))
}

pub(super) async fn policies(config: &SdkConfig) -> Listed {
    let ours = Client::new(config).list_policies().scope(PolicyScopeType::Local);
    let pages = ours.into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing the account's policies"))?;
    Ok(named(all.into_iter().map(|policy| policy.policy_name)))
}

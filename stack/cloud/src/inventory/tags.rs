//! Whatever bears the lake's tags, of all services that keep tags in one place.

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use tarn_deploy::PortError;

use crate::SdkConfig;
use crate::failure::failed;

pub(super) async fn tagged(config: &SdkConfig, tags: &[(String, String)]) -> Result<Vec<String>, PortError> {
    let filters = tags.iter().map(|(key, value)| TagFilter::builder().key(key).values(value).build());
    let call = Client::new(config).get_resources().set_tag_filters(Some(filters.collect()));
    let pages = call.into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await;
    let all = all.map_err(failed("searching the account by the lake's tags"))?;
    Ok(all.into_iter().filter_map(|mapping| mapping.resource_arn).collect())
}

//! What Lake Formation holds: rights of the lake's roles, its buckets, its administrators, its tags.

use aws_sdk_lakeformation::Client;
use aws_sdk_lakeformation::types::{DataLakePrincipal, PrincipalResourcePermissions, Resource};
use tarn_deploy::Thing;

use super::{Listed, last, named};
use crate::SdkConfig;
use crate::failure::failed;

/// Rights of principals that are called like the lake: on whatever, a right is its holder's.
pub(super) async fn grants(config: &SdkConfig, account: &str, base: &str) -> Listed {
    let call = Client::new(config).list_permissions().catalog_id(account);
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing the rights that Lake Formation gave"))?;
        let all = page.principal_resource_permissions.unwrap_or_default();
        found.extend(all.iter().filter_map(grant).filter(|name| name.starts_with(base)).map(Thing::named));
    }
    Ok(found)
}

fn grant(right: &PrincipalResourcePermissions) -> Option<String> {
    let role = last(right.principal.as_ref()?.data_lake_principal_identifier.as_deref()?);
    Some(format!("{role} on {}", right.resource.as_ref().map_or_else(|| "nothing".into(), on)))
}

fn on(resource: &Resource) -> String {
    if let Some(table) = &resource.table {
        let name = table.name.as_deref().unwrap_or("*");
        return format!("{}.{name}", table.database_name);
    }
    if let Some(table) = &resource.table_with_columns {
        return format!("columns of {}.{}", table.database_name, table.name);
    }
    let database = resource.database.as_ref().map(|database| database.name.clone());
    let location = || resource.data_location.as_ref().map(|location| location.resource_arn.clone());
    database.or_else(location).unwrap_or_else(|| "the catalog".into())
}

pub(super) async fn locations(config: &SdkConfig) -> Listed {
    let mut pages = Client::new(config).list_resources().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing the locations of Lake Formation"))?;
        let all = page.resource_info_list.unwrap_or_default().into_iter();
        found.extend(named(all.map(|location| location.resource_arn.as_deref().map(last))));
    }
    Ok(found)
}

pub(super) async fn administrators(config: &SdkConfig, account: &str) -> Listed {
    let sent = Client::new(config).get_data_lake_settings().catalog_id(account).send().await;
    let settings = sent.map_err(failed("reading Lake Formation's settings"))?.data_lake_settings;
    let all = settings.and_then(|settings| settings.data_lake_admins).unwrap_or_default();
    let name = |it: DataLakePrincipal| it.data_lake_principal_identifier.as_deref().map(last);
    Ok(named(all.into_iter().map(name)))
}

pub(super) async fn tags(config: &SdkConfig, account: &str) -> Listed {
    let mut pages = Client::new(config).list_lf_tags().catalog_id(account).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing the tags of Lake Formation"))?;
        found.extend(named(page.lf_tags.unwrap_or_default().into_iter().map(|tag| Some(tag.tag_key))));
    }
    Ok(found)
}

pub(super) async fn filters(config: &SdkConfig) -> Listed {
    let mut pages = Client::new(config).list_data_cells_filter().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing the filters of Lake Formation"))?;
        found.extend(named(page.data_cells_filters.unwrap_or_default().into_iter().map(|it| Some(it.name))));
    }
    Ok(found)
}

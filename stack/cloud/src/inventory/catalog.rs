//! The ledgers, and Glue's databases and crawlers.

use super::{Listed, named};
use crate::SdkConfig;
use crate::failure::failed;

pub(super) async fn ledgers(config: &SdkConfig) -> Listed {
    let client = aws_sdk_dynamodb::Client::new(config);
    let pages = client.list_tables().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing DynamoDB's tables"))?;
    Ok(named(all.into_iter().map(Some)))
}

pub(super) async fn databases(config: &SdkConfig) -> Listed {
    let client = aws_sdk_glue::Client::new(config);
    let mut pages = client.get_databases().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing Glue's databases"))?;
        found.extend(named(page.database_list.into_iter().map(|database| Some(database.name))));
    }
    Ok(found)
}

pub(super) async fn crawlers(config: &SdkConfig) -> Listed {
    let client = aws_sdk_glue::Client::new(config);
    let mut pages = client.get_crawlers().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing Glue's crawlers"))?;
        found.extend(named(page.crawlers.unwrap_or_default().into_iter().map(|crawler| crawler.name)));
    }
    Ok(found)
}

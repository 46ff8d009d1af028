//! What the pipeline works with: state machines, schedules, workgroups, and the logs of all.

use super::{Listed, named};
use crate::SdkConfig;
use crate::failure::failed;

/// What a log group's name begins with before the lake's own name begins.
const LEADS: [&str; 4] = ["", "/aws/lambda/", "/aws/vendedlogs/states/", "/aws-glue/crawlers/"];

/// Only groups that may be the lake's: an account can have a hundred thousand.
pub(super) async fn log_groups(config: &SdkConfig, base: &str) -> Listed {
    let client = aws_sdk_cloudwatchlogs::Client::new(config);
    let mut found = Vec::new();
    for lead in LEADS {
        let call = client.describe_log_groups().log_group_name_prefix(format!("{lead}{base}"));
        let pages = call.into_paginator().items().send();
        let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing log groups"))?;
        found.extend(named(all.into_iter().map(|group| group.log_group_name)));
    }
    Ok(found)
}

pub(super) async fn schedules(config: &SdkConfig) -> Listed {
    let client = aws_sdk_scheduler::Client::new(config);
    let pages = client.list_schedules().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing schedules"))?;
    Ok(named(all.into_iter().map(|schedule| schedule.name)))
}

pub(super) async fn state_machines(config: &SdkConfig) -> Listed {
    let client = aws_sdk_sfn::Client::new(config);
    let pages = client.list_state_machines().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing state machines"))?;
    Ok(named(all.into_iter().map(|machine| Some(machine.name))))
}

pub(super) async fn workgroups(config: &SdkConfig) -> Listed {
    let client = aws_sdk_athena::Client::new(config);
    let mut pages = client.list_work_groups().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("listing Athena's workgroups"))?;
        found.extend(named(page.work_groups.unwrap_or_default().into_iter().map(|group| group.name)));
    }
    Ok(found)
}

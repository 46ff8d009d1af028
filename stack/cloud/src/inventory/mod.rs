//! What the services of an account tell of themselves, for the receipt of a destruction.
//!
//! Functions, queues, topics, rules, alarms, event source mappings and Spark applications are not listed here: they
//! bear the lake's tags, and CI is spared the SDKs of their services. The receipt says by what each kind was looked
//! for.

mod catalog;
mod govern;
mod identities;
mod keys;
mod runtime;
mod tags;

use std::collections::BTreeSet;

use async_trait::async_trait;
use tarn_deploy::{Inventory, Kind, PortError, Thing};

use crate::SdkConfig;
use crate::failure::failed;

type Listed = Result<Vec<Thing>, PortError>;

/// An account, service by service.
#[derive(Debug, Clone)]
pub struct Services {
    config: SdkConfig,
    /// Where Lake Formation is: on the local cloud, elsewhere.
    lake_formation: SdkConfig,
    account: String,
}

impl Services {
    /// The services of the configured account and region.
    pub fn new(config: &SdkConfig, lake_formation: &SdkConfig, account: &str) -> Self {
        Self { config: config.clone(), lake_formation: lake_formation.clone(), account: account.to_owned() }
    }
}

#[async_trait]
impl Inventory for Services {
    async fn list(
        &self,
        kind: Kind,
        base: &str,
        known: &BTreeSet<String>,
    ) -> Result<Option<Vec<Thing>>, PortError> {
        let config = &self.config;
        let listed = match kind {
            Kind::Table => catalog::ledgers(config).await,
            Kind::Database => catalog::databases(config).await,
            Kind::Crawler => catalog::crawlers(config).await,
            Kind::Role => identities::roles(config).await,
            Kind::Policy => identities::policies(config).await,
            Kind::Key => keys::keys(config, known).await,
            Kind::KeyAlias => keys::aliases(config).await,
            Kind::LogGroup => runtime::log_groups(config, base).await,
            Kind::Schedule => runtime::schedules(config).await,
            Kind::StateMachine => runtime::state_machines(config).await,
            Kind::Workgroup => runtime::workgroups(config).await,
            Kind::Grant => govern::grants(&self.lake_formation, &self.account, base).await,
            Kind::Location => govern::locations(&self.lake_formation).await,
            Kind::Administrator => govern::administrators(&self.lake_formation, &self.account).await,
            Kind::Tag => govern::tags(&self.lake_formation, &self.account).await,
            Kind::Filter => govern::filters(&self.lake_formation).await,
            _ => return Ok(None),
        };
        listed.map(Some)
    }

    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, PortError> {
        tags::tagged(&self.config, tags).await
    }

    async fn recorded(&self, stack_arn: &str) -> Result<Vec<(String, String)>, PortError> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let pages = client.list_stack_resources().stack_name(stack_arn).into_paginator().items().send();
        let all =
            pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing a stack's resources"))?;
        let resource = |it: aws_sdk_cloudformation::types::StackResourceSummary| {
            Some((it.resource_type?, it.physical_resource_id?))
        };
        Ok(all.into_iter().filter_map(resource).collect())
    }
}

fn named(names: impl IntoIterator<Item = Option<String>>) -> Vec<Thing> {
    names.into_iter().flatten().map(Thing::named).collect()
}

/// The name at the end of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned()
}

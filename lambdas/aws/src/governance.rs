//! Lake Formation of one account: settings, registered locations, rights in the catalog, tags.

mod filters;
mod rights;
mod settings;
mod tags;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_sdk_lakeformation::Client;
use tarn_core::ports::Locations;
use tarn_core::{Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

/// Lake Formation, as the ports know it.
#[derive(Debug, Clone)]
pub struct LakeFormation {
    client: Client,
    account: String,
}

impl LakeFormation {
    /// The catalog of an account in the configured region.
    pub fn new(config: &SdkConfig, account: impl Into<String>) -> Self {
        Self { client: Client::new(config), account: account.into() }
    }
}

#[async_trait]
impl Locations for LakeFormation {
    async fn role_of(&self, location: &str) -> Result<Option<String>> {
        let sent = self.client.describe_resource().resource_arn(location).send().await;
        match sent.map_err(failed(format!("looking up whether Lake Formation has {location}"))) {
            Ok(answer) => Ok(answer.resource_info.and_then(|info| info.role_arn)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn register(&self, location: &str, role: &str) -> Result<()> {
        let register = self.client.register_resource().resource_arn(location).role_arn(role);
        let sent = register.use_service_linked_role(false).hybrid_access_enabled(false).send().await;
        sent.map(|_| ()).map_err(failed(format!("registering {location} with Lake Formation")))
    }

    async fn deregister(&self, location: &str) -> Result<()> {
        let sent = self.client.deregister_resource().resource_arn(location).send().await;
        sent.map(|_| ()).map_err(failed(format!("taking {location} from Lake Formation")))
    }
}

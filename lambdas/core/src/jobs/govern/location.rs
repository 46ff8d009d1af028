//! A bucket that Lake Formation looks after, under a role of the lake.

use serde::Deserialize;

use super::{Govern, Patience};
use crate::jobs::answer::{Done, created_for, properties};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    location: String,
    role: String,
}

impl Govern<'_> {
    pub(super) async fn location(
        &self,
        request: &CustomResourceRequest,
        patience: Patience<'_>,
    ) -> Result<Done> {
        match request.request_type {
            RequestType::Create | RequestType::Update => {
                let before = request.old_resource_properties["Role"].as_str();
                self.register(&properties(request)?, before, patience).await?;
            }
            RequestType::Delete => {
                if let (Some((location, _)), Ok(Properties { role, .. })) =
                    (created_for(request), properties(request))
                {
                    self.deregister(location, &role, patience).await?;
                }
            }
        }
        Ok(Done::default())
    }

    /// Registers until it is; a role that we registered before gives way to the new one.
    async fn register(
        &self,
        wanted: &Properties,
        before: Option<&str>,
        mut patience: Patience<'_>,
    ) -> Result<()> {
        let Properties { location, role } = wanted;
        loop {
            let registered = match self.locations.role_of(location).await {
                Ok(Some(found)) if found == *role => return Ok(()),
                Ok(Some(found)) if Some(found.as_str()) == before => {
                    self.locations.deregister(location).await
                }
                Ok(Some(found)) => return Err(taken(location, &found)),
                Ok(None) => self.locations.register(location, role).await,
                Err(error) => Err(error),
            };
            if let Err(error) = registered {
                patience.after(error).await?;
            }
        }
    }

    /// Gives the location up, if it is ours.
    async fn deregister(&self, location: &str, role: &str, mut patience: Patience<'_>) -> Result<()> {
        loop {
            let deregistered = match self.locations.role_of(location).await {
                Ok(Some(found)) if found == role => self.locations.deregister(location).await,
                Ok(_) => return Ok(()),
                Err(error) => Err(error),
            };
            match deregistered {
                Err(error) if error.kind() != Kind::NotFound => patience.after(error).await?,
                _ => return Ok(()),
            }
        }
    }
}

fn taken(location: &str, role: &str) -> Error {
    let what = format!(
        "{location} is registered with Lake Formation already, under the role {role}: let its owner \
         deregister it, or name the lake differently"
    );
    Error::new(Kind::Conflict, what)
}

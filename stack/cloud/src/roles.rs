//! Roles that somebody else made, and the lake is to use.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tarn_deploy::PortError;

use crate::SdkConfig;
use crate::failure::failed;

/// Whether the account has the role of that ARN.
pub async fn role_exists(config: &SdkConfig, arn: &str) -> Result<bool, PortError> {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    match aws_sdk_iam::Client::new(config).get_role().role_name(name).send().await {
        Ok(answer) => Ok(answer.role.is_some_and(|role| role.arn == arn)),
        Err(error) if error.as_service_error().and_then(|it| it.code()) == Some("NoSuchEntity") => Ok(false),
        Err(error) => Err(failed(format!("looking for the role {arn}"))(error)),
    }
}

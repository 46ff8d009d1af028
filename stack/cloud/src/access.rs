//! Where calls go and as whom.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use tarn_deploy::{PortError, PortErrorKind};

use crate::failure::failed;

/// Where calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// AWS itself, with the credentials and the region that the SDK finds.
    Aws {
        /// The region; else the one that settings and environment name.
        region: Option<String>,
    },
    /// The local cloud, as its root.
    LocalCloud {
        /// Its address, such as `http://127.0.0.1:4566`.
        endpoint: String,
    },
}

/// Who we are, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// 12 digits.
    pub account: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// Who the credentials are of.
    pub arn: String,
}

/// The local cloud's region and its root's key; neither is a secret.
const LOCAL_REGION: &str = "us-east-1";
const LOCAL_ROOT: &str = "test";

/// Of one call. Many stacks that are followed side by side are throttled on AWS; with the SDK's
/// pauses, which grow up to 20 seconds, this is about a minute of patience.
const MOST_ATTEMPTS: u32 = 8;

/// Reads credentials, region and endpoints.
pub async fn connect(access: &Access) -> SdkConfig {
    let retries = RetryConfig::standard().with_max_attempts(MOST_ATTEMPTS);
    let loader = aws_config::defaults(BehaviorVersion::latest()).retry_config(retries);
    match access {
        Access::Aws { region: None } => loader.load().await,
        Access::Aws { region: Some(region) } => loader.region(Region::new(region.clone())).load().await,
        Access::LocalCloud { endpoint } => {
            let root = Credentials::new(LOCAL_ROOT, LOCAL_ROOT, None, None, "the local cloud's root");
            let loader = loader.endpoint_url(endpoint).region(Region::new(LOCAL_REGION));
            loader.credentials_provider(root).load().await
        }
    }
}

/// Looks for credentials before the first call, which would bury their absence under retries.
async fn find_credentials(config: &SdkConfig) -> Result<(), PortError> {
    let missing = |reason: String| PortError {
        kind: PortErrorKind::Credentials,
        doing: "looking for AWS credentials".into(),
        reason,
        source: None,
    };
    let provider = config.credentials_provider().ok_or_else(|| missing("no provider".into()))?;
    provider.provide_credentials().await.map(|_| ()).map_err(|error| missing(error.to_string()))
}

/// Asks AWS who we are. The first call of every command, so that missing credentials are told
/// before anything else.
pub async fn identity(config: &SdkConfig) -> Result<Identity, PortError> {
    find_credentials(config).await?;
    let region = config.region().map(Region::to_string).ok_or_else(|| PortError {
        kind: PortErrorKind::Refused,
        doing: "looking for the AWS region".into(),
        reason: "none is set: set AWS_REGION or `region` in the AWS profile, or use --local".into(),
        source: None,
    })?;
    let sent = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = sent.map_err(failed("asking AWS who we are"))?;
    let (account, arn) = (answer.account.unwrap_or_default(), answer.arn.unwrap_or_default());
    Ok(Identity { account, region, arn })
}

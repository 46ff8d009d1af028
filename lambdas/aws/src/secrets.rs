//! Secrets in Secrets Manager.

use aws_sdk_secretsmanager::Client;
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

/// The text of a secret. Neither an error nor a log has any of it.
pub async fn secret(config: &SdkConfig, arn: &str) -> Result<String> {
    let sent = Client::new(config).get_secret_value().secret_id(arn).send().await;
    let answer = sent.map_err(failed(format!("reading the secret {arn}")))?;
    let empty = || Error::new(Kind::Invalid, format!("the secret {arn} holds no text"));
    answer.secret_string.ok_or_else(empty)
}

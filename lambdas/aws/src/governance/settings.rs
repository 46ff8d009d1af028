//! The settings go to and fro as the service's own JSON. The SDK's struct would lose every field
//! that is newer than the SDK, and what is not sent is reset.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_lakeformation::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_lakeformation::config::retry::RetryConfig;
use aws_sdk_lakeformation::config::timeout::TimeoutConfig;
use aws_sdk_lakeformation::config::{Config, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_lakeformation::types::DataLakeSettings;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tarn_core::ports::{AccountSettings, Administration, LONGEST_REPLACE};
use tarn_core::{Error, Kind, Result};

use super::LakeFormation;
use crate::failure::failed;

/// Keeps the bytes of an answer.
#[derive(Debug, Clone, Default)]
struct Answer(Arc<Mutex<Vec<u8>>>);

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        Ok(())
    }
}

#[async_trait]
impl Administration for LakeFormation {
    async fn settings(&self) -> Result<AccountSettings> {
        let answer = Answer::default();
        let get = self.client.get_data_lake_settings().catalog_id(&self.account).customize();
        let sent = get.interceptor(answer.clone()).send().await;
        sent.map_err(failed("reading Lake Formation's settings"))?;
        let bytes = answer.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        read(&bytes)
    }

    async fn replace(&self, settings: &AccountSettings) -> Result<()> {
        let body = json!({"CatalogId": self.account, "DataLakeSettings": settings.0}).to_string();
        let put = self.client.put_data_lake_settings().catalog_id(&self.account);
        let put = put.data_lake_settings(DataLakeSettings::builder().build()).customize();
        let put = put.mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.as_str());
        });
        // The SDK would send it again by what was read before, however long ago.
        let in_time = TimeoutConfig::builder().operation_timeout(LONGEST_REPLACE).build();
        let once = Config::builder().retry_config(RetryConfig::disabled()).timeout_config(in_time);
        put.config_override(once)
            .send()
            .await
            .map(|_| ())
            .map_err(failed("changing Lake Formation's settings"))
    }
}

fn read(answer: &[u8]) -> Result<AccountSettings> {
    let unreadable = "Lake Formation's settings are not in the answer";
    let mut body: Value =
        serde_json::from_slice(answer).map_err(|error| Error::caused(Kind::Internal, unreadable, error))?;
    match body["DataLakeSettings"].take() {
        Value::Object(settings) => Ok(AccountSettings(settings)),
        _ => Err(Error::new(Kind::Internal, unreadable)),
    }
}

//! The local cloud speaks plain HTTP on loopback, and the policies of tarn's buckets and queues refuse
//! what did not come by TLS. Rather than weaken the policies there, requests to loopback say what a proxy that
//! ends TLS would say.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::SdkConfig;

/// Whether calls go to this machine itself, without TLS.
pub fn is_loopback(config: &SdkConfig) -> bool {
    let plain = config.endpoint_url().and_then(|url| url.strip_prefix("http://"));
    plain.is_some_and(|rest| rest.starts_with("127.0.0.1:") || rest.starts_with("localhost:"))
}

/// Adds `X-Forwarded-Proto: https`.
#[derive(Debug)]
pub struct AsIfByTls;

#[dyn_dispatch_hint]
impl Intercept for AsIfByTls {
    fn name(&self) -> &'static str {
        "AsIfByTls"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("x-forwarded-proto", "https");
        Ok(())
    }
}

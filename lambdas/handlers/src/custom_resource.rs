//! Answers CloudFormation.

use std::sync::Arc;

use tarn_aws::{EmrServerless, HttpAnswers, S3, SystemClock};
use tarn_core::jobs::CustomResource;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let aws = tarn_aws::connect().await;
    let ports = (S3::new(&aws), EmrServerless::new(&aws));
    let answers = Arc::new(HttpAnswers::connect());
    tarn_runtime::serve_custom_resource(answers, Ok(ports), |ports, request, deadline| async move {
        let (store, applications) = &ports;
        CustomResource { store, applications, clock: &SystemClock }.run(&request, deadline).await
    })
    .await
}

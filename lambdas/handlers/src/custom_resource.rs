//! Answers CloudFormation.

use std::sync::Arc;

use tarn_aws::{HttpAnswers, S3};
use tarn_core::jobs::CustomResource;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let store = S3::new(&tarn_aws::connect().await);
    let answers = Arc::new(HttpAnswers::connect());
    tarn_runtime::serve_custom_resource(answers, Ok(store), |store, request, _| async move {
        CustomResource { store: &store }.run(&request).await
    })
    .await
}

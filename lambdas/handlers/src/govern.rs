//! Answers CloudFormation: what the lake needs of Lake Formation.

use std::sync::Arc;

use tarn_aws::{HttpAnswers, LakeFormation, SystemClock};
use tarn_core::jobs::Govern;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let settings = tarn_runtime::settings()?;
    let account = LakeFormation::new(&tarn_aws::connect().await, settings.names.account());
    let answers = Arc::new(HttpAnswers::connect());
    tarn_runtime::serve_custom_resource(answers, |request, deadline| {
        let account = account.clone();
        async move {
            let job = Govern {
                administration: &account,
                locations: &account,
                rights: &account,
                clock: &SystemClock,
            };
            job.run(&request, deadline).await
        }
    })
    .await
}

//! Answers CloudFormation: what the lake needs of Lake Formation.

use std::sync::Arc;

use tarn_aws::{GlueCatalog, HttpAnswers, LakeFormation, SystemClock};
use tarn_core::jobs::Govern;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let config = tarn_aws::connect().await;
    let account = tarn_runtime::settings()
        .map(|settings| (LakeFormation::new(&config, settings.names.account()), GlueCatalog::new(&config)));
    let answers = Arc::new(HttpAnswers::connect());
    tarn_runtime::serve_custom_resource(answers, account, |account, request, deadline| async move {
        let (account, catalog) = &account;
        let job = Govern {
            administration: account,
            locations: account,
            rights: account,
            filters: account,
            tags: account,
            catalog,
            clock: &SystemClock,
        };
        job.run(&request, deadline).await
    })
    .await
}

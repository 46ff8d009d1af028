//! All handlers in one binary: the function's Handler property names the one to serve.

mod account;
mod backup;
mod commit;
mod convert;
mod custom_resource;
mod govern;
mod janitor;
mod plan_run;
mod run_crawlers;
mod sync;
mod trigger;

use tarn_lake::Handler;
use tarn_runtime::RuntimeError;

/// Two workers: the engine blocks one while the other fetches.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), RuntimeError> {
    tarn_runtime::log_as_json();
    let name = tarn_runtime::handler_name().unwrap_or_default();
    match Handler::named(&name) {
        Some(Handler::Account) => account::main().await,
        Some(Handler::Backup) => backup::main().await,
        Some(Handler::Commit) => commit::main().await,
        Some(Handler::Convert) => convert::main().await,
        Some(Handler::CustomResource) => custom_resource::main().await,
        Some(Handler::Govern) => govern::main().await,
        Some(Handler::Janitor) => janitor::main().await,
        Some(Handler::PlanRun) => plan_run::main().await,
        Some(Handler::RunCrawlers) => run_crawlers::main().await,
        Some(Handler::Sync) => sync::main().await,
        Some(Handler::Trigger) => trigger::main().await,
        Some(Handler::Model | Handler::Upkeep) => {
            Err("models are made and kept by the code of the other archive, `gold`".into())
        }
        None => Err(format!("`{name}` is no handler; the function's Handler property names one").into()),
    }
}

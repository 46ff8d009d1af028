//! The ports of `tarn-core` on AWS. The only crate of the data plane that knows the SDK.

mod answers;
mod athena;
mod catalog;
mod clock;
mod crawlers;
mod executions;
mod failure;
mod governance;
mod ledger;
pub mod loopback;
mod pointers;
mod registry;
mod scratch;
mod secrets;
mod spark;
#[cfg(test)]
mod stand_in;
mod store;

pub use answers::HttpAnswers;
pub use athena::Athena;
pub use aws_config::SdkConfig;
pub use catalog::GlueCatalog;
pub use clock::SystemClock;
pub use crawlers::GlueCrawlers;
pub use executions::StepFunctions;
pub use governance::LakeFormation;
pub use ledger::DynamoLedger;
pub use pointers::GluePointers;
pub use scratch::TemporaryFiles;
pub use secrets::secret;
pub use spark::{EmrServerless, Spark};
pub use store::S3;

/// Reads credentials, region and endpoints from where the SDK looks for them.
pub async fn connect() -> SdkConfig {
    aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await
}

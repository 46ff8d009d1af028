//! One job, one file. Each takes its input and the ports it needs, and nothing else.

mod account;
mod answer;
mod backup;
mod build_model;
mod changes;
mod commit;
mod convert;
mod custom_resource;
mod documents;
mod due;
mod empty_bucket;
mod govern;
mod janitor;
mod keep_models;
mod labelled;
mod ops_tables;
mod plan_run;
mod reprocess;
mod restore;
mod run_crawlers;
mod spark_application;
mod sync_zone;
mod trigger;
mod why;

pub use account::{Account, AccountRequest, Accounted, Ends, Failed, RunRequest, Told};
pub use answer::{Answer, AnswerStatus};
pub use backup::{
    BackedUp, Backup, BackupRequest, BackupSet, Broken, Governance, Listed, MANIFEST, Manifest, Part,
    StoreShelf, sets,
};
pub use build_model::{BuildModel, Modelled};
pub use commit::{Commit, Committed};
pub use convert::{Called, Convert, Converted};
pub use custom_resource::CustomResource;
pub use due::Waiting;
pub use empty_bucket::{Emptied, empty_bucket};
pub use govern::{Govern, missing_tags};
pub use janitor::{Janitor, JanitorRequest, Swept};
pub use keep_models::{KeepModels, UpkeepRequest, Upkept};
pub use plan_run::{PlanRequest, PlanRun, Planned, RunInput};
pub use reprocess::{Left, Reopening, Reprocess};
pub use restore::{Restore, Restored, Restoring, Tallied};
pub use run_crawlers::{Crawled, RunCrawler};
pub use spark_application::KeepApplication;
pub use sync_zone::{SyncZone, Synced};
pub use trigger::{Trigger, Triggered};
pub use why::{Fits, Landed, Output, Rejection, Rejections, Rows, RunStory, Story, Version, Why};

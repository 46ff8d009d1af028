//! Runs a crawler and waits for it.

use tarn_aws::{GlueCrawlers, SystemClock};
use tarn_core::CrawlerItem;
use tarn_core::jobs::RunCrawler;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let crawlers = GlueCrawlers::new(&tarn_aws::connect().await);
    let job = RunCrawler { crawlers: &crawlers, clock: &SystemClock };
    tarn_runtime::serve(|item: CrawlerItem, deadline| async move { job.run(&item, deadline).await }).await
}

//! Glue crawlers.

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{CrawlerState as State, LastCrawlStatus};
use tarn_core::ports::{CrawlerState, Crawlers};
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

/// The account's crawlers.
#[derive(Debug, Clone)]
pub struct GlueCrawlers {
    client: Client,
}

impl GlueCrawlers {
    /// Crawlers of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl Crawlers for GlueCrawlers {
    async fn start(&self, crawler: &str) -> Result<()> {
        let sent = self.client.start_crawler().name(crawler).send().await;
        sent.map(|_| ()).map_err(failed(format!("starting crawler {crawler}")))
    }

    async fn state(&self, crawler: &str) -> Result<CrawlerState> {
        let sent = self.client.get_crawler().name(crawler).send().await;
        let answer = sent.map_err(failed(format!("looking at crawler {crawler}")))?;
        let found = answer.crawler.ok_or_else(|| {
            Error::new(Kind::Internal, format!("Glue answered without the crawler {crawler}"))
        })?;
        let last = found.last_crawl.as_ref();
        let failure = last.filter(|crawl| crawl.status == Some(LastCrawlStatus::Failed));
        Ok(CrawlerState {
            ready: found.state == Some(State::Ready),
            last_started_millis: last
                .and_then(|crawl| crawl.start_time)
                .and_then(|time| time.to_millis().ok()),
            last_failure: failure.map(|crawl| crawl.error_message.clone().unwrap_or_default()),
        })
    }
}

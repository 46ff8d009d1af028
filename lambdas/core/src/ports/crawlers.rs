//! Glue crawlers.

use async_trait::async_trait;

use crate::Result;

/// Where a crawler stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlerState {
    /// Whether it could start now.
    pub ready: bool,
    /// When its last crawl began, in milliseconds since 1970, if it ever ran.
    pub last_started_millis: Option<i64>,
    /// The message of the last crawl if that failed.
    pub last_failure: Option<String>,
}

/// The crawlers.
#[async_trait]
pub trait Crawlers: Send + Sync {
    /// Starts a crawl; one that runs already is a `Conflict`.
    async fn start(&self, crawler: &str) -> Result<()>;
    /// Where it stands.
    async fn state(&self, crawler: &str) -> Result<CrawlerState>;
}

//! Crawlers that follow a script, by the clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::{ManualClock, locked};
use crate::ports::{Clock, CrawlerState, Crawlers};
use crate::{Error, Kind, Result};

/// One crawl of a script.
#[derive(Debug, Clone, Default)]
pub struct Crawl {
    /// How long it takes.
    pub takes: Duration,
    /// What its failure says, if it fails.
    pub failure: Option<String>,
    /// Whether the crawler keeps silent about when it began.
    pub timeless: bool,
}

/// Crawlers whose crawls were written down before.
#[derive(Debug)]
pub struct MemoryCrawlers {
    clock: ManualClock,
    crawlers: Mutex<HashMap<String, Crawler>>,
}

#[derive(Debug, Default)]
struct Crawler {
    script: VecDeque<Crawl>,
    under_way: Option<(i64, Crawl)>,
    last: Option<(i64, Crawl)>,
    starts: u32,
}

impl MemoryCrawlers {
    /// No crawlers yet.
    pub fn new(clock: ManualClock) -> Self {
        Self { clock, crawlers: Mutex::default() }
    }

    /// Adds a crawler with its script: one entry for each start to come. Without one, a start is
    /// accepted and nothing happens.
    pub fn add(&self, name: &str, script: impl IntoIterator<Item = Crawl>) {
        let crawler = Crawler { script: script.into_iter().collect(), ..Crawler::default() };
        locked(&self.crawlers).insert(name.into(), crawler);
    }

    /// Starts a crawl as somebody else would.
    pub fn start_elsewhere(&self, name: &str, crawl: Crawl) {
        let now = self.clock.now_millis();
        locked(&self.crawlers).entry(name.into()).or_default().under_way = Some((now, crawl));
    }

    /// How many starts of jobs were accepted.
    pub fn starts(&self, name: &str) -> u32 {
        locked(&self.crawlers).get(name).map_or(0, |crawler| crawler.starts)
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Crawler, i64) -> Result<T>) -> Result<T> {
        let mut crawlers = locked(&self.crawlers);
        let unknown = || Error::new(Kind::NotFound, format!("there is no crawler {name}"));
        let crawler = crawlers.get_mut(name).ok_or_else(unknown)?;
        let now = self.clock.now_millis();
        let ended = |began: i64, crawl: &Crawl| began + crawl.takes.as_millis() as i64 <= now;
        if crawler.under_way.as_ref().is_some_and(|(began, crawl)| ended(*began, crawl)) {
            crawler.last = crawler.under_way.take();
        }
        act(crawler, now)
    }
}

#[async_trait]
impl Crawlers for MemoryCrawlers {
    async fn start(&self, crawler: &str) -> Result<()> {
        self.with(crawler, |found, now| {
            if found.under_way.is_some() {
                return Err(Error::new(Kind::Conflict, format!("crawler {crawler} runs already")));
            }
            found.starts += 1;
            found.under_way = found.script.pop_front().map(|crawl| (now, crawl));
            Ok(())
        })
    }

    async fn state(&self, crawler: &str) -> Result<CrawlerState> {
        self.with(crawler, |found, _| {
            let last = found.last.as_ref();
            Ok(CrawlerState {
                ready: found.under_way.is_none(),
                last_started_millis: last.filter(|(_, crawl)| !crawl.timeless).map(|(began, _)| *began),
                last_failure: last.and_then(|(_, crawl)| crawl.failure.clone()),
            })
        })
    }
}

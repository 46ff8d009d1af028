//! Running a crawler and waiting for a crawl that began after our data landed.

use std::time::Duration;

use tarn_core::jobs::{Crawled, RunCrawler};
use tarn_core::ports::{Clock, Crawlers};
use tarn_core::testing::{Crawl, FailAt, Fault, ManualClock, MemoryCrawlers};
use tarn_core::{CrawlerItem, Error, Kind, Result};

use crate::support::id;

const NAME: &str = "small-test-silver";

struct Bench {
    clock: ManualClock,
    crawlers: MemoryCrawlers,
    began: i64,
}

impl Bench {
    fn new(script: impl IntoIterator<Item = Crawl>) -> Self {
        let clock = ManualClock::default();
        let crawlers = MemoryCrawlers::new(clock.clone());
        crawlers.add(NAME, script);
        Self { began: clock.now_millis(), clock, crawlers }
    }

    async fn run(&self, crawlers: &dyn Crawlers) -> Result<Crawled> {
        let item = CrawlerItem { run: id("r"), crawler: NAME.into() };
        let deadline = self.clock.now_millis() + 300_000;
        RunCrawler { crawlers, clock: &self.clock }.run(&item, deadline).await
    }

    fn seconds(&self) -> i64 {
        (self.clock.now_millis() - self.began) / 1_000
    }
}

fn crawl(seconds: u64) -> Crawl {
    Crawl { takes: Duration::from_secs(seconds), ..Crawl::default() }
}

fn failing(seconds: u64) -> Crawl {
    Crawl { failure: Some("no rights on the bucket".into()), ..crawl(seconds) }
}

fn assert_out_of_time(error: &Error, bench: &Bench) {
    assert_eq!(error.kind(), Kind::OutOfTime, "{error}");
    assert!((285..=300).contains(&bench.seconds()), "gave up after {} s", bench.seconds());
}

#[tokio::test]
async fn the_job_waits_for_the_end_of_its_crawl() {
    let bench = Bench::new([crawl(60)]);
    bench.run(&bench.crawlers).await.unwrap();
    assert_eq!((bench.crawlers.starts(NAME), bench.seconds()), (1, 60));
}

#[tokio::test]
async fn a_crawl_of_somebody_else_does_not_count() {
    let bench = Bench::new([crawl(20)]);
    bench.crawlers.start_elsewhere(NAME, failing(30));
    bench.run(&bench.crawlers).await.unwrap();
    assert_eq!((bench.crawlers.starts(NAME), bench.seconds()), (1, 50), "theirs, then ours");
}

#[tokio::test]
async fn an_earlier_failure_does_not_count() {
    let bench = Bench::new([failing(4), crawl(4)]);
    let error = bench.run(&bench.crawlers).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("no rights on the bucket"), "{error}");
    bench.run(&bench.crawlers).await.unwrap();
}

#[tokio::test]
async fn a_crawler_without_times_is_believed_once_it_was_seen_at_work() {
    let timeless = || Crawl { timeless: true, ..crawl(10) };
    let bench = Bench::new([timeless(), timeless()]);
    for run in 1..=2 {
        bench.run(&bench.crawlers).await.unwrap();
        assert_eq!((bench.crawlers.starts(NAME), bench.seconds()), (run, i64::from(run) * 10));
    }
}

#[tokio::test]
async fn a_crawl_too_short_to_be_seen_is_known_by_its_time() {
    let bench = Bench::new([crawl(0), crawl(0)]);
    bench.run(&bench.crawlers).await.unwrap();
    bench.clock.advance(Duration::from_secs(1));
    bench.run(&bench.crawlers).await.unwrap();
    assert_eq!(bench.crawlers.starts(NAME), 2);
}

#[tokio::test]
async fn the_job_gives_up_before_it_is_stopped() {
    let busy = Bench::new([]);
    busy.crawlers.start_elsewhere(NAME, crawl(100_000));
    assert_out_of_time(&busy.run(&busy.crawlers).await.unwrap_err(), &busy);

    let slow = Bench::new([crawl(100_000)]);
    assert_out_of_time(&slow.run(&slow.crawlers).await.unwrap_err(), &slow);

    let never_begins = Bench::new([]);
    assert_out_of_time(&never_begins.run(&never_begins.crawlers).await.unwrap_err(), &never_begins);

    let stubborn = Bench::new([]);
    assert_out_of_time(&stubborn.run(&Stubborn).await.unwrap_err(), &stubborn);
}

#[tokio::test]
async fn other_failures_are_passed_on() {
    let bench = Bench::new([crawl(1)]);
    for nth in 1..=2 {
        let faults = FailAt::new(nth, Fault::Refused);
        let error = bench.run(&faults.before(&bench.crawlers)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "call {nth}");
    }
}

/// Looks ready and never starts.
struct Stubborn;

#[async_trait::async_trait]
impl Crawlers for Stubborn {
    async fn start(&self, _: &str) -> Result<()> {
        Err(Error::new(Kind::Conflict, "runs already"))
    }
    async fn state(&self, _: &str) -> Result<tarn_core::ports::CrawlerState> {
        Ok(tarn_core::ports::CrawlerState { ready: true, last_started_millis: None, last_failure: None })
    }
}

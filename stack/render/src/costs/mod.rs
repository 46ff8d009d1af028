//! What a lake costs, estimated from its templates and a table of prices.
//!
//! Pure: the same templates and the same table give the same lines. A sum is always that of its lines,
//! and each line says how it comes about. What nobody can know beforehand, how much lands, is a unit:
//! each run, each GB of text that lands, each month that it is kept.

mod prices;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use tarn_lake::{Handler, Lake, StackId};

use crate::TemplateSet;
pub use prices::{Assumption, OfType, Price, Prices};

/// What a lake costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// When the prices held.
    pub date: String,
    /// Where they hold.
    pub region: String,
    /// By standing there and by running as scheduled, in a month.
    pub month: Vec<Line>,
    /// By each run, also one that finds nothing new.
    pub run: Vec<Line>,
    /// By each GB of text that lands, once.
    pub landed: Vec<Line>,
    /// By each GB of text that has landed, in each month that it is kept.
    pub kept: Vec<Line>,
    /// By each TB that queries scan.
    pub scanned: Vec<Line>,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
}

/// One reason for a cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What costs.
    pub what: String,
    /// How many units of it.
    pub count: f64,
    /// What a unit is.
    pub unit: String,
    /// What a unit costs, in US dollars.
    pub price: f64,
    /// What all of them cost.
    pub usd: f64,
}

/// The sum of some lines, in US dollars.
pub fn sum(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.usd).sum()
}

/// Estimates what a lake costs whose templates are these.
pub fn costs(lake: &Lake, templates: &TemplateSet, prices: &Prices) -> Costs {
    let estimate = Estimate { lake, templates, prices, counts: counts(templates) };
    let run = estimate.run();
    let month = estimate.month(sum(&run));
    Costs {
        date: prices.date.clone(),
        region: prices.region.clone(),
        month,
        run,
        landed: estimate.landed(),
        kept: estimate.kept(),
        scanned: vec![estimate.line("scanned", 1.0, "SQL over what a query has to read")],
        assumptions: prices.assumptions(),
    }
}

/// How many resources of each type.
fn counts(templates: &TemplateSet) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (_, kind) in templates.iter().flat_map(|template| template.resources()) {
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

struct Estimate<'a> {
    lake: &'a Lake,
    templates: &'a TemplateSet,
    prices: &'a Prices,
    counts: BTreeMap<&'a str, usize>,
}

impl Estimate<'_> {
    fn line(&self, price: &str, count: f64, what: impl Into<String>) -> Line {
        let (usd, unit) = match self.prices.price(price) {
            Some(price) => (price.usd, price.unit.clone()),
            None => (0.0, String::new()),
        };
        Line { what: what.into(), count, unit, price: usd, usd: usd * count }
    }

    /// What stands, and the scheduled runs.
    fn month(&self, each_run: f64) -> Vec<Line> {
        let standing = self.counts.iter().filter_map(|(kind, count)| self.standing(kind, *count as f64));
        let runs = self.scheduled_runs().map(|(when, runs)| Line {
            what: format!("scheduled runs, {when}"),
            count: runs,
            unit: "run".into(),
            price: each_run,
            usd: runs * each_run,
        });
        standing.chain(runs).chain(self.weekly()).collect()
    }

    /// Janitor, backup and the upkeep of models, which come once a week whatever the lake's schedule says.
    fn weekly(&self) -> Vec<Line> {
        let figure = |name| self.prices.figure(name);
        let weeks = 365.0 / 7.0 / 12.0;
        let seconds = [
            (Handler::Janitor, figure("janitor_seconds")),
            (Handler::Backup, figure("backup_seconds")),
            (Handler::Upkeep, figure("upkeep_seconds_of_model") * self.lake.models.len() as f64),
        ];
        let seconds = seconds.map(|(handler, seconds)| seconds * self.gigabytes(handler));
        // A part for each table and for its SQL, in silver and in each zone, and some for the whole.
        let copies: usize = self.lake.zones.iter().map(|zone| zone.copies().count()).sum();
        let parts = (self.lake.tables.len() + copies) as f64 + figure("parts_of_backup");
        vec![
            self.line(
                self.compute(),
                weeks * seconds.iter().sum::<f64>(),
                "janitor, backup and upkeep of models, once a week",
            ),
            self.line("s3_write", weeks * parts, format!("{parts} parts of a backup, once a week")),
        ]
    }

    fn standing(&self, kind: &str, count: f64) -> Option<Line> {
        let OfType::Priced { price, times, each } = self.prices.of_type(kind)? else { return None };
        let times = times.as_ref().map_or(1.0, |name| self.prices.figure(name));
        let what = format!("{count} x {}", each.replace("{}", &times.to_string()));
        Some(self.line(price, count * times, what))
    }

    /// How often the schedule starts a run in a month of a twelfth of 365 days.
    fn scheduled_runs(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let schedule = &self.lake.schedule;
        let runs = [
            (schedule.daily.is_some(), "daily", 365.0 / 12.0),
            (schedule.weekly.is_some(), "weekly", 365.0 / 7.0 / 12.0),
            (schedule.monthly.is_some(), "monthly", 1.0),
        ];
        runs.into_iter().filter(|(is_on, ..)| *is_on).map(|(_, when, runs)| (when, runs))
    }

    /// A run, whether or not something is new.
    fn run(&self) -> Vec<Line> {
        let figure = |name| self.prices.figure(name);
        let crawlers = self.counts.get("AWS::Glue::Crawler").copied().unwrap_or_default() as f64;
        let models = self.lake.models.len() as f64;
        let items = self.lake.tables.len() as f64 + self.lake.zones.len() as f64 + crawlers + models;
        let steps = self.steps() + self.lake.model_levels().len() as f64;
        let crawling = crawlers * figure("crawler_dpus") * figure("crawl_minutes") / 60.0;
        let calls = items + [Handler::PlanRun, Handler::Account].len() as f64;
        let waiting = crawlers * figure("crawl_wait_seconds") * self.gigabytes(Handler::RunCrawlers);
        // All other functions of a run have as much memory as the one that plans, or less.
        let working = (calls - crawlers - models) * figure("call_seconds") * self.gigabytes(Handler::PlanRun);
        let modelling = models * figure("model_seconds") * self.gigabytes(Handler::Model);
        let mut lines = vec![
            self.line("crawler_dpu_hour", crawling, format!("{crawlers} crawls")),
            self.line(
                "transition",
                steps + items,
                format!("{steps} steps, and one for each table, model, zone and crawler"),
            ),
            self.line("lambda_request", calls, "calls of functions"),
            self.line(self.compute(), waiting + working, "the functions' memory and time"),
        ];
        let made = || self.line(self.compute(), modelling, format!("{models} models, as if each were due"));
        lines.extend((models > 0.0).then(made));
        lines
    }

    /// A GB of text that lands, spread over all tables alike.
    fn landed(&self) -> Vec<Line> {
        let figure = |name| self.prices.figure(name);
        let files = 1_000.0 / figure("file_mb");
        let seconds = 1_000.0 / figure("text_mb_per_second");
        let copies = self.copies();
        let scratch = (self.storage(Handler::Convert) - 0.5).max(0.0);
        vec![
            self.line(
                self.compute(),
                seconds * self.gigabytes(Handler::Convert),
                format!("conversion, {seconds} s"),
            ),
            self.line("lambda_storage", seconds * scratch, "its scratch space"),
            self.line("lambda_request", files, "calls of it"),
            self.line("transition", files, format!("{files} files through the state machine")),
            self.line(
                "s3_write",
                files * (3.0 + copies),
                format!("objects of landing, bronze and silver, and {copies:.1} copies in zones"),
            ),
            self.line("s3_read", files * figure("reads_of_file"), "objects that are read"),
            self.line("ledger_write", files * figure("ledger_writes_of_file"), "the ledger"),
            self.line("ledger_read", files * figure("ledger_writes_of_file"), "the ledger"),
            self.line("kms_request", files * figure("key_requests_of_file"), "encryption"),
            self.line("event", files, "arrivals that are told of"),
            self.line("log", files * figure("logged_kb_of_file") / 1e6, "logs"),
        ]
    }

    /// The same GB while it is kept.
    fn kept(&self) -> Vec<Line> {
        let (share, copies) = (self.prices.figure("silver_share"), self.copies());
        vec![
            self.line("s3_storage", 2.0, "the text, in landing and in bronze"),
            self.line("s3_storage", share, "its Parquet in silver"),
            self.line("s3_storage", share * copies, format!("{copies:.1} copies of that in zones")),
        ]
    }

    /// In how many zones a table is, on average.
    fn copies(&self) -> f64 {
        let copies: usize = self.lake.zones.iter().map(|zone| zone.copies().count()).sum();
        copies as f64 / self.lake.tables.len().max(1) as f64
    }

    fn compute(&self) -> &'static str {
        match self.lake.environment.deployment.architecture {
            tarn_lake::Architecture::Arm64 => "lambda_arm64",
            tarn_lake::Architecture::X86_64 => "lambda_x86_64",
        }
    }

    fn gigabytes(&self, handler: Handler) -> f64 {
        self.setting(handler, "/MemorySize") / 1_024.0
    }

    fn storage(&self, handler: Handler) -> f64 {
        self.setting(handler, "/EphemeralStorage/Size") / 1_024.0
    }

    fn setting(&self, handler: Handler, path: &str) -> f64 {
        let functions = self.of_type("AWS::Lambda::Function");
        let function = functions.into_iter().find(|function| function["Handler"] == handler.name());
        function.and_then(|function| function.pointer(path)?.as_f64()).unwrap_or_default()
    }

    /// The states that a good run goes through.
    fn steps(&self) -> f64 {
        let machines = self.of_type("AWS::StepFunctions::StateMachine");
        let Some(definition) = machines.first().map(|machine| &machine["Definition"]) else { return 0.0 };
        let next = |state: &Value| {
            let next = state["Next"].as_str().or(state["Default"].as_str());
            next.and_then(|name| definition["States"].get(name))
        };
        let first = definition["StartAt"].as_str().and_then(|name| definition["States"].get(name));
        // A definition that goes in a circle has no end, and no more steps than states are counted.
        let most = definition["States"].as_object().map_or(0, |states| states.len());
        std::iter::successors(first, |state| next(state)).take(most).count() as f64
    }

    /// The properties of the pipeline's resources of a type.
    fn of_type(&self, kind: &str) -> Vec<&Value> {
        let pipeline = self.templates.get(&StackId::Pipeline);
        let resources = pipeline.and_then(|template| template.body()["Resources"].as_object());
        let wanted = resources.into_iter().flat_map(|resources| resources.values());
        wanted.filter(|resource| resource["Type"] == kind).map(|resource| &resource["Properties"]).collect()
    }
}

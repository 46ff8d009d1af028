//! `[retention]`: how long things are kept, in days.

use tarn_lake::Retention;
use toml::Spanned;

use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic};

const LANDING: Key =
    Key::optional("landing_days", Wants::Count, "landing_days = 400", "raw files; for ever if left out");
const QUARANTINE: Key = Key::optional(
    "quarantine_days",
    Wants::Count,
    "quarantine_days = 180",
    "what broke the rules; for ever if left out",
);
const OLD_VERSIONS: Key = Key::optional(
    "old_versions_days",
    Wants::Count,
    "old_versions_days = 30",
    "objects that were replaced or deleted",
)
.also(&["noncurrent_days", "versions_days"]);
const RUNS: Key = Key::optional("runs_days", Wants::Count, "runs_days = 365", "plans and reports of runs");
const QUERY_RESULTS: Key =
    Key::optional("query_results_days", Wants::Count, "query_results_days = 30", "results of queries");
const ACCESS_LOGS: Key = Key::optional(
    "access_logs_days",
    Wants::Count,
    "access_logs_days = 365",
    "who asked the buckets for what",
);
const LOGS: Key =
    Key::optional("logs_days", Wants::Count, "logs_days = 30", "what functions and the state machine log")
        .also(&["log_days", "log_retention"]);

/// The keys of `[retention]`.
pub static BLOCK: Block = Block {
    header: "[retention]",
    keys: &[LANDING, QUARANTINE, OLD_VERSIONS, RUNS, QUERY_RESULTS, ACCESS_LOGS, LOGS],
};

/// What one `[retention]` says.
#[derive(Default)]
pub struct Written {
    landing: Option<u32>,
    quarantine: Option<u32>,
    old_versions: Option<u32>,
    runs: Option<u32>,
    query_results: Option<u32>,
    access_logs: Option<u32>,
    logs: Option<u32>,
}

/// Reads one `[retention]`.
pub fn read(block: &Reader) -> Written {
    Written {
        landing: days(block, &LANDING, A_CENTURY),
        quarantine: days(block, &QUARANTINE, A_CENTURY),
        old_versions: days(block, &OLD_VERSIONS, TEN_YEARS),
        runs: days(block, &RUNS, TEN_YEARS),
        query_results: days(block, &QUERY_RESULTS, TEN_YEARS),
        access_logs: days(block, &ACCESS_LOGS, TEN_YEARS),
        logs: log_days(block),
    }
}

impl Written {
    /// What this says, and where it says nothing, the other.
    pub fn or(self, general: Self) -> Self {
        Self {
            landing: self.landing.or(general.landing),
            quarantine: self.quarantine.or(general.quarantine),
            old_versions: self.old_versions.or(general.old_versions),
            runs: self.runs.or(general.runs),
            query_results: self.query_results.or(general.query_results),
            access_logs: self.access_logs.or(general.access_logs),
            logs: self.logs.or(general.logs),
        }
    }

    /// The same over what holds by default.
    pub fn over(self, default: Retention) -> Retention {
        Retention {
            landing_days: self.landing.or(default.landing_days),
            quarantine_days: self.quarantine.or(default.quarantine_days),
            old_versions_days: self.old_versions.unwrap_or(default.old_versions_days),
            runs_days: self.runs.unwrap_or(default.runs_days),
            query_results_days: self.query_results.unwrap_or(default.query_results_days),
            access_logs_days: self.access_logs.unwrap_or(default.access_logs_days),
            logs_days: self.logs.unwrap_or(default.logs_days),
        }
    }
}

/// Longer is more likely a slip than a wish.
const TEN_YEARS: u32 = 3_650;
const A_CENTURY: u32 = 36_500;

/// S3 keeps an object for a day at least.
fn days(block: &Reader, key: &Key, most: u32) -> Option<u32> {
    let days = block.count(key)?;
    if (1..=most).contains(&days) {
        return Some(days);
    }
    let place = block.find(key).map_or(block.place(), Spanned::span);
    let fault = Diagnostic::error(Code::InvalidValue, place, format!("`{}` is {days}", key.name));
    let label = match days {
        0 => "nothing can be kept for less than a day".to_owned(),
        _ => format!("this is longer than {} years", most / 365),
    };
    block.faults.push(fault.label(label).help(format!("write a number from 1 to {most}")));
    None
}

fn log_days(block: &Reader) -> Option<u32> {
    let days = days(block, &LOGS, TEN_YEARS + 3)?;
    if Retention::LOG_DAYS.contains(&days) {
        return Some(days);
    }
    let longer = Retention::LOG_DAYS.iter().find(|known| **known > days);
    let place = block.find(&LOGS).map_or(block.place(), Spanned::span);
    let title = format!("CloudWatch cannot keep logs for exactly {days} days");
    let fault = Diagnostic::error(Code::InvalidValue, place, title);
    let all: Vec<_> = Retention::LOG_DAYS.iter().map(u32::to_string).collect();
    let fault = fault.help(format!("write one of {}", all.join(", ")));
    block.faults.push(match longer {
        Some(longer) => fault.label(format!("the next longer time is {longer} days")),
        None => fault.label("this is longer than it keeps any"),
    });
    None
}

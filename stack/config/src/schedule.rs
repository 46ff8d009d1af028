//! `[schedule]`: what starts the pipeline.

use std::ops::Range;
use std::str::FromStr;

use tarn_lake::{DailyTime, MonthlyTime, Schedule, WeeklyTime};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic};

const DAILY: Key =
    Key::optional("daily", Wants::Text, r#"daily = "02:30""#, "the time of day at which it runs, in UTC")
        .also(&["at", "time", "cron"]);
const WEEKLY: Key =
    Key::optional("weekly", Wants::Text, r#"weekly = "mon 02:30""#, "the day and time of a week, in UTC");
const MONTHLY: Key =
    Key::optional("monthly", Wants::Text, r#"monthly = "1 02:30""#, "the day and time of a month, in UTC");
const ON_ARRIVAL: Key =
    Key::optional("on_arrival", Wants::Flag, "on_arrival = true", "whether a new file starts it")
        .also(&["on_event", "events", "arrival"]);

/// The keys of `[schedule]`.
pub static BLOCK: Block = Block { header: "[schedule]", keys: &[DAILY, WEEKLY, MONTHLY, ON_ARRIVAL] };

/// What one `[schedule]` says. A value with a fault is `Some(None)`: that is not the same
/// as none.
#[derive(Default)]
pub struct Written {
    place: Option<Range<usize>>,
    daily: Option<Option<DailyTime>>,
    weekly: Option<Option<WeeklyTime>>,
    monthly: Option<Option<MonthlyTime>>,
    on_arrival: Option<Option<bool>>,
}

/// Reads one `[schedule]`.
pub fn read(block: &Reader) -> Written {
    let weekly_rule = "wanted are a day from `mon` to `sun` and a time, in UTC";
    let monthly_rule = "wanted are a day from 1 to 28, which every month has, and a time, in UTC";
    Written {
        place: Some(block.place()),
        daily: moment(block, &DAILY, |written| no_time(written.span(), written.get_ref())),
        weekly: moment(block, &WEEKLY, |written| no_moment(written, &WEEKLY, "time of a week", weekly_rule)),
        monthly: moment(block, &MONTHLY, |written| {
            no_moment(written, &MONTHLY, "time of a month", monthly_rule)
        }),
        on_arrival: block.find(&ON_ARRIVAL).map(|_| block.flag(&ON_ARRIVAL)),
    }
}

impl Written {
    /// What this says, and where it says nothing, the other.
    pub fn or(self, general: Self) -> Self {
        Self {
            place: self.place.or(general.place),
            daily: self.daily.or(general.daily),
            weekly: self.weekly.or(general.weekly),
            monthly: self.monthly.or(general.monthly),
            on_arrival: self.on_arrival.or(general.on_arrival),
        }
    }

    /// The schedule. Warns if nothing starts the pipeline: at the block, or at the lake without one.
    pub fn finish(self, root: &Reader, lake: Option<&Range<usize>>) -> Schedule {
        let timed = self.daily.is_some() || self.weekly.is_some() || self.monthly.is_some();
        if !timed && matches!(self.on_arrival, None | Some(Some(false))) {
            self.place.or(lake.cloned()).into_iter().for_each(|place| root.faults.push(never(place)));
        }
        Schedule {
            daily: self.daily.flatten(),
            weekly: self.weekly.flatten(),
            monthly: self.monthly.flatten(),
            on_arrival: self.on_arrival.flatten().unwrap_or(false),
        }
    }
}

fn moment<T: FromStr>(
    block: &Reader,
    key: &Key,
    fault: impl Fn(&Spanned<&str>) -> Diagnostic,
) -> Option<Option<T>> {
    block.find(key)?;
    let Some(written) = block.text(key) else { return Some(None) };
    let moment = written.get_ref().parse().ok();
    if moment.is_none() {
        block.faults.push(fault(&written));
    }
    Some(moment)
}

fn no_moment(written: &Spanned<&str>, key: &Key, what: &str, rule: &str) -> Diagnostic {
    let title = format!("{} is no {what}", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(rule);
    fault.help(format!("write for example `{}`", key.example))
}

fn never(place: Range<usize>) -> Diagnostic {
    Diagnostic::warning(Code::NoSchedule, place, "nothing starts the pipeline")
        .label("no `daily` and no `on_arrival`: it runs only by `tarn run`")
        .help("add `[schedule]` with `daily = \"02:30\"` (UTC), `on_arrival = true`, or both")
}

fn no_time(place: Range<usize>, written: &str) -> Diagnostic {
    let title = format!("{} is no time of day", quote(written));
    let fault = Diagnostic::error(Code::InvalidValue, place, title)
        .label("wanted are hours and minutes, 00:00 to 23:59");
    let padded = written.parse::<DailyTime>().is_err().then(|| format!("0{written}"));
    match padded.filter(|text| text.parse::<DailyTime>().is_ok()) {
        Some(padded) => fault.help(format!("write two digits for each, in UTC: `daily = \"{padded}\"`")),
        None => fault.help("write it in UTC with two digits for each, such as `daily = \"02:30\"`"),
    }
}

//! `[schedule]`: what starts the pipeline.

use tarn_lake::{DailyTime, Schedule};
use toml::de::DeValue;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic};

const DAILY: Key =
    Key::optional("daily", Wants::Text, r#"daily = "02:30""#, "the time of day at which it runs, in UTC")
        .also(&["at", "time", "cron"]);
const ON_ARRIVAL: Key =
    Key::optional("on_arrival", Wants::Flag, "on_arrival = true", "whether a new file starts it")
        .also(&["on_event", "events", "arrival"]);

/// The keys of `[schedule]`.
pub static BLOCK: Block = Block { header: "[schedule]", keys: &[DAILY, ON_ARRIVAL] };

const NEVER: Schedule = Schedule { daily: None, on_arrival: false };

/// Reads `[schedule]` and warns if nothing starts the pipeline; at `lake` if there is no block.
pub fn read(root: &Reader, key: &Key, lake: &Key) -> Schedule {
    if root.find(key).is_none() {
        // Without a lake there is a greater fault.
        let lake = root.find(lake).filter(|value| value.get_ref().is_table());
        lake.into_iter().for_each(|lake| root.faults.push(never(lake.span())));
        return NEVER;
    }
    let Some(block) = root.block(key, &BLOCK) else { return NEVER };
    let daily = block.text(&DAILY).and_then(|written| {
        let time = written.get_ref().parse().ok();
        if time.is_none() {
            block.faults.push(no_time(written.span(), written.get_ref()));
        }
        time
    });
    let schedule = Schedule { daily, on_arrival: block.flag(&ON_ARRIVAL).unwrap_or(false) };
    if says_never(&block) {
        block.faults.push(never(block.place()));
    }
    schedule
}

/// Whether the block says so, rather than says something with a fault.
fn says_never(block: &Reader) -> bool {
    let off = block.find(&ON_ARRIVAL).is_none_or(|value| matches!(value.get_ref(), DeValue::Boolean(false)));
    block.find(&DAILY).is_none() && off
}

fn never(place: std::ops::Range<usize>) -> Diagnostic {
    Diagnostic::warning(Code::NoSchedule, place, "nothing starts the pipeline")
        .label("no `daily` and no `on_arrival`: it runs only by `tarn run`")
        .help("add `[schedule]` with `daily = \"02:30\"` (UTC), `on_arrival = true`, or both")
}

fn no_time(place: std::ops::Range<usize>, written: &str) -> Diagnostic {
    let title = format!("{} is no time of day", quote(written));
    let fault = Diagnostic::error(Code::InvalidValue, place, title)
        .label("wanted are hours and minutes, 00:00 to 23:59");
    let padded = written.parse::<DailyTime>().is_err().then(|| format!("0{written}"));
    match padded.filter(|text| text.parse::<DailyTime>().is_ok()) {
        Some(padded) => fault.help(format!("write two digits for each, in UTC: `daily = \"{padded}\"`")),
        None => fault.help("write it in UTC with two digits for each, such as `daily = \"02:30\"`"),
    }
}

//! `[env.NAME]`: what one deployment of the lake differs in.

use std::ops::Range;

use tarn_lake::{Environment, EnvironmentName, Schedule};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::{Reader, Value, found};
use crate::settings::Settings;
use crate::{Code, Diagnostic, name, settings};

const PROTECTED: Key =
    Key::optional("protected", Wants::Flag, "protected = true", "whether the data outlives a `tarn destroy`")
        .also(&["protect", "retain", "termination_protection"]);

/// The keys of `[env.NAME]`.
pub static BLOCK: Block = Block {
    header: "[env.NAME]",
    keys: &[
        PROTECTED,
        settings::SCHEDULE,
        settings::AWS,
        settings::RETENTION,
        settings::ALARMS,
        settings::BACKUP,
        settings::TAGS,
    ],
};

/// The one environment that is protected unless the file says otherwise.
const PROTECTED_BY_DEFAULT: &str = "prod";

/// What one environment says of itself, and where.
#[derive(Default)]
struct Written {
    place: Option<Range<usize>>,
    protected: Option<bool>,
    settings: Settings,
}

/// Checks every environment of the file and returns the one that is asked for, which needs no
/// block of its own. What is missing in it is said at its block, or at `lake`.
pub fn read(
    root: &Reader,
    key: &Key,
    wanted: &EnvironmentName,
    lake: Option<&Range<usize>>,
) -> (Environment, Schedule) {
    let general = Settings::read(root);
    let mut own = None;
    let environments = root.table_if_written(key).map(Spanned::into_inner);
    for (written, value) in environments.into_iter().flatten() {
        let text = Spanned::new(written.span(), written.get_ref().as_ref());
        let name = name::check::<EnvironmentName>(&text, root.faults);
        let Some(table) = value.get_ref().as_table() else {
            root.faults.push(no_block(text.get_ref(), value));
            continue;
        };
        let place = if value.span().is_empty() { written.span() } else { value.span() };
        let subject = format!("`[env.{}]`", text.get_ref());
        let block = root.open_inner(&BLOCK, table, place.clone(), subject);
        let settings = Settings::read(&block);
        if name.as_ref() == Some(wanted) {
            own = Some(Written { place: Some(place), protected: block.flag(&PROTECTED), settings });
        } else {
            block.flag(&PROTECTED);
        }
    }
    let own = own.unwrap_or_default();
    let protected = own.protected.unwrap_or(wanted.as_str() == PROTECTED_BY_DEFAULT);
    let environment = Environment::new(wanted.clone(), protected);
    own.settings.or(general).apply(environment, root, lake, own.place.as_ref().or(lake))
}

fn no_block(name: &str, value: &Value) -> Diagnostic {
    let found = found(value.get_ref());
    let title = format!("the environment {} must be a block, not {found}", quote(name));
    let fault = Diagnostic::error(Code::WrongType, value.span(), title).label(format!("this is {found}"));
    fault.help(format!("write `[env.{name}]`, and below it for example `{}`", PROTECTED.example))
}

//! `[env.NAME]`: what one deployment of the lake differs in.

use tarn_lake::{Environment, EnvironmentName};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::{Reader, Value, found};
use crate::{Code, Diagnostic, name};

const PROTECTED: Key =
    Key::optional("protected", Wants::Flag, "protected = true", "whether the data outlives a `tarn destroy`")
        .also(&["protect", "retain", "termination_protection"]);

/// The keys of `[env.NAME]`.
pub static BLOCK: Block = Block { header: "[env.NAME]", keys: &[PROTECTED] };

/// The one environment that is protected unless the file says otherwise.
const PROTECTED_BY_DEFAULT: &str = "prod";

/// Checks every environment of the file and returns the one that is asked for, which needs no
/// block of its own.
pub fn read(root: &Reader, key: &Key, wanted: &EnvironmentName) -> Environment {
    let mut protected = None;
    let environments = root.table(key).map(Spanned::into_inner);
    for (written, value) in environments.into_iter().flatten() {
        let text = Spanned::new(written.span(), written.get_ref().as_ref());
        let name = name::check::<EnvironmentName>(&text, root.faults);
        let Some(table) = value.get_ref().as_table() else {
            root.faults.push(no_block(text.get_ref(), value));
            continue;
        };
        let place = if value.span().is_empty() { written.span() } else { value.span() };
        let subject = format!("`[env.{}]`", text.get_ref());
        let flag = root.open_inner(&BLOCK, table, place, subject).flag(&PROTECTED);
        if name.as_ref() == Some(wanted) {
            protected = flag;
        }
    }
    let protected = protected.unwrap_or(wanted.as_str() == PROTECTED_BY_DEFAULT);
    Environment { name: wanted.clone(), protected }
}

fn no_block(name: &str, value: &Value) -> Diagnostic {
    let found = found(value.get_ref());
    let title = format!("the environment {} must be a block, not {found}", quote(name));
    let fault = Diagnostic::error(Code::WrongType, value.span(), title).label(format!("this is {found}"));
    fault.help(format!("write `[env.{name}]`, and below it for example `{}`", PROTECTED.example))
}

//! `[alarms]`: who is told when something is wrong.

use tarn_lake::Alarms;
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::table::repeated;
use crate::{Code, Diagnostic};

const EMAILS: Key = Key::optional(
    "emails",
    Wants::Texts,
    r#"emails = ["data-team@example.com"]"#,
    "whom a mail is sent to; each confirms it once",
)
.also(&["email", "mail", "mails", "recipients", "to"]);
const SILENT_HOURS: Key = Key::optional(
    "silent_hours",
    Wants::Count,
    "silent_hours = 26",
    "after so many hours without a run that succeeded, somebody is told",
)
.also(&["late_hours", "stale_hours"]);

/// The keys of `[alarms]`.
pub static BLOCK: Block = Block { header: "[alarms]", keys: &[EMAILS, SILENT_HOURS] };

/// CloudWatch looks back for a week at most.
pub const LONGEST_SILENCE: u32 = 7 * 24;

/// What one `[alarms]` says.
#[derive(Default)]
pub struct Written {
    emails: Option<Vec<String>>,
    silent_hours: Option<u32>,
}

/// Reads one `[alarms]`.
pub fn read(block: &Reader) -> Written {
    Written { emails: emails(block), silent_hours: silent_hours(block) }
}

impl Written {
    /// What this says, and where it says nothing, the other.
    pub fn or(self, general: Self) -> Self {
        Self {
            emails: self.emails.or(general.emails),
            silent_hours: self.silent_hours.or(general.silent_hours),
        }
    }

    pub fn finish(self) -> Alarms {
        Alarms { emails: self.emails.unwrap_or_default(), silent_hours: self.silent_hours }
    }
}

fn emails(block: &Reader) -> Option<Vec<String>> {
    block.find(&EMAILS)?;
    let list = block.texts(&EMAILS)?.into_inner();
    for (first, second) in repeated(&list) {
        let title = format!("{} stands in `emails` twice", quote(second.get_ref()));
        let fault = Diagnostic::error(Code::DuplicateName, second.span(), title);
        let fault = fault
            .label(format!("it already stands {}", block.faults.where_is(&first.span(), &second.span())));
        block.faults.push(fault.help("leave one of them out"));
    }
    for wrong in list.iter().filter(|email| !is_email(email.get_ref())) {
        let title = format!("{} is no mail address", quote(wrong.get_ref()));
        let fault = Diagnostic::error(Code::InvalidValue, wrong.span(), title);
        let fault = fault.label("wanted is a name, an `@` and a domain");
        block.faults.push(fault.help(format!("write for example `{}`", EMAILS.example)));
    }
    Some(list.into_iter().map(|email| email.into_inner().to_owned()).collect())
}

fn silent_hours(block: &Reader) -> Option<u32> {
    let hours = block.count(&SILENT_HOURS)?;
    if (1..=LONGEST_SILENCE).contains(&hours) {
        return Some(hours);
    }
    let place = block.find(&SILENT_HOURS).map_or(block.place(), Spanned::span);
    let title = format!("`silent_hours` must be from 1 to {LONGEST_SILENCE}, not {hours}");
    let fault = Diagnostic::error(Code::InvalidValue, place, title);
    block.faults.push(
        fault.label("CloudWatch looks back for a week at most").help("write for example `silent_hours = 26`"),
    );
    None
}

/// Whether a text looks like a mail address. Only a mail that arrives proves one.
fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@,;<>\"".contains(c));
    text.split_once('@').is_some_and(|(name, domain)| {
        plain(name)
            && plain(domain)
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    })
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn mail_addresses_are_known_by_their_shape() {
        assert!(is_email("data-team@example.com") && is_email("a.b+c@x.co.uk"));
        for wrong in
            ["", "team", "team@", "@example.com", "a@b", "a b@example.com", "a@b@c.de", "A <a@b.de>", "a@.de"]
        {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}

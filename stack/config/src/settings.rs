//! What may be said for the whole lake and again for one environment: `[schedule]`, `[aws]`,
//! `[retention]`, `[alarms]`, `[backup]` and `[tags]`. Key by key, what `[env.NAME.aws]` says stands before what
//! `[aws]` says.

use std::ops::Range;

use tarn_lake::{Environment, Retention, Schedule};

use crate::keys::{Block, Key, Wants};
use crate::reader::Reader;
use crate::{Code, Diagnostic, alarms, aws, backup, retention, schedule, tags};

/// When the pipeline runs.
pub const SCHEDULE: Key =
    Key::optional("schedule", Wants::Block(&schedule::BLOCK), "[schedule]", "when the pipeline runs")
        .also(&["schedules", "cron"]);
/// Where the lake stands.
pub const AWS: Key =
    Key::optional("aws", Wants::Block(&aws::BLOCK), "[aws]", "where the lake stands and under which rules")
        .also(&["deployment", "provider", "account"]);
/// How long it keeps what.
pub const RETENTION: Key =
    Key::optional("retention", Wants::Block(&retention::BLOCK), "[retention]", "how long what is kept")
        .also(&["lifecycle", "expiration", "expiry"]);
/// Who is told of what.
pub const ALARMS: Key =
    Key::optional("alarms", Wants::Block(&alarms::BLOCK), "[alarms]", "who is told when something is wrong")
        .also(&["alarm", "notify", "notifications", "alerts"]);
/// How many backups are kept.
pub const BACKUP: Key =
    Key::optional("backup", Wants::Block(&backup::BLOCK), "[backup]", "how many backups are kept")
        .also(&["backups", "snapshots"]);
/// What its resources are tagged with.
pub const TAGS: Key =
    Key::optional("tags", Wants::Tags, r#"tags = { team = "data" }"#, "what every resource is tagged with")
        .also(&["tag", "labels"]);

/// What one place says; the rest is left to the other, or to the defaults.
#[derive(Default)]
pub struct Settings {
    schedule: schedule::Written,
    aws: aws::Written,
    retention: retention::Written,
    alarms: alarms::Written,
    backup: backup::Written,
    tags: tags::Written,
}

impl Settings {
    /// Reads the blocks of the file, or of one environment.
    pub fn read(reader: &Reader) -> Self {
        Self {
            schedule: inner(reader, &SCHEDULE, &schedule::BLOCK)
                .map(|b| schedule::read(&b))
                .unwrap_or_default(),
            aws: inner(reader, &AWS, &aws::BLOCK).map(|b| aws::read(&b)).unwrap_or_default(),
            retention: inner(reader, &RETENTION, &retention::BLOCK)
                .map(|b| retention::read(&b))
                .unwrap_or_default(),
            alarms: inner(reader, &ALARMS, &alarms::BLOCK).map(|b| alarms::read(&b)).unwrap_or_default(),
            backup: inner(reader, &BACKUP, &backup::BLOCK).map(|b| backup::read(&b)).unwrap_or_default(),
            tags: tags::read(reader, &TAGS),
        }
    }

    /// These, and where they say nothing, the general ones.
    pub fn or(self, general: Self) -> Self {
        Self {
            schedule: self.schedule.or(general.schedule),
            aws: self.aws.or(general.aws),
            retention: self.retention.or(general.retention),
            alarms: self.alarms.or(general.alarms),
            backup: self.backup.or(general.backup),
            tags: self.tags.or(general.tags),
        }
    }

    /// Puts them into an environment; what they leave open keeps its default. What nobody says of the
    /// schedule is missed at `lake`, what the environment lacks at `place`.
    pub fn apply(
        self,
        environment: Environment,
        root: &Reader,
        lake: Option<&Range<usize>>,
        place: Option<&Range<usize>>,
    ) -> (Environment, Schedule) {
        let schedule = self.schedule.finish(root, lake);
        let environment = Environment {
            deployment: self.aws.finish(root),
            retention: self.retention.over(Retention::of(environment.protected)),
            alarms: self.alarms.finish(),
            backup: self.backup.finish(),
            tags: self.tags.finish(),
            ..environment
        };
        // Without a place there is not even a lake, which is the greater fault.
        if let Some(place) = place.filter(|_| environment.protected) {
            warn_of_carelessness(&environment, root, place);
        }
        (environment, schedule)
    }
}

/// A block inside the file or inside an environment, called by where it stands.
fn inner<'a>(reader: &Reader<'a>, key: &Key, block: &'static Block) -> Option<Reader<'a>> {
    let table = reader.table_if_written(key)?;
    let place = if table.span().is_empty() { reader.key_place(key) } else { table.span() };
    let within = reader.subject().strip_suffix("]`").map(|header| format!("{header}.{}]`", key.name));
    let subject = within.unwrap_or_else(|| format!("`{}`", block.header));
    Some(reader.open_inner(block, table.into_inner(), place, subject))
}

/// What is legal, and nobody should do to data that is to last.
fn warn_of_carelessness(environment: &Environment, root: &Reader, place: &Range<usize>) {
    let name = &environment.name;
    if environment.alarms.emails.is_empty() {
        let title = format!("nobody is told when a run of `{name}` fails");
        let warning = Diagnostic::warning(Code::NobodyIsTold, place.clone(), title);
        let warning = warning.label("it is protected, and `[alarms]` names no mail address");
        root.faults.push(warning.help("add `[alarms]` with `emails = [\"data-team@example.com\"]`"));
    }
    if environment.deployment.account.is_none() {
        let title = format!("`{name}` may be deployed to any account");
        let warning = Diagnostic::warning(Code::AnyAccount, place.clone(), title);
        let warning = warning.label("it is protected, and `[aws]` names no account");
        root.faults.push(warning.help(format!("add `[env.{name}.aws]` with `account = \"123456789012\"`")));
    }
}

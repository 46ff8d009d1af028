//! Shows a deployment as it happens: a line for each resource that settles, and, where somebody
//! watches, a line below them that says what is under way.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tarn_deploy::{Action, DeployError, Event, Observer, Outcome, ResourceEvent};

use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};

/// Shows events on standard error.
pub struct Progress {
    /// What stack names begin with; it is not repeated on every line.
    prefix: String,
    spinner: ProgressBar,
    under_way: Mutex<BTreeMap<String, (usize, Option<usize>)>>,
}

impl Progress {
    /// Begins to show.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: format!("{prefix}-"), spinner: spinner(), under_way: Mutex::default() }
    }

    /// Ends the showing.
    pub fn finish(&self) {
        self.spinner.finish_and_clear();
    }

    fn line(&self, line: impl std::fmt::Display) {
        self.spinner.suspend(|| console::note(line));
    }

    fn short<'n>(&self, stack: &'n str) -> &'n str {
        stack.strip_prefix(&self.prefix).unwrap_or(stack)
    }

    fn resource(&self, stack: &str, event: &ResourceEvent) {
        let failed = event.status.ends_with("_FAILED");
        let complete = event.status.ends_with("_COMPLETE");
        if !failed && !complete || event.resource_type == "AWS::CloudFormation::Stack" {
            return;
        }
        let status = styled(format!("{:<16}", event.status), if failed { BAD } else { GOOD });
        let kind = styled(&event.resource_type, DIM);
        self.line(format!("  {:<14} {status} {} {kind}", self.short(stack), event.logical_id));
        if failed && !event.reason.is_empty() {
            self.line(format!("  {:<14} {:<16} {}", "", "", styled(&event.reason, BAD)));
        }
        self.count(stack);
    }

    fn count(&self, stack: &str) {
        if let Ok(mut under_way) = self.under_way.lock() {
            if let Some((done, _)) = under_way.get_mut(stack) {
                *done += 1;
            }
            self.show(&under_way);
        }
    }

    fn begin(&self, stack: &str, resources: Option<usize>) {
        if let Ok(mut under_way) = self.under_way.lock() {
            under_way.insert(stack.to_owned(), (0, resources));
            self.show(&under_way);
        }
    }

    fn end(&self, stack: &str) {
        if let Ok(mut under_way) = self.under_way.lock() {
            under_way.remove(stack);
            self.show(&under_way);
        }
    }

    fn show(&self, under_way: &BTreeMap<String, (usize, Option<usize>)>) {
        let each = under_way.iter().map(|(stack, (done, all))| match all {
            Some(all) => format!("{} {done}/{all}", self.short(stack)),
            None => format!("{} {done}", self.short(stack)),
        });
        self.spinner.set_message(each.collect::<Vec<_>>().join(", "));
    }

    fn settled(&self, stack: &str, outcome: &Outcome) {
        self.end(stack);
        let name = styled(self.short(stack), BOLD);
        match outcome {
            Outcome::Failed(error) => {
                self.line(format!("{name} {}: {error}", styled("failed", BAD)));
                if let DeployError::Failed { reasons, .. } | DeployError::Stuck { reasons, .. } = error {
                    reasons.iter().for_each(|reason| self.line(format!("  {}", styled(reason, BAD))));
                }
            }
            good => self.line(format!("{name} {}", word(good))),
        }
    }
}

/// The outcome in one word, or a few.
pub fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Created => "created".into(),
        Outcome::Updated => "updated".into(),
        Outcome::Unchanged => "unchanged".into(),
        Outcome::Deleted => "deleted".into(),
        Outcome::Failed(_) => "failed".into(),
        Outcome::Skipped { because } => format!("skipped, because {because} failed"),
    }
}

impl Observer for Progress {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Preparing { stack } => self.begin(stack, None),
            Event::Started { stack, action, resources } => {
                let doing = match action {
                    Action::Create => "creating",
                    Action::Update => "updating",
                    Action::Delete => "deleting",
                };
                self.line(format!("{} {doing}", styled(self.short(stack), BOLD)));
                self.begin(stack, resources);
            }
            Event::Waiting { stack, status } => {
                self.line(format!(
                    "{} is {status}: waiting until that has ended",
                    styled(self.short(stack), BOLD)
                ));
            }
            Event::RollingBack { stack } => {
                self.line(format!("{} rolling back, once more", styled(self.short(stack), BOLD)));
            }
            Event::Resource { stack, event } => self.resource(stack, event),
            Event::Settled { stack, outcome } => self.settled(stack, outcome),
            Event::Emptying { bucket } => self.line(format!("emptying bucket {bucket}")),
            Event::Uploading { what } => self.line(format!("uploading {what}")),
        }
    }
}

/// A spinner where somebody watches, and nothing elsewhere.
pub fn spinner() -> ProgressBar {
    if !console::is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

//! Whether a lake that stands is well: what was found out, judged part by part.
//!
//! What could not be asked is neither good nor wrong but unknown, and a lake with something unknown is
//! not called healthy.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{Holdings, StackState};

/// What was changed behind CloudFormation's back, by stack.
pub type Drift = Vec<(String, Result<Vec<String>, String>)>;

/// What was found out. An `Err` says why it could not be.
#[derive(Debug)]
pub struct Vitals {
    /// The names of the stacks that the deployed lake has.
    pub expected: Result<Vec<String>, String>,
    /// The stacks that stand.
    pub stacks: Result<Vec<StackState>, String>,
    /// What drifted; `None` if nobody looked.
    pub drift: Option<Drift>,
    /// Who deploys right now.
    pub lock: Result<Option<String>, String>,
    /// The newest run that has ended.
    pub last_run: Result<Option<LastRun>, String>,
    /// Runs under way.
    pub running: Result<Vec<String>, String>,
    /// The lake's queues.
    pub queues: Result<Vec<Queue>, String>,
    /// Alarms that ring, each with CloudWatch's reason.
    pub alarms: Result<Vec<(String, String)>, String>,
    /// The role that governs, and whether it is an administrator of Lake Formation.
    pub governor: (String, Result<bool, String>),
    /// Silver, and every zone.
    pub places: Vec<Place>,
    /// The tags of silver's columns; `None` in a lake that has none.
    pub tags: Option<Result<Tagging, String>>,
}

/// How the columns of silver are tagged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagging {
    /// How many the lake says.
    pub wanted: usize,
    /// Those that are not tagged so, in words.
    pub missing: Vec<String>,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Its id.
    pub id: String,
    /// Step Functions' word for how it ended.
    pub status: String,
    /// When it began, for people.
    pub began: String,
    /// Its account in one line; `None` where it wrote none.
    pub account: Option<String>,
}

/// A queue of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Whether what is in it has reached nobody.
    pub is_dead: bool,
    /// What is in it.
    pub depth: Depth,
    /// How old the oldest message is, in seconds, where that is known.
    pub oldest: Option<u64>,
}

/// What is in a queue; SQS counts approximately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait for somebody.
    pub waiting: u64,
    /// Those that somebody works on, or that wait for their time.
    pub in_work: u64,
}

/// A database of the lake, with the bucket below it.
#[derive(Debug)]
pub struct Place {
    /// `silver`, or `zone NAME`.
    pub name: String,
    /// Whether Lake Formation looks after its bucket.
    pub location: Result<Location, String>,
    /// What Lake Formation holds beside what the lake says.
    pub rights: Result<Holdings, String>,
}

impl Place {
    /// Whether Lake Formation does not look after its bucket.
    pub fn lacks_location(&self) -> bool {
        self.location == Ok(Location::Missing)
    }

    /// Whether there are rights to be given, or to be taken from whoever IAM allows.
    pub fn lacks_rights(&self) -> bool {
        self.rights.as_ref().is_ok_and(|held| !held.missing.is_empty() || !held.open.is_empty())
    }
}

/// How a bucket is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Under the lake's own role.
    Registered,
    /// Under another role.
    Another(String),
    /// Not at all.
    Missing,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// Not.
    Wrong,
    /// It could not be asked.
    Unknown,
}

/// One part of the lake, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Which part.
    pub part: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// The same one by one, where there is more than one thing to say.
    pub details: Vec<String>,
    /// What to do about it; `None` where all is well.
    pub way_out: Option<String>,
    /// The same for scripts.
    pub facts: Value,
}

/// An arrival waits a minute for company, and for a run that is under way; not for an hour.
const LONGEST_WAIT_SECONDS: u64 = 3_600;

/// Judges a lake, part by part.
pub fn health(vitals: &Vitals) -> Vec<Finding> {
    let mut findings = vec![stacks(vitals)];
    findings.extend(vitals.drift.as_deref().map(drift));
    findings.push(lock(&vitals.lock));
    findings.push(last_run(&vitals.last_run));
    findings.push(running(&vitals.running));
    match &vitals.queues {
        Ok(queues) => findings.extend(queues.iter().map(queue)),
        Err(why) => findings.push(unknown("queues", why, "sqs:GetQueueAttributes")),
    }
    findings.push(alarms(&vitals.alarms));
    findings.push(governor(&vitals.governor));
    findings.extend(vitals.places.iter().flat_map(|place| [location(place), rights(place)]));
    findings.extend(vitals.tags.as_ref().map(tags));
    findings
}

/// Whether every part is good.
pub fn is_healthy(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state == State::Good)
}

fn good(part: impl Into<String>, found: impl Into<String>) -> Finding {
    let (part, found, details) = (part.into(), found.into(), Vec::new());
    Finding { part, state: State::Good, found, details, way_out: None, facts: Value::Null }
}

fn wrong(part: impl Into<String>, found: impl Into<String>, way_out: impl Into<String>) -> Finding {
    Finding { state: State::Wrong, way_out: Some(way_out.into()), ..good(part, found) }
}

fn unknown(part: impl Into<String>, why: &str, right: &str) -> Finding {
    let found = format!("unknown, because {why}");
    let way_out = Some(format!("if a right is missing, it is {right}"));
    Finding { state: State::Unknown, way_out, ..good(part, found) }
}

impl Finding {
    fn with(self, details: Vec<String>, facts: Value) -> Self {
        Self { details, facts, ..self }
    }
}

fn stacks(vitals: &Vitals) -> Finding {
    const PART: &str = "stacks";
    let (expected, stacks) = match (&vitals.expected, &vitals.stacks) {
        (_, Err(why)) => return unknown(PART, why, "cloudformation:DescribeStacks"),
        (Err(why), _) => return unknown(PART, why, "s3:GetObject on the ops bucket"),
        (Ok(expected), Ok(stacks)) => (expected, stacks),
    };
    let facts: Value = stacks.iter().map(|stack| (stack.name.clone(), json!(stack.status.0))).collect();
    let is_sound = |stack: &&StackState| {
        let status = &stack.status.0;
        stack.status.in_progress() || status.ends_with("_COMPLETE") && !status.contains("ROLLBACK")
    };
    let unsound = stacks.iter().filter(|stack| !is_sound(stack));
    let missing = expected.iter().filter(|name| !stacks.iter().any(|stack| stack.name == **name));
    let details: Vec<String> = unsound
        .map(|stack| format!("{} is {}", stack.name, stack.status.0))
        .chain(missing.map(|name| format!("{name} does not stand")))
        .collect();
    let changing = stacks.iter().filter(|stack| stack.status.in_progress()).count();
    let found = match changing {
        0 => format!("{} stand", stacks.len()),
        count => format!("{} stand, of which {count} change right now", stacks.len()),
    };
    match details.is_empty() {
        true => good(PART, found).with(details, facts),
        false => wrong(PART, found, "`tarn deploy` brings them to what lake.toml says").with(details, facts),
    }
}

fn drift(stacks: &[(String, Result<Vec<String>, String>)]) -> Finding {
    const PART: &str = "drift";
    let failed = stacks.iter().find_map(|(stack, found)| Some((stack, found.as_ref().err()?)));
    let each = stacks.iter().filter_map(|(stack, found)| Some((stack, found.as_ref().ok()?)));
    let details: Vec<String> =
        each.flat_map(|(stack, found)| found.iter().map(move |it| format!("{stack}: {it}"))).collect();
    let facts = json!(details);
    match (failed, details.len()) {
        (Some((stack, why)), _) => {
            unknown(PART, &format!("of {stack}: {why}"), "cloudformation:DetectStackDrift")
                .with(details, facts)
        }
        (None, 0) => good(PART, format!("{} stacks are as CloudFormation made them", stacks.len())),
        (None, count) => {
            let way_out = "take the changes back where they were made: CloudFormation leaves alone what its template \
                           does not change";
            wrong(PART, format!("{count} resources were changed by somebody else"), way_out)
                .with(details, facts)
        }
    }
}

fn lock(lock: &Result<Option<String>, String>) -> Finding {
    match lock {
        Ok(None) => good("lock", "nobody deploys"),
        Ok(Some(who)) => good("lock", who).with(Vec::new(), json!(who)),
        Err(why) => unknown("lock", why, "s3:GetObject on the ops bucket"),
    }
}

fn last_run(run: &Result<Option<LastRun>, String>) -> Finding {
    const PART: &str = "last run";
    let run = match run {
        Ok(Some(run)) => run,
        Ok(None) => return good(PART, "none has ended yet"),
        Err(why) => return unknown(PART, why, "states:ListExecutions"),
    };
    let LastRun { id, status, began, account } = run;
    let facts = json!({"id": id, "status": status, "began": began, "account": account});
    let account = account.as_deref().unwrap_or("it wrote no account");
    let found = format!("{id} of {began}: {account}");
    match status.as_str() {
        "SUCCEEDED" => good(PART, found).with(Vec::new(), facts),
        status => {
            let way_out = format!(
                "`tarn run` tries again what failed; runs/{id}/report.json in the ops bucket names it"
            );
            wrong(PART, format!("{found} ({status})"), way_out).with(Vec::new(), facts)
        }
    }
}

fn running(runs: &Result<Vec<String>, String>) -> Finding {
    match runs {
        Ok(runs) if runs.is_empty() => good("running now", "nothing").with(Vec::new(), json!(runs)),
        Ok(runs) => good("running now", runs.join(", ")).with(Vec::new(), json!(runs)),
        Err(why) => unknown("running now", why, "states:ListExecutions"),
    }
}

fn queue(queue: &Queue) -> Finding {
    let Queue { name, is_dead, depth: Depth { waiting, in_work }, oldest } = queue;
    let part = format!("queue {name}");
    let age =
        oldest.filter(|_| *waiting > 0).map(|seconds| format!(", the oldest for {} minutes", seconds / 60));
    let noun = if *waiting == 1 { "message waits" } else { "messages wait" };
    let found = format!("{waiting} {noun}{}, {in_work} in work", age.unwrap_or_default());
    let facts = json!({"waiting": waiting, "in_work": in_work, "oldest_seconds": oldest});
    let judged = match (is_dead, waiting) {
        (true, 1..) => wrong(
            part,
            found,
            "wake-ups of the pipeline reached nobody: look into the log of the trigger function, let `tarn run` plan \
             what they missed, then purge the queue",
        ),
        (false, 1..) if oldest.is_some_and(|seconds| seconds > LONGEST_WAIT_SECONDS) => {
            wrong(part, found, "nobody takes them: look into the log of the trigger function")
        }
        _ => good(part, found),
    };
    judged.with(Vec::new(), facts)
}

fn alarms(alarms: &Result<Vec<(String, String)>, String>) -> Finding {
    const PART: &str = "alarms";
    match alarms {
        Ok(ringing) if ringing.is_empty() => good(PART, "none rings").with(Vec::new(), json!([])),
        Ok(ringing) => {
            let details = ringing.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
            let names: Vec<_> = ringing.iter().map(|(name, _)| name).collect();
            let way_out = "an alarm falls silent by itself once its cause is gone";
            wrong(PART, format!("{} in ALARM", ringing.len()), way_out).with(details, json!(names))
        }
        Err(why) => unknown(PART, why, "cloudwatch:DescribeAlarms"),
    }
}

fn governor((role, is_administrator): &(String, Result<bool, String>)) -> Finding {
    const PART: &str = "governor";
    match is_administrator {
        Ok(true) => good(PART, format!("{role} is an administrator of Lake Formation")),
        Ok(false) => wrong(
            PART,
            format!("{role} is no administrator of Lake Formation any more"),
            "`tarn status --repair` adds it again, if you are one",
        ),
        Err(why) => unknown(PART, why, "lakeformation:GetDataLakeSettings"),
    }
}

fn location(place: &Place) -> Finding {
    let part = format!("location of {}", place.name);
    match &place.location {
        Ok(Location::Registered) => good(part, "registered under the lake's own role"),
        Ok(Location::Missing) => {
            wrong(part, "not registered with Lake Formation", "`tarn status --repair` registers it again")
        }
        Ok(Location::Another(role)) => {
            let way_out = "let the owner of that role deregister it, then `tarn status --repair`";
            wrong(part, format!("registered under another role, {role}"), way_out)
        }
        Err(why) => unknown(part, why, "lakeformation:DescribeResource"),
    }
}

fn rights(place: &Place) -> Finding {
    let part = format!("grants of {}", place.name);
    let held = match &place.rights {
        Ok(held) => held,
        Err(why) => return unknown(part, why, "lakeformation:ListPermissions"),
    };
    let Holdings { wanted, missing, surplus, open, strangers } = held;
    let lines = |word: &str, some: &[crate::Held]| -> Vec<String> {
        some.iter().map(|held| format!("{word}: {held}")).collect()
    };
    let details = [
        lines("missing", missing),
        lines("open to whoever IAM allows", open),
        lines("surplus", surplus),
        lines("granted by others", strangers),
    ];
    let facts = json!({"missing": missing, "surplus": surplus, "open": open, "others": strangers});
    let found = format!(
        "{} of {wanted} rights stand, {} more than the lake says",
        wanted - missing.len(),
        surplus.len() + open.len()
    );
    let judged = match (missing.len() + open.len(), surplus.len()) {
        (0, 0) => good(part, found),
        (0, _) => wrong(part, found, "revoke what nobody meant: tarn does not touch what others granted"),
        _ => wrong(part, found, "`tarn status --repair` grants what is missing, and closes what is open"),
    };
    judged.with(details.concat(), facts)
}

fn tags(tags: &Result<Tagging, String>) -> Finding {
    const PART: &str = "tags of silver";
    let Tagging { wanted, missing } = match tags {
        Ok(tagging) => tagging,
        Err(why) => return unknown(PART, why, "lakeformation:GetResourceLFTags"),
    };
    let found = format!("{} of {wanted} columns are tagged as the lake says", wanted - missing.len());
    let judged = match missing.len() {
        0 => good(PART, found),
        _ => wrong(PART, found, "`tarn status --repair` tags them"),
    };
    judged.with(missing.clone(), json!({ "missing": missing }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Held, StackStatus};
    use tarn_lake::{Governed, Permission};

    fn place(name: &str) -> Place {
        let held = Holdings { wanted: 8, ..Holdings::default() };
        Place { name: name.into(), location: Ok(Location::Registered), rights: Ok(held) }
    }

    fn vitals() -> Vitals {
        Vitals {
            expected: Ok(vec!["shop-dev-storage".into()]),
            stacks: Ok(vec![stack("UPDATE_COMPLETE")]),
            drift: None,
            lock: Ok(None),
            last_run: Ok(None),
            running: Ok(vec![]),
            queues: Ok(vec![queue_of(false, 3, Some(60)), queue_of(true, 0, None)]),
            alarms: Ok(vec![]),
            governor: ("arn:govern".into(), Ok(true)),
            places: vec![place("silver"), place("zone ads")],
            tags: Some(Ok(Tagging { wanted: 2, missing: vec![] })),
        }
    }

    fn stack(status: &str) -> StackState {
        let (name, arn) = ("shop-dev-storage".into(), "arn".into());
        let (tags, changed) = (Vec::new(), String::new());
        StackState { name, arn, status: StackStatus(status.into()), tags, protected: false, changed }
    }

    fn queue_of(is_dead: bool, waiting: u64, oldest: Option<u64>) -> Queue {
        let name = if is_dead { "dead" } else { "arrivals" }.into();
        Queue { name, is_dead, depth: Depth { waiting, in_work: 0 }, oldest }
    }

    fn held() -> Held {
        let resource = Governed::Tables { database: "shop_dev_ads".into() };
        Held { principal: "arn:reader".into(), resource, permission: Permission::Select }
    }

    fn bad_ones(vitals: &Vitals) -> Vec<(String, State)> {
        let findings = health(vitals);
        assert!(findings.iter().all(|it| (it.state == State::Good) == it.way_out.is_none()), "{findings:?}");
        let bad = findings.into_iter().filter(|finding| finding.state != State::Good);
        bad.map(|finding| (finding.part, finding.state)).collect()
    }

    #[test]
    fn a_lake_with_nothing_amiss_is_healthy() {
        assert_eq!(bad_ones(&vitals()), []);
        assert!(is_healthy(&health(&vitals())));
        let grown = Vitals { stacks: Ok(vec![stack("UPDATE_IN_PROGRESS")]), ..vitals() };
        assert_eq!(bad_ones(&grown), [], "a deployment under way is no fault");
    }

    #[test]
    fn each_fault_is_found_in_its_part() {
        let failed = LastRun { id: "r".into(), status: "FAILED".into(), began: "t".into(), account: None };
        let with = |place: Place| vec![place];
        let rights = |held: Holdings| with(Place { rights: Ok(held), ..place("silver") });
        let some = || Holdings { wanted: 8, ..Holdings::default() };
        let cases: Vec<(Vitals, &str)> = vec![
            (Vitals { stacks: Ok(vec![]), ..vitals() }, "stacks"),
            (Vitals { stacks: Ok(vec![stack("UPDATE_ROLLBACK_COMPLETE")]), ..vitals() }, "stacks"),
            (Vitals { stacks: Ok(vec![stack("UPDATE_FAILED")]), ..vitals() }, "stacks"),
            (Vitals { drift: Some(vec![("s".into(), Ok(vec!["Role".into()]))]), ..vitals() }, "drift"),
            (Vitals { last_run: Ok(Some(failed)), ..vitals() }, "last run"),
            (Vitals { queues: Ok(vec![queue_of(true, 1, None)]), ..vitals() }, "queue dead"),
            (Vitals { queues: Ok(vec![queue_of(false, 1, Some(4_000))]), ..vitals() }, "queue arrivals"),
            (Vitals { alarms: Ok(vec![("a".into(), "b".into())]), ..vitals() }, "alarms"),
            (Vitals { governor: ("arn".into(), Ok(false)), ..vitals() }, "governor"),
            (
                Vitals {
                    places: with(Place { location: Ok(Location::Missing), ..place("silver") }),
                    ..vitals()
                },
                "location of silver",
            ),
            (
                Vitals { places: rights(Holdings { missing: vec![held()], ..some() }), ..vitals() },
                "grants of silver",
            ),
            (
                Vitals { places: rights(Holdings { surplus: vec![held()], ..some() }), ..vitals() },
                "grants of silver",
            ),
            (
                Vitals { places: rights(Holdings { open: vec![held()], ..some() }), ..vitals() },
                "grants of silver",
            ),
        ];
        let untagged = Tagging { wanted: 2, missing: vec!["people.mail is not tagged `high`".into()] };
        let untagged = Vitals { tags: Some(Ok(untagged)), ..vitals() };
        for (vitals, part) in cases.into_iter().chain([(untagged, "tags of silver")]) {
            assert_eq!(bad_ones(&vitals), [(part.to_owned(), State::Wrong)], "{vitals:?}");
        }
        let others = Holdings { strangers: vec![held()], ..some() };
        assert_eq!(bad_ones(&Vitals { places: rights(others), ..vitals() }), [], "others may grant too");
    }

    #[test]
    fn what_cannot_be_asked_is_unknown_and_not_healthy() {
        fn why<T>() -> Result<T, String> {
            Err("the network is down".into())
        }
        let dark = Vitals {
            expected: why(),
            stacks: why(),
            drift: Some(vec![("s".into(), why())]),
            lock: why(),
            last_run: why(),
            running: why(),
            queues: why(),
            alarms: why(),
            governor: ("arn".into(), why()),
            places: vec![Place { name: "silver".into(), location: why(), rights: why() }],
            tags: Some(why()),
        };
        let findings = health(&dark);
        assert_eq!(findings.len(), 11);
        for finding in &findings {
            assert_eq!(finding.state, State::Unknown, "{finding:?}");
            assert!(finding.found.starts_with("unknown, because"), "{finding:?}");
        }
        assert!(!is_healthy(&findings));
    }
}

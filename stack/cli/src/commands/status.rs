//! `tarn status`: whether the deployed lake is well.
//!
//! Everything is asked side by side; what cannot be asked is told as unknown, and the rest all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use futures::StreamExt;
use futures::future::join_all;
use serde_json::json;
use tarn_aws::{GlueCatalog, LakeFormation, S3};
use tarn_cloud::{Alarms, CloudFormation, Pipeline, Queues, StackResource};
use tarn_core::RunReport;
use tarn_core::jobs::missing_tags;
use tarn_core::ports::{Administration, Locations, TableColumn};
use tarn_deploy::{
    Drift, Finding, Ground, Held, LastRun, Location, Place, Queue, StackState, State, Tagging, Vitals,
    granted_by, health, holdings, is_healthy,
};
use tarn_lake::{Bucket, CellsFilter, Grant, Lake, StackId, TaggedTable};

use super::repair::{self, Lack};
use super::run::report_of;
use super::{doctor, plan, who};
use crate::account::{self, Account};
use crate::arguments::{Common, Status};
use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project::Project;

/// Calls side by side; CloudFormation lets an account make a few in a second.
const AT_ONCE: usize = 10;

pub async fn run(common: &Common, options: &Status) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let governed = account::lake_formation(&account.config, options.place, &project.folder).await?;
    let asking = Asking::new(&project.lake, &account, LakeFormation::new(&governed, account.names.account()));
    let mut found = asking.everything(options.drift).await?;
    let repaired = match options.repair {
        true => {
            let catalog = GlueCatalog::new(&account.config);
            repair::repair(&asking.governance, &catalog, &found.amiss(&account)).await?
        }
        false => Vec::new(),
    };
    if !repaired.is_empty() {
        found = asking.everything(options.drift).await?;
    }
    tell(common, &found.findings(), &repaired);
    Ok(exit::done_if(is_healthy(&found.findings())))
}

fn tell(common: &Common, findings: &[Finding], repaired: &[String]) {
    if common.json {
        let told = json!({ "healthy": is_healthy(findings), "findings": findings, "repaired": repaired });
        return console::json(&told);
    }
    repaired.iter().for_each(|what| console::note(format!("repaired: {what}")));
    findings.iter().for_each(show);
    let amiss = findings.iter().filter(|finding| finding.state != State::Good).count();
    match amiss {
        0 => console::result(styled("healthy", GOOD)),
        count => console::result(format!("{}: see {count} of the lines above", styled("not healthy", BAD))),
    }
}

fn show(finding: &Finding) {
    let Finding { part, state, found, details, way_out, .. } = finding;
    let mark = match state {
        State::Good => styled("ok     ", GOOD),
        State::Wrong => styled("wrong  ", BAD),
        State::Unknown => styled("unknown", BOLD),
    };
    console::result(format!("{mark} {part}: {found}"));
    details.iter().for_each(|detail| console::result(format!("          {}", styled(detail, DIM))));
    if let Some(way_out) = way_out {
        console::hint(way_out);
    }
}

/// A stack with grants: what belongs into it, and the bucket below its database.
struct Part {
    stack: StackId,
    grants: Vec<Grant<String>>,
    filters: Vec<CellsFilter>,
    /// The bucket's ARN and the role that it is registered under; of a stack that has a location.
    location: Option<(String, String)>,
    roles: BTreeSet<String>,
}

/// All that was found, and what it takes to repair.
struct Found {
    vitals: Vitals,
    parts: Vec<Part>,
    tags: Vec<TaggedTable>,
}

impl Found {
    fn findings(&self) -> Vec<Finding> {
        health(&self.vitals)
    }

    /// What a repair has to do.
    fn amiss(&self, account: &Account) -> Vec<Lack> {
        let is_demoted = self.vitals.governor.1 == Ok(false);
        let administrator = Ground::of(&account.names).role(&account.names.govern_role());
        let mut lacks: Vec<Lack> =
            is_demoted.then_some(Lack::Administrator(administrator)).into_iter().collect();
        for part in &self.parts {
            let name = place_of(&part.stack).1;
            let Some(place) = self.vitals.places.iter().find(|place| place.name == name) else { continue };
            if let Some((arn, role)) = part.location.as_ref().filter(|_| place.lacks_location()) {
                lacks.push(Lack::Location { arn: arn.clone(), role: role.clone() });
            }
            if place.lacks_rights() {
                let (grants, filters) = (part.grants.clone(), part.filters.clone());
                lacks.push(Lack::Grants { stack: part.stack.to_string(), grants, filters });
            }
        }
        if matches!(&self.vitals.tags, Some(Ok(tagging)) if !tagging.missing.is_empty()) {
            lacks.push(Lack::Tags { key: account.names.pii_tag(), tables: self.tags.clone() });
        }
        lacks
    }
}

/// The place that a stack's grants are for: silver first, then zones by their names.
fn place_of(stack: &StackId) -> (bool, String) {
    match stack {
        StackId::Zone(zone) => (true, format!("zone {zone}")),
        _ => (false, "silver".to_owned()),
    }
}

struct Asking<'a> {
    lake: &'a Lake,
    account: &'a Account,
    store: S3,
    stacks: CloudFormation,
    governance: LakeFormation,
}

impl<'a> Asking<'a> {
    fn new(lake: &'a Lake, account: &'a Account, governance: LakeFormation) -> Self {
        let (store, stacks) = (S3::new(&account.config), CloudFormation::new(&account.config));
        Self { lake, account, store, stacks, governance }
    }

    async fn everything(&self, drift: bool) -> Result<Found, Failure> {
        let (stacks, deployed, lock, runs, watched, governor) = futures::join!(
            doctor::stacks(&self.account.config, self.lake),
            plan::deployed_lake(&self.store, self.account),
            doctor::lock(self.account, self.store.clone()),
            self.runs(),
            self.watched(),
            self.governor(),
        );
        let deployed = deployed.map_err(|failure| failure.message);
        if let (Ok(stacks), Ok(None)) = (&stacks, &deployed)
            && stacks.is_empty()
        {
            return Err(not_deployed(self.lake));
        }
        let deployed =
            deployed.and_then(|lake| lake.ok_or_else(|| "no deployment has come to its end yet".into()));
        let wanted = deployed.as_ref().map(|lake| lake.tags(&self.account.names)).unwrap_or_default();
        let (governed, tags, drift) =
            futures::join!(self.governed(&deployed), self.tags(&wanted), self.drift(&stacks, drift));
        let (parts, places) = governed;
        let (last_run, running) = runs;
        let (queues, alarms) = watched;
        let expected = deployed.map(|lake| stacks_of(&lake, self.account));
        let governor = (self.account.names.govern_role(), governor);
        let vitals = Vitals {
            expected,
            stacks,
            drift,
            lock,
            last_run,
            running,
            queues,
            alarms,
            governor,
            places,
            tags,
        };
        Ok(Found { vitals, parts, tags: wanted })
    }

    async fn runs(&self) -> (Result<Option<LastRun>, String>, Result<Vec<String>, String>) {
        let found = Pipeline::new(&self.account.config, &self.account.names).newest().await;
        let runs = match found {
            Ok(runs) => runs,
            Err(error) => return (Err(error.to_string()), Err(error.to_string())),
        };
        let (running, ended): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.status == "RUNNING");
        let last = match ended.into_iter().next() {
            None => Ok(None),
            Some(last) => match report_of(self.account, &last.id).await {
                Ok(report) => {
                    let account = report.as_ref().map(balance);
                    Ok(Some(LastRun { id: last.id, status: last.status, began: last.began, account }))
                }
                Err(failure) => Err(failure.message),
            },
        };
        (last, Ok(running.into_iter().map(|run| run.id).collect()))
    }

    /// Queues and alarms of the pipeline.
    async fn watched(&self) -> (Result<Vec<Queue>, String>, Result<Vec<(String, String)>, String>) {
        let stack = self.account.names.stack(&StackId::Pipeline);
        let resources = match self.stacks.resources(&stack).await {
            Ok(resources) => resources,
            Err(error) => return (Err(error.to_string()), Err(error.to_string())),
        };
        let of_kind = |kind: &str| resources.iter().filter(|it| it.kind == kind).cloned().collect::<Vec<_>>();
        let names: Vec<String> =
            of_kind("AWS::CloudWatch::Alarm").into_iter().map(|alarm| alarm.physical_id).collect();
        let ringing = Alarms::new(&self.account.config);
        let (queues, alarms) =
            futures::join!(self.queues(of_kind("AWS::SQS::Queue")), ringing.ringing(&names));
        (queues, alarms.map_err(|error| error.to_string()))
    }

    async fn queues(&self, found: Vec<StackResource>) -> Result<Vec<Queue>, String> {
        let queues = Queues::new(&self.account.config);
        let each = found.into_iter().map(async |queue| {
            let name = queue.physical_id.rsplit('/').next().unwrap_or_default().to_owned();
            let (depth, oldest) = futures::join!(queues.depth(&queue.physical_id), queues.oldest(&name));
            // The age is more than SQS itself tells: where it is not known, the rest is told without.
            let oldest = oldest.unwrap_or_default();
            let is_dead = queue.logical_id == "DeadLetters";
            depth.map(|depth| Queue { name, is_dead, depth, oldest }).map_err(|error| error.to_string())
        });
        join_all(each).await.into_iter().collect()
    }

    async fn governor(&self) -> Result<bool, String> {
        let role = Ground::of(&self.account.names).role(&self.account.names.govern_role());
        let settings = self.governance.settings().await.map_err(|error| error.chain())?;
        Ok(settings.administrators().contains(&role.as_str()))
    }

    async fn drift(&self, stacks: &Result<Vec<StackState>, String>, asked: bool) -> Option<Drift> {
        let stacks = stacks.as_ref().ok().filter(|_| asked)?;
        let spinner = spinner();
        spinner.set_message(format!("comparing {} stacks with their templates", stacks.len()));
        let each = stacks.iter().map(async |stack| {
            let found = self.stacks.drift(&stack.name).await.map_err(|error| error.to_string());
            spinner.set_message(format!("compared {}", stack.name));
            (stack.name.clone(), found)
        });
        let found = futures::stream::iter(each).buffered(AT_ONCE).collect().await;
        spinner.finish_and_clear();
        Some(found)
    }

    /// Every stack with grants, and silver and the zones as they are in Lake Formation.
    async fn governed(&self, deployed: &Result<Lake, String>) -> (Vec<Part>, Vec<Place>) {
        let lake = match deployed {
            Ok(lake) => lake,
            Err(why) => {
                let (location, rights) = (Err(why.clone()), Err(why.clone()));
                return (
                    Vec::new(),
                    vec![Place { name: "silver and of the zones".into(), location, rights }],
                );
            }
        };
        let zones = lake.zones.iter().map(|zone| StackId::Zone(zone.name.clone()));
        let stacks = [StackId::Storage, StackId::Pipeline].into_iter().chain(zones);
        let asked = stacks.map(async |stack| {
            let part = self.part(lake, &stack).await;
            (stack, part)
        });
        let asked = futures::stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>();
        let (standing, parts) = futures::join!(self.standing(lake), asked);
        let mut places: BTreeMap<(bool, String), Vec<Result<&Part, &String>>> = BTreeMap::new();
        for (stack, part) in &parts {
            places.entry(place_of(stack)).or_default().push(part.as_ref());
        }
        let places =
            places.into_iter().map(async |((_, name), parts)| self.place(name, parts, &standing).await);
        let places = futures::stream::iter(places).buffered(AT_ONCE).collect().await;
        (parts.into_iter().filter_map(|(_, part)| part.ok()).collect(), places)
    }

    /// Whether silver's columns are tagged as the deployed lake says.
    async fn tags(&self, tables: &[TaggedTable]) -> Option<Result<Tagging, String>> {
        if tables.is_empty() {
            return None;
        }
        let catalog = GlueCatalog::new(&self.account.config);
        let key = self.account.names.pii_tag();
        let missing = missing_tags(&self.governance, &catalog, &key, tables).await;
        let wanted = tables.iter().map(|table| table.columns.len()).sum();
        let words = |(column, value): (TableColumn, String)| {
            let TableColumn { database, table, column } = column;
            format!("{database}.{table}.{column} is not tagged `{value}`")
        };
        let missing = missing.map(|missing| missing.into_iter().map(words).collect());
        Some(missing.map(|missing| Tagging { wanted, missing }).map_err(|error| error.chain()))
    }

    async fn standing(&self, lake: &Lake) -> Result<BTreeSet<Held>, String> {
        who::standing(&self.governance, lake, &self.account.names).await.map_err(|error| error.chain())
    }

    async fn part(&self, lake: &Lake, stack: &StackId) -> Result<Part, String> {
        let ground = Ground::of(&self.account.names);
        let name = self.account.names.stack(stack);
        let resources = self.stacks.resources(&name).await.map_err(|error| error.to_string())?;
        let roles = resources.iter().filter(|it| it.kind == "AWS::IAM::Role");
        let roles: BTreeMap<String, String> =
            roles.map(|role| (role.logical_id.clone(), ground.role(&role.physical_id))).collect();
        let grants = granted_by(lake, stack, ground, &roles)?;
        let bucket = match stack {
            StackId::Zone(zone) => Bucket::Zone(zone.clone()),
            _ => Bucket::Silver,
        };
        let location = roles.get("LocationRole").map(|role| (ground.bucket(&bucket), role.clone()));
        let filters = lake.filters(stack, &self.account.names);
        Ok(Part { stack: stack.clone(), grants, filters, location, roles: roles.into_values().collect() })
    }

    /// One database, of one stack or of two.
    async fn place(
        &self,
        name: String,
        parts: Vec<Result<&Part, &String>>,
        standing: &Result<BTreeSet<Held>, String>,
    ) -> Place {
        let parts: Result<Vec<&Part>, String> =
            parts.into_iter().map(|part| part.map_err(Clone::clone)).collect();
        let location = match &parts {
            Ok(parts) => self.location(parts.iter().find_map(|part| part.location.as_ref())).await,
            Err(why) => Err(why.clone()),
        };
        let rights = match (&parts, standing) {
            (Ok(parts), Ok(standing)) => {
                let grants: Vec<_> = parts.iter().flat_map(|part| part.grants.clone()).collect();
                let ours = parts.iter().flat_map(|part| part.roles.clone()).collect();
                Ok(holdings(&grants, &ours, standing))
            }
            (Err(why), _) | (_, Err(why)) => Err(why.clone()),
        };
        Place { name, location, rights }
    }

    async fn location(&self, wanted: Option<&(String, String)>) -> Result<Location, String> {
        let Some((arn, role)) = wanted else { return Err("its stack has no role for the location".into()) };
        match self.governance.role_of(arn).await.map_err(|error| error.chain())? {
            Some(found) if found == *role => Ok(Location::Registered),
            Some(found) => Ok(Location::Another(found)),
            None => Ok(Location::Missing),
        }
    }
}

pub(crate) fn not_deployed(lake: &Lake) -> Failure {
    let (name, environment) = (&lake.name, &lake.environment.name);
    Failure::failed(format!("the lake `{name}` is not deployed as `{environment}`"))
        .hint("`tarn deploy` does it; --env names another environment")
}

fn stacks_of(lake: &Lake, account: &Account) -> Vec<String> {
    let own = [StackId::Foundation, StackId::Storage, StackId::Pipeline, StackId::Consumption];
    let zones = lake.zones.iter().map(|zone| StackId::Zone(zone.name.clone()));
    own.into_iter().chain(zones).map(|stack| account.names.stack(&stack)).collect()
}

/// A run's account in one line.
fn balance(report: &RunReport) -> String {
    let classes = [
        ("converted", report.converted),
        ("quarantined", report.quarantined),
        ("duplicate", report.duplicate),
        ("skipped", report.skipped),
        ("failed", report.failed),
    ];
    let each = classes.iter().filter(|(_, tally)| tally.files > 0);
    let each: Vec<String> = each.map(|(class, tally)| format!("{} {class}", tally.files)).collect();
    let landed = format!("{} files landed", report.landed.files);
    let rows = format!("{} rows, {} bad", report.rows, report.bad_rows);
    [&[landed][..], &each, &[rows]].concat().join(", ")
}

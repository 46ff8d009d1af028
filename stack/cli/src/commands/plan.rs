//! `tarn plan`: what a deployment would do, told before it is done.

use std::process::ExitCode;

use serde_json::{Value, json};
use tarn_aws::S3;
use tarn_cloud::CloudFormation;
use tarn_core::ports::ObjectStore;
use tarn_core::{Kind, RunKeys};
use tarn_deploy::{Deployment, Effect, Plan, ResourceChange, Step};
use tarn_lake::{Bucket, Lake};
use tarn_render::diff::{self, AccessChange, LakeChange};

use super::artifacts::S3Artifacts;
use super::costs::Estimate;
use super::difference::{self, section};
use super::{access, deploy};
use crate::account::Account;
use crate::arguments::{Common, Plan as Options};
use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;

pub async fn run(common: &Common, options: &Options) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let prepared = deploy::prepare(&project, options.place, options.handlers.as_deref(), false).await?;
    let foreseen = Foreseen::of(&project.lake, &prepared.account, &prepared.deployment).await?;
    if common.json {
        console::json(&foreseen.json());
    } else {
        foreseen.print(false);
        foreseen.costs.explain();
    }
    let differs = options.exit_code && !foreseen.is_none();
    Ok(if differs { ExitCode::from(exit::CHANGES) } else { exit::done_if(!foreseen.plan.is_blocked()) })
}

/// What a deployment would do: to the stacks, and in the words of the lake.
pub struct Foreseen {
    pub plan: Plan,
    /// `None` where no lake was deployed yet.
    lake: Option<LakeChange>,
    /// Who sees what; all that is seen where no lake was deployed yet.
    access: Vec<AccessChange>,
    costs: Estimate,
    prefix: String,
}

impl Foreseen {
    /// Asks the account.
    pub async fn of(lake: &Lake, account: &Account, deployment: &Deployment) -> Result<Self, Failure> {
        let store = S3::new(&account.config);
        let deployed = deployed_lake(&store, account).await?;
        let stacks = CloudFormation::new(&account.config);
        let plan = tarn_deploy::plan(deployment, &stacks, &S3Artifacts(store)).await?;
        let access = diff::access(deployed.as_ref(), lake);
        let costs = Estimate::of(lake, deployed.as_ref(), account.names.region())?;
        let lake = deployed.map(|deployed| diff::lakes(&deployed, lake));
        Ok(Self { plan, lake, access, costs, prefix: format!("{}-", account.names.prefix()) })
    }

    /// Whether there is nothing to do.
    pub fn is_none(&self) -> bool {
        self.plan.is_empty() && self.lake.as_ref().is_some_and(LakeChange::is_none)
    }

    /// What holds data and may go, a line each; zones that left the file if they are to go too.
    pub fn risks(&self, removes_zones: bool) -> Vec<String> {
        let changed = self.plan.data_at_risk().map(|(stack, change)| self.risk(stack, change));
        let gone = self.plan.strays.iter().filter(|_| removes_zones);
        let gone = gone.map(|stack| {
            format!(
                "  {} {}: the stack goes, with its data if it is not protected",
                mark(),
                self.short(&stack.name)
            )
        });
        changed.chain(gone).collect()
    }

    /// Data at risk first, then the lake's own words, then stacks.
    pub fn print(&self, removes_zones: bool) {
        if self.is_none() {
            console::result("nothing to do: the account is as lake.toml says");
            return self.costs.print();
        }
        section(&styled("data at risk", BAD), self.risks(removes_zones));
        self.lake.iter().for_each(difference::print_lake);
        access::print(&self.access, self.lake.as_ref());
        section("stacks", self.plan.stacks.iter().map(|it| self.stack(&it.name, &it.step)).collect());
        let strays = self.plan.strays.iter();
        section(
            "not in lake.toml any more",
            strays.map(|it| format!("  - {}", self.short(&it.name))).collect(),
        );
        if !self.plan.strays.is_empty() && !removes_zones {
            console::hint(
                "they stay, with their data and their readers, unless `tarn deploy --remove-zones` takes them down",
            );
        }
        self.costs.print();
    }

    fn json(&self) -> Value {
        let stacks = self.plan.stacks.iter().map(|stack| {
            let mut told = step_json(&stack.step);
            told["stack"] = json!(stack.name);
            told
        });
        let at_risk =
            self.plan.data_at_risk().map(|(stack, it)| json!({"stack": stack, "resource": change_json(it)}));
        json!({
            "changes": !self.is_none(), "blocked": self.plan.is_blocked(),
            "data_at_risk": at_risk.collect::<Vec<_>>(), "lake": self.lake, "access": self.access,
            "costs": self.costs.json(),
            "stacks": stacks.collect::<Vec<_>>(),
            "strays": self.plan.strays.iter().map(|stack| &stack.name).collect::<Vec<_>>(),
        })
    }

    fn short<'n>(&self, stack: &'n str) -> &'n str {
        stack.strip_prefix(&self.prefix).unwrap_or(stack)
    }

    fn risk(&self, stack: &str, change: &ResourceChange) -> String {
        let ResourceChange { logical_id, resource_type, physical_id, effect } = change;
        let does = match effect {
            Effect::Remove => "goes",
            Effect::Replace => "is replaced by an empty one",
            _ => "may be replaced by an empty one",
        };
        format!("  {} {}: {logical_id} ({resource_type} {physical_id}) {does}", mark(), self.short(stack))
    }

    fn stack(&self, name: &str, step: &Step) -> String {
        let name = self.short(name);
        match step {
            Step::Nothing => format!("    {name}: unchanged"),
            Step::Create { resources, instead: None } => {
                format!("  {} {name}: new, {resources} resources", styled("+", GOOD))
            }
            Step::Create { resources, instead: Some(status) } => {
                let plus = styled("+", GOOD);
                format!(
                    "  {plus} {name}: new, {resources} resources, instead of what stands there as {status}"
                )
            }
            Step::Update { changes } => {
                let lines: Vec<_> = changes.iter().map(|it| format!("\n      {}", effect_line(it))).collect();
                format!("  {} {name}:{}", styled("~", BOLD), lines.concat())
            }
            Step::Later { .. } => {
                format!("  {} {name}: changes once what it stands on has changed", styled("~", BOLD))
            }
            Step::Busy { status } => format!("  {} {name}: somebody is changing it ({status})", mark()),
            Step::Refused { reason } => format!("  {} {name}: CloudFormation refuses: {reason}", mark()),
        }
    }
}

/// The lake as it was last deployed.
pub(crate) async fn deployed_lake(store: &S3, account: &Account) -> Result<Option<Lake>, Failure> {
    let ops = account.names.bucket(&Bucket::Ops);
    match store.read(&ops, RunKeys::DEPLOYED_LAKE).await {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Failure::failed(format!(
                "the deployed lake, {} in {ops}, cannot be read: {error}",
                RunKeys::DEPLOYED_LAKE
            ))
        }),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn mark() -> String {
    styled("!", BAD)
}

fn effect_line(change: &ResourceChange) -> String {
    let (sign, more) = match change.effect {
        Effect::Remove => (styled("-", BAD), ""),
        Effect::Replace => (styled("~", BAD), ", replaced"),
        Effect::MayReplace => (styled("~", BAD), ", may be replaced"),
        Effect::Modify => (styled("~", BOLD), ""),
        Effect::Add => (styled("+", GOOD), ""),
    };
    let kind = styled(format!("({})", change.resource_type), DIM);
    format!("{sign} {} {kind}{more}", change.logical_id)
}

fn change_json(change: &ResourceChange) -> Value {
    let effect = match change.effect {
        Effect::Remove => "remove",
        Effect::Replace => "replace",
        Effect::MayReplace => "may_replace",
        Effect::Modify => "modify",
        Effect::Add => "add",
    };
    json!({
        "id": change.logical_id, "type": change.resource_type, "physical_id": change.physical_id, "effect": effect,
    })
}

fn step_json(step: &Step) -> Value {
    match step {
        Step::Nothing => json!({"step": "nothing"}),
        Step::Create { resources, instead } => {
            json!({"step": "create", "resources": resources, "instead": instead})
        }
        Step::Update { changes } => {
            json!({"step": "update", "changes": changes.iter().map(change_json).collect::<Vec<_>>()})
        }
        Step::Later { reason } => json!({"step": "later", "reason": reason}),
        Step::Busy { status } => json!({"step": "busy", "status": status}),
        Step::Refused { reason } => json!({"step": "refused", "reason": reason}),
    }
}

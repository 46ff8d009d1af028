//! The story of a deployment: foundation, uploads, everything else, and last the lake's config.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tarn_lake::StackId;

use crate::apply::Hands;
use crate::graph::{self, Node};
use crate::memory::Memory;
use crate::{
    Action, Artifacts, ChangeRequest, Clock, Event, Observer, Outcome, PortError, Report, StackState, Stacks,
    TemplateSource,
};

/// What is to stand in the account.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The stacks; the first is the foundation, which holds the ops bucket.
    pub stacks: Vec<DesiredStack>,
    /// The ops bucket.
    pub ops_bucket: String,
    /// Uploaded when the foundation stands, before anything needs it.
    pub uploads: Vec<Upload>,
    /// Key and bytes of the lake as deployed, written when every stack is good: a run never sees
    /// a zone that does not stand.
    pub lake_document: (String, Vec<u8>),
    /// Key and bytes of the files that say what the lake is, for backups, written just before it.
    pub project_document: Option<(String, Vec<u8>)>,
    /// The tags by which the lake's stacks are found again.
    pub identity: Vec<(String, String)>,
    /// Further tags on every stack.
    pub tags: Vec<(String, String)>,
    /// Whether stacks of the lake that are not among these are taken down.
    pub remove_strays: bool,
    /// Whether stacks are protected against termination.
    pub protected: bool,
    /// The role that CloudFormation works under; the caller's rights where there is none.
    pub service_role: Option<String>,
}

/// A stack as it should be.
#[derive(Debug, Clone)]
pub struct DesiredStack {
    /// Which stack of the lake.
    pub id: StackId,
    /// Its name.
    pub name: String,
    /// Its template as JSON.
    pub template: String,
    /// How many resources the template has.
    pub resources: usize,
    /// The names of the stacks that must stand before.
    pub after: Vec<String>,
}

/// A file that goes to the ops bucket under a key named by its content.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What it is, for people.
    pub what: String,
    /// Its key.
    pub key: String,
    /// The file.
    pub file: PathBuf,
}

/// Brings the account to the deployment. What does not depend on each other goes side by side; a
/// failed stack stops only what stands on it, and what is as it was left is not touched.
pub async fn deploy(
    deployment: &Deployment,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
    clock: &dyn Clock,
    observer: &dyn Observer,
) -> Result<Report, PortError> {
    let hands = Hands { stacks, clock, observer };
    let memory = Memory::of(deployment, stacks, artifacts).await?;
    let (as_left, open): (Vec<_>, Vec<_>) =
        deployment.stacks.iter().partition(|stack| memory.is_as_left(deployment, stack));
    let (base, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|stack| stack.id == StackId::Foundation);

    let mut report = Report::default();
    report.stacks.extend(as_left.iter().map(|stack| hands.leave(&stack.name)));
    let is_open = !base.is_empty() || !rest.is_empty();
    for stack in base {
        let inline = TemplateSource::Inline(stack.template.clone());
        report.stacks.push(hands.apply(deployment.request(stack, inline)).await);
    }
    if let Some(failed) = report.stacks.iter().find(|stack| !stack.outcome.is_good()) {
        let because = failed.name.clone();
        report.skip(rest, &because);
        return Ok(report);
    }

    upload(deployment, &rest, artifacts, observer).await?;
    let nodes = rest.iter().map(|stack| Node {
        name: stack.name.clone(),
        after: stack.after.clone(),
        work: deployment.request(stack, deployment.uploaded(stack)),
    });
    let settled = graph::run(nodes.collect(), |request| hands.apply(request)).await;
    report.stacks.extend(settled);
    if is_open {
        Memory::remember(deployment, &report, stacks, artifacts).await?;
    }

    if report.is_good() {
        observer.tell(Event::Uploading { what: "the lake's config" });
        if let Some((key, bytes)) = &deployment.project_document {
            artifacts.write(&deployment.ops_bucket, key, bytes.clone()).await?;
        }
        let (key, bytes) = &deployment.lake_document;
        artifacts.write(&deployment.ops_bucket, key, bytes.clone()).await?;
        // Only now: no run plans for a zone that has left the document.
        deployment.settle_strays(memory.strays(deployment), hands, &mut report).await;
    }
    Ok(report)
}

async fn upload(
    deployment: &Deployment,
    stacks: &[&DesiredStack],
    artifacts: &dyn Artifacts,
    observer: &dyn Observer,
) -> Result<(), PortError> {
    for upload in &deployment.uploads {
        observer.tell(Event::Uploading { what: &upload.what });
        artifacts.upload_file(&deployment.ops_bucket, &upload.key, &upload.file).await?;
    }
    for stack in stacks {
        upload_template(deployment, stack, artifacts).await?;
    }
    Ok(())
}

/// It is named by content, so that nothing changes for what stands.
pub(crate) async fn upload_template(
    deployment: &Deployment,
    stack: &DesiredStack,
    artifacts: &dyn Artifacts,
) -> Result<(), PortError> {
    let bytes = stack.template.clone().into_bytes();
    artifacts.write(&deployment.ops_bucket, &stack.template_key(), bytes).await
}

impl Deployment {
    async fn settle_strays(&self, strays: Vec<StackState>, hands: Hands<'_>, report: &mut Report) {
        if self.remove_strays {
            let removals = strays.iter().map(|stack| hands.remove(stack));
            report.stacks.extend(futures::future::join_all(removals).await);
        } else {
            report.strays = strays.into_iter().map(|stack| stack.name).collect();
        }
    }

    pub(crate) fn request(&self, stack: &DesiredStack, template: TemplateSource) -> ChangeRequest {
        ChangeRequest {
            stack: stack.name.clone(),
            action: Action::Create,
            template,
            tags: self.identity.iter().chain(&self.tags).cloned().collect(),
            protected: self.protected,
            service_role: self.service_role.clone(),
        }
    }

    pub(crate) fn uploaded(&self, stack: &DesiredStack) -> TemplateSource {
        TemplateSource::Uploaded { bucket: self.ops_bucket.clone(), key: stack.template_key() }
    }
}

impl DesiredStack {
    /// Named by content, so that a change set under review is never changed behind its back.
    fn template_key(&self) -> String {
        let hash = Sha256::digest(self.template.as_bytes());
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("templates/{}-{hex}.json", self.name)
    }
}

impl Report {
    fn skip(&mut self, stacks: Vec<&DesiredStack>, because: &str) {
        self.stacks.extend(stacks.into_iter().map(|stack| crate::StackReport {
            name: stack.name.clone(),
            outcome: Outcome::Skipped { because: because.into() },
            resources: Default::default(),
        }));
    }
}

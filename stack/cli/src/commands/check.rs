//! `tarn check`: is lake.toml sound, and do its templates keep CloudFormation's limits,
//! and what do the checkers say that are installed?

use std::process::ExitCode;

use tarn_render::Target;

use super::model;
use crate::arguments::Common;
use crate::checkers::{self, Report};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::handlers;
use crate::project::Project;

pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    model::refuse_faults(common, &project).await?;
    let templates = tarn_render::render(&project.lake, &handlers::placeholders(Target::Aws))
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;
    let lake = &project.lake;
    let reports = checkers::run(&templates, lake.environment.protected)?;
    let is_good = reports.iter().all(|report| report.findings.is_empty());
    let resources: usize = templates.iter().map(|template| template.resources().count()).sum();
    let counts = serde_json::json!({
        "lake": lake.name, "environment": lake.environment.name, "tables": lake.tables.len(),
        "zones": lake.zones.len(), "models": lake.models.len(), "stacks": templates.iter().count(), "resources": resources,
        "warnings": project.warnings, "checkers": reports,
    });
    if common.json {
        console::json(&counts);
    } else {
        tell(&reports);
    }
    let models =
        if lake.models.is_empty() { String::new() } else { format!(", models {}", lake.models.len()) };
    if !common.json && is_good {
        console::result(format!(
            "{} lake `{}`, environment `{}`: tables {}, zones {}{models}, stacks {}, resources {resources}",
            console::styled("sound:", console::GOOD),
            lake.name,
            lake.environment.name,
            lake.tables.len(),
            lake.zones.len(),
            templates.iter().count(),
        ));
    }
    Ok(exit::done_if(is_good))
}

/// The findings as errors, and which checkers there were.
fn tell(reports: &[Report]) {
    for report in reports {
        for finding in &report.findings {
            let resource = if finding.resource.is_empty() { "" } else { ", resource " };
            console::error(format!(
                "stack {}{resource}{}: {} [{} {}]",
                finding.template, finding.resource, finding.message, report.checker, finding.rule
            ));
        }
    }
    for (ran, said) in [(true, "checked by"), (false, "not installed, so not asked:")] {
        let names = reports.iter().filter(|report| report.ran == ran).map(|report| report.checker);
        let names = names.collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            console::note(format!("{said} {names}"));
        }
    }
}

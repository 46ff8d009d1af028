//! `tarn check`: is lake.toml sound, and do its templates keep CloudFormation's limits?

use std::process::ExitCode;

use tarn_render::{Options, Target};

use crate::arguments::Common;
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::handlers;
use crate::project::Project;

pub fn run(common: &Common) -> Result<ExitCode, Failure> {
    let project = Project::load_to_deploy(common)?;
    let options = Options { handlers_key: handlers::placeholder_key(), target: Target::Aws };
    let templates = tarn_render::render(&project.lake, &options)
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;
    let lake = &project.lake;
    let resources: usize = templates.iter().map(|template| template.resources().count()).sum();
    let counts = serde_json::json!({
        "lake": lake.name, "environment": lake.environment.name, "tables": lake.tables.len(),
        "zones": lake.zones.len(), "stacks": templates.iter().count(), "resources": resources,
        "warnings": project.warnings,
    });
    if common.json {
        console::json(&counts);
    } else {
        console::result(format!(
            "{} lake `{}`, environment `{}`: tables {}, zones {}, stacks {}, resources {resources}",
            console::styled("sound:", console::GOOD),
            lake.name,
            lake.environment.name,
            lake.tables.len(),
            lake.zones.len(),
            templates.iter().count(),
        ));
    }
    Ok(exit::done_if(true))
}

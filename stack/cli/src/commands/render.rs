//! `tarn render`: the templates as files, one for each stack, and what of them is not as it was.

use std::process::ExitCode;

use serde_json::json;
use tarn_lake::Lake;
use tarn_render::diff::{access, lakes, stacks};
use tarn_render::{Target, TemplateSet};

use super::baseline::{self, State};
use super::difference::Difference;
use crate::arguments::{Common, Render};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::handlers::{self, Handlers};
use crate::project::Project;

pub fn run(common: &Common, options: &Render) -> Result<ExitCode, Failure> {
    let lake = Project::load(common)?.lake;
    let target = if options.local { Target::LocalCloud } else { Target::Aws };
    let rendering = Handlers::find(None, &lake, lake.environment.deployment.architecture)
        .map_or_else(|_| handlers::placeholders(target), |found| found.options(target));
    let templates = tarn_render::render(&lake, &rendering)
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;

    // What is compared with may be what is written over.
    let before = options.diff.as_deref().map(|path| baseline::read(common, path, &rendering)).transpose()?;
    let difference = before.map(|before| difference(&before, &lake, &templates));
    let out = options.out.as_deref();
    let files = out.map(|folder| baseline::write(folder, &lake, &templates, target)).transpose()?;
    tell(common, files.as_deref(), difference.as_ref());
    let differs = difference.is_some_and(|difference| !difference.is_none());
    Ok(if options.exit_code && differs { ExitCode::from(exit::CHANGES) } else { exit::done_if(true) })
}

fn difference(before: &State, lake: &Lake, templates: &TemplateSet) -> Difference {
    Difference {
        lake: before.lake.as_ref().map(|before| lakes(before, lake)),
        access: before.lake.as_ref().map(|before| access(Some(before), lake)).unwrap_or_default(),
        stacks: stacks(&before.bodies, &templates.bodies()),
    }
}

fn tell(common: &Common, files: Option<&[String]>, difference: Option<&Difference>) {
    match (difference, files) {
        (Some(difference), files) if common.json => {
            let mut told = difference.json();
            if let Some(files) = files {
                told["files"] = json!(files);
            }
            console::json(&told);
        }
        (None, Some(files)) if common.json => console::json(&files),
        (difference, files) => {
            files.into_iter().flatten().for_each(console::result);
            if let Some(difference) = difference {
                difference.print();
            }
        }
    }
}

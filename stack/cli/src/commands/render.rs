//! `tarn render`: the templates as files, one for each stack.

use std::path::Path;
use std::process::ExitCode;

use tarn_render::{Options, Target};

use crate::arguments::{Common, Render};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::handlers::{self, Handlers};
use crate::project::Project;

pub fn run(common: &Common, options: &Render) -> Result<ExitCode, Failure> {
    let project = Project::load_to_deploy(common)?;
    let architecture = project.lake.environment.deployment.architecture;
    let handlers_key = Handlers::find(None, architecture)
        .map(|found| found.key)
        .unwrap_or_else(|_| handlers::placeholder_key());
    let target = if options.local { Target::LocalCloud } else { Target::Aws };
    let templates = tarn_render::render(&project.lake, &Options { handlers_key, target })
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;

    std::fs::create_dir_all(&options.out).map_err(|error| unwritable(&options.out, error))?;
    let mut files = Vec::new();
    for template in templates.iter() {
        let file = options.out.join(format!("{}.json", template.name));
        std::fs::write(&file, template.to_json()).map_err(|error| unwritable(&file, error))?;
        files.push(file.display().to_string());
    }
    if common.json {
        console::json(&files);
    } else {
        files.iter().for_each(console::result);
    }
    Ok(exit::done_if(true))
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", path.display()))
}

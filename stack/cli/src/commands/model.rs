//! `tarn model`: the models of the lake, without running any.

use std::process::ExitCode;

use comfy_table::{Table, presets};
use serde_json::json;
use tarn_lake::{Lake, PartitionField};

use crate::arguments::{Common, Model};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;

pub fn run(common: &Common, options: &Model) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    match options {
        Model::List => list(common, &project.lake),
    }
    Ok(exit::done_if(true))
}

fn list(common: &Common, lake: &Lake) {
    let numbered = (0u32..).zip(lake.model_levels());
    let models: Vec<_> =
        numbered.flat_map(|(level, models)| models.into_iter().map(move |model| (level, model))).collect();
    if common.json {
        let models: Vec<_> = models.iter().map(|(level, model)| described(*level, model)).collect();
        return console::json(&json!({ "models": models }));
    }
    if models.is_empty() {
        return console::note("the lake has no models: a model is a file `models/NAME.sql` beside lake.toml");
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["level", "model", "materialise", "format", "engine", "inputs"]);
    for (level, model) in models {
        let words = [model.materialise.word(), model.format.word(), model.engine.word()];
        let (level, inputs) = (level.to_string(), names(&model.inputs).join(", "));
        let row = [level.as_str(), model.name.as_str(), words[0], words[1], words[2], &inputs];
        table.add_row(row);
    }
    console::result(table);
}

fn described(level: u32, model: &tarn_lake::Model) -> serde_json::Value {
    json!({
        "name": model.name, "description": model.description, "level": level,
        "materialise": model.materialise, "format": model.format, "engine": model.engine,
        "inputs": model.inputs, "key": model.key, "new_files_of": model.new_files_of,
        "partition_by": model.partition_by.iter().map(PartitionField::to_string).collect::<Vec<_>>(),
        "tests": model.tests.len(),
    })
}

fn names<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

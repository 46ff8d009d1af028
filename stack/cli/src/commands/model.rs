//! `tarn model`: the models of the lake, without running any, and the upkeep of their tables.

use std::process::ExitCode;

use comfy_table::{Table, presets};
use serde_json::json;
use tarn_aws::{S3, SystemClock};
use tarn_config::Diagnostic;
use tarn_core::Error;
use tarn_core::jobs::{KeepModels, UpkeepRequest, Upkept};
use tarn_core::ports::{Kept, ObjectStore};
use tarn_lake::{Lake, Names, PartitionField};
use tarn_local::Ports;
use tarn_sql::{Checked, Fault, TypedColumn};

use super::folder;
use crate::account::Account;
use crate::arguments::{Common, Model, ModelUpkeep};
use crate::confirm::Confirmation;
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project::{self, Project};
use crate::site;
use crate::sql::{self, SqlEngine};

pub async fn run(common: &Common, options: &Model) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    match options {
        Model::List => list(common, &project.lake),
        Model::Check(options) => check(common, &project, options.name.as_deref()).await?,
        Model::Upkeep(options) => keep(common, &project, options).await?,
    }
    Ok(exit::done_if(true))
}

const CONFIRMATION: Confirmation<'_> = Confirmation {
    question: "Remove these files for good?",
    missing: "nobody is there to say that files may go that nothing names; they are all there still",
    hint: "add --yes if you are sure, or --leave-files to count them only",
};

async fn keep(common: &Common, project: &Project, options: &ModelUpkeep) -> Result<(), Failure> {
    match &options.site.dir {
        Some(dir) => {
            let home = site::home(dir, &project.lake)?;
            let lock = folder::lock(&home, "tarn model upkeep").await?;
            let Ports { store, .. } = home.open(&lock).map_err(folder::failure)?;
            let (engine, failure) = (SqlEngine::over(&home)?, folder::failure_after_a_run);
            upkeep(common, options, home.names(), &store, &engine, failure).await
        }
        None => {
            let account = Account::of(options.site.place, &project.folder, &project.lake).await?;
            let engine = SqlEngine::in_account(&account.config, &account.names)?;
            let store = S3::new(&account.config);
            upkeep(common, options, &account.names, &store, &engine, Failure::from).await
        }
    }
}

/// Files that nothing names are counted first, and go only if somebody says so.
async fn upkeep(
    common: &Common,
    options: &ModelUpkeep,
    names: &Names,
    store: &dyn ObjectStore,
    engine: &SqlEngine,
    failure: fn(Error) -> Failure,
) -> Result<(), Failure> {
    let job = KeepModels { names, store, keeper: &engine.engine(), clock: &SystemClock };
    let found = kept(&job, !options.yes).await.map_err(failure)?;
    let files: u64 = found.models.iter().map(|(_, kept)| kept.files).sum();
    if options.yes || options.leave_files || files == 0 {
        tell_kept(common, options.yes, &found);
        return Ok(());
    }
    if !common.json {
        tell_kept(common, false, &found);
    }
    CONFIRMATION.obtain(common)?;
    tell_kept(common, true, &kept(&job, false).await.map_err(failure)?);
    Ok(())
}

async fn kept(job: &KeepModels<'_>, leave_files: bool) -> tarn_core::Result<Upkept> {
    let spinner = spinner();
    spinner.set_message("keeping the tables of models");
    let kept = job.run(&UpkeepRequest { leave_files }, i64::MAX).await;
    spinner.finish_and_clear();
    kept
}

fn tell_kept(common: &Common, are_gone: bool, kept: &Upkept) {
    if common.json {
        return console::json(kept);
    }
    let verb = if are_gone { "removed" } else { "could go" };
    for (model, Kept { compacted, into, snapshots, files, bytes, overtaken }) in &kept.models {
        console::result(format!(
            "{model}: {compacted} small files put together into {into}, {snapshots} snapshots let go, \
             {files} files of {bytes} bytes that nothing names {verb}"
        ));
        if *overtaken {
            console::note(format!("{model}: a run published meanwhile; what is left is done the next time"));
        }
    }
    if kept.models.is_empty() {
        console::note("the lake has no models, so there is nothing to keep");
    }
}

/// Refuses a lake with models that could not be run, each fault under its line.
pub async fn refuse_faults(common: &Common, project: &Project) -> Result<(), Failure> {
    checked(common, project, None).await.map(|_| ())
}

async fn check(common: &Common, project: &Project, name: Option<&str>) -> Result<(), Failure> {
    let known: Vec<&str> = project.lake.models.iter().map(|model| model.name.as_str()).collect();
    if let Some(name) = name.filter(|name| !known.contains(name)) {
        let failure = Failure::bad_input(format!("the lake has no model `{name}`"));
        return Err(failure.hint(format!("its models are: {}", known.join(", "))));
    }
    let models = checked(common, project, name).await?;
    if common.json {
        let column = |column: &TypedColumn| json!({ "name": column.name, "type": column.kind });
        let models = models.iter().map(|(name, columns)| {
            json!({ "name": name, "columns": columns.iter().map(column).collect::<Vec<_>>() })
        });
        console::json(&json!({ "models": models.collect::<Vec<_>>() }));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["model", "column", "type"]);
    for (name, columns) in &models {
        for column in columns {
            table.add_row([name.clone(), column.name.to_string(), column.kind.to_string()]);
        }
    }
    console::result(table);
    Ok(())
}

/// The names of a model's columns.
pub async fn columns_of(common: &Common, project: &Project, name: &str) -> Result<Vec<String>, Failure> {
    let checked = checked(common, project, Some(name)).await?;
    Ok(checked.into_iter().flat_map(|(_, columns)| columns).map(|column| column.name.to_string()).collect())
}

/// The columns of all models, or of one. Those that it reads are planned too, since its columns follow
/// from theirs.
async fn checked(
    common: &Common,
    project: &Project,
    only: Option<&str>,
) -> Result<Vec<(String, Vec<TypedColumn>)>, Failure> {
    let lake = &project.lake;
    let models: Vec<_> = lake.model_levels().into_iter().flatten().cloned().collect();
    if models.is_empty() {
        return Ok(Vec::new());
    }
    let checked = tarn_sql::check(&lake.tables, &models).await.map_err(sql::failure)?;
    let named = models.iter().map(|model| model.name.to_string()).zip(checked);
    let wanted: Vec<_> = named.filter(|(name, _)| only.is_none_or(|only| only == name)).collect();
    let told = |(name, found): &(String, Checked)| -> Vec<Diagnostic> {
        let told = |fault: &Fault| {
            let place = fault.place.clone();
            tarn_config::fault_in_query(&project.files, name, place, &fault.message, &fault.help)
        };
        found.faults.iter().filter_map(told).collect()
    };
    let faults: Vec<Diagnostic> = wanted.iter().flat_map(told).collect();
    if faults.is_empty() {
        return Ok(wanted.into_iter().map(|(name, found)| (name, found.columns)).collect());
    }
    project::show_faults(common, &faults, &project.files);
    Err(Failure::shown())
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

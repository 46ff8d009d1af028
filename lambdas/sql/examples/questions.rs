//! Makes a model of each question over the silver of a folder, one after the other, as the function does.
//!
//!     questions FOLDER TABLES.json QUESTIONS.sql MEGABYTES
//!
//! Prints, for each question, the seconds that it took: what `scripts/bench models` measures.

#![allow(clippy::print_stdout, reason = "an example's output is its purpose")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tarn_lake::{Model, Table};
use tarn_local::{FolderPointers, FolderScratch, FolderStore, SystemClock};
use tarn_sql::{Built, Job, Place, Places, Ports, Settings, build};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, tables, questions, megabytes] = arguments.as_slice() else {
        return Err("usage: questions FOLDER TABLES.json QUESTIONS.sql MEGABYTES".into());
    };
    let folder = std::path::absolute(folder)?;
    let tables: Vec<Table> = serde_json::from_slice(&std::fs::read(tables)?)?;
    let (ports, places) = (ports(&folder)?, places(&folder));
    let mut seconds = Vec::new();
    for (nth, sql) in std::fs::read_to_string(questions)?.split(';').map(str::trim).enumerate() {
        if sql.is_empty() {
            continue;
        }
        let model = model(nth + 1, sql, &tables)?;
        let settings = Settings::new(megabytes.parse::<usize>()? << 20, &folder);
        let job = Job {
            tables: &tables,
            model: &model,
            renamed: [].into(),
            rebuild: false,
            outside: None,
            settings,
        };
        let begin = Instant::now();
        match build(&job, &ports, &places).await? {
            Built::Published(_) => seconds.push(begin.elapsed().as_secs_f64()),
            other => return Err(format!("{}: {other:?}", model.name).into()),
        }
    }
    println!("{}", json!({ "seconds": seconds }));
    Ok(())
}

fn ports(folder: &Path) -> Result<Ports> {
    let buckets = ["silver", "gold"].map(|name| (name.to_owned(), PathBuf::from(name))).into_iter().collect();
    let staged = folder.join(".tarn/staged");
    Ok(Ports {
        store: Arc::new(FolderStore::new(folder, buckets, Duration::ZERO)?),
        pointers: Arc::new(FolderPointers::new(folder, staged.clone())?),
        clock: Arc::new(SystemClock),
        scratch: Arc::new(FolderScratch::new(staged)),
        // One process writes, into a folder that was empty.
        random: Arc::new(|| [7; 16]),
    })
}

fn places(folder: &Path) -> Places {
    let root = format!("file://{}", folder.join("gold").display());
    Places { silver: "silver".into(), gold: Place { bucket: "gold".into(), root, database: "gold".into() } }
}

fn model(number: usize, sql: &str, tables: &[Table]) -> Result<Model> {
    let mentioned: Vec<&str> =
        tables.iter().map(|table| table.name.as_str()).filter(|name| sql.contains(name)).collect();
    let model = json!({
        "name": format!("question_{number:02}"), "sql": sql, "inputs": mentioned,
        "materialise": "replace", "format": "parquet",
    });
    Ok(serde_json::from_value(model)?)
}

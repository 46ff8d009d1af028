//! Which crate may depend on which: the rules of ARCHITECTURE.md that Cargo alone does not keep.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Crates that may know the AWS SDK, one for each plane.
const SDK_CRATES: [&str; 2] = ["tarn-aws", "tarn-cloud"];

/// What the ports on a folder may use of ours: a folder needs no account, and handlers need no folder.
const CRATES_OF_A_FOLDER: [&str; 2] = ["tarn-core", "tarn-lake"];

/// Who may use the crate with the query engine in it: everything else starts faster without.
const USERS_OF_SQL: [&str; 2] = ["tarn", "tarn-gold"];

/// Checks every edge between crates and prints what breaks a rule.
pub fn check() -> Result<(), String> {
    let crates = workspace()?;
    let mut faults = Vec::new();
    for (name, (folder, dependencies)) in &crates {
        for dependency in dependencies {
            let is_stack = crates.get(dependency).is_some_and(|(folder, _)| folder.starts_with("stack/"));
            if folder.starts_with("lambdas/") && is_stack && dependency != "tarn-lake" {
                faults.push(format!(
                    "{name} is of the data plane and may use only tarn-lake of stack/, not {dependency}"
                ));
            }
            if dependency.starts_with("aws-sdk-") && !SDK_CRATES.contains(&name.as_str()) {
                faults.push(format!(
                    "{name} must not know the SDK ({dependency}); go through tarn-aws or tarn-cloud"
                ));
            }
            let is_foreign = !CRATES_OF_A_FOLDER.contains(&dependency.as_str());
            if name == "tarn-local" && crates.contains_key(dependency) && is_foreign {
                faults.push(format!("tarn-local is core's ports on a folder and needs no {dependency}"));
            }
            if dependency == "tarn-local" && name != "tarn" {
                faults.push(format!("{name} runs in Lambda or knows no folder; only tarn uses tarn-local"));
            }
            let is_engine = dependency.starts_with("datafusion") || dependency.starts_with("iceberg");
            if is_engine && name != "tarn-sql" {
                faults.push(format!(
                    "{name} must not know the query engine ({dependency}); go through tarn-sql"
                ));
            }
            if dependency == "tarn-sql" && !USERS_OF_SQL.contains(&name.as_str()) {
                faults
                    .push(format!("{name} would carry a query engine; only tarn and tarn-gold use tarn-sql"));
            }
            if name == "tarn-lake" && crates.contains_key(dependency) {
                faults.push(format!(
                    "tarn-lake holds words only and uses no other crate of ours, not {dependency}"
                ));
            }
        }
    }
    println!("edges: {} crates, {} faults", crates.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

type Crates = BTreeMap<String, (String, Vec<String>)>;

/// Every crate of the workspace with its folder and its dependencies, tests left out.
fn workspace() -> Result<Crates, String> {
    let output = Command::new("cargo").args(["metadata", "--format-version=1", "--no-deps"]).output();
    let output = output.map_err(|e| format!("cargo metadata: {e}"))?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let root = text(&metadata["workspace_root"]);
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    Ok(packages.iter().map(|package| described(package, &root)).collect())
}

fn described(package: &Value, root: &str) -> (String, (String, Vec<String>)) {
    let folder = text(&package["manifest_path"]).replace(&format!("{root}/"), "");
    let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
    let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
    (text(&package["name"]), (folder, normal.map(|dependency| text(&dependency["name"])).collect()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

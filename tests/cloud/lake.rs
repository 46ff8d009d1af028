//! A project whose local cloud runs, and what can be asked of it beside `tarn`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tarn_tests::{Project, program, python};

/// A project with a running local cloud, which stops when the test ends, well or not.
pub struct LocalLake {
    pub project: Project,
    pub endpoint: String,
    pub moto: String,
    prefix: String,
}

impl LocalLake {
    /// Starts the local cloud of an example's copy.
    pub fn start(example: &str, environment: &str) -> Self {
        let project = Project::example(example, environment);
        let running = project.json(&["local", "start"]);
        let endpoint = running["ministack"]["url"].as_str().unwrap().to_owned();
        let moto = running["moto"]["url"].as_str().unwrap().to_owned();
        Self { project, endpoint, moto, prefix: format!("{example}-{environment}") }
    }

    /// Everything in the local cloud that bears the lake's name, by kind.
    pub fn inventory(&self) -> BTreeMap<String, Vec<String>> {
        let listed = python("inventory.py", &[&self.endpoint, &self.prefix, &self.moto]);
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// What the reader role of each zone reaches.
    pub fn reached(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let listed = python("reach.py", &[&self.endpoint, &self.prefix]);
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// What Lake Formation holds, or gives it a past.
    pub fn lake_formation(&self, arguments: &[&str]) -> Value {
        let answer = python("lake_formation.py", &[&[self.moto.as_str()], arguments].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// The name of a bucket.
    pub fn bucket(&self, word: &str) -> String {
        format!("{}-{word}-000000000000-us-east-1", self.prefix)
    }

    /// The name of a stack.
    pub fn stack(&self, word: &str) -> String {
        format!("{}-{word}", self.prefix)
    }

    /// Names and states of the pipeline's runs.
    pub fn runs(&self) -> Vec<(String, String)> {
        let listed = python("executions.py", &[&self.endpoint, &format!("{}-pipeline", self.prefix)]);
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        let runs: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        runs.iter().map(|run| (text(&run["name"]), text(&run["status"]))).collect()
    }

    /// Makes or removes a bucket that is not the lake's.
    pub fn stranger_bucket(&self, verb: &str, name: &str) {
        let done = python("bucket.py", &[&self.endpoint, verb, name]);
        assert_eq!(done.code, 0, "{}", done.stderr);
    }

    /// Listens to the lake's topic, runs the pipeline so that it tells, or reads what it told: subjects
    /// and texts.
    pub fn mails(&self, verb: &str) -> Vec<(String, String)> {
        let told = python("mails.py", &[&self.endpoint, &self.prefix, verb]);
        assert_eq!(told.code, 0, "{}", told.stderr);
        serde_json::from_str(&told.stdout).unwrap()
    }

    /// The keys of a bucket of the lake, asked of S3 itself.
    pub fn objects(&self, word: &str) -> Vec<String> {
        let listed = python("bucket.py", &[&self.endpoint, "keys", &self.bucket(word)]);
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// Makes or removes a log group that no stack has.
    pub fn stranger_log_group(&self, verb: &str, name: &str) {
        let done = python("log_group.py", &[&self.endpoint, verb, name]);
        assert_eq!(done.code, 0, "{}", done.stderr);
    }

    /// Pushes a folder and says how many files went.
    pub fn push(&self, folder: &str) -> usize {
        let path = self.project.path(folder);
        let pushed = self.project.json(&["push", "--local", path.to_str().unwrap()]);
        pushed["pushed"].as_array().unwrap().len()
    }

    /// Runs the pipeline.
    pub fn run(&self) -> Value {
        self.project.json(&["run", "--local"])
    }

    /// `select count(*)` over a table, in silver or in a zone.
    pub fn count(&self, table: &str, zone: Option<&str>) -> u64 {
        let sql = format!("select count(*) as n from {table}");
        let mut arguments = vec!["query", "--local", sql.as_str()];
        arguments.extend(zone.iter().flat_map(|zone| ["--zone", zone]));
        self.project.json(&arguments)["rows"][0]["n"].as_u64().unwrap()
    }

    /// Generates a delivery into a folder and says how many rows each table got.
    pub fn generate(&self, folder: &str, options: &[&str]) -> BTreeMap<String, u64> {
        let path = self.project.path(folder);
        std::fs::create_dir_all(&path).unwrap();
        let out = ["retail", "--seed", "7", "--out", path.to_str().unwrap()];
        let wrote: Value =
            serde_json::from_str(&program("tarn-datagen", &[&out, options].concat()).stdout).unwrap();
        serde_json::from_value(wrote["tables"].clone()).unwrap()
    }

    /// Compares CSV files with the Parquet of a table, as multisets of rows, by a foreign reader.
    pub fn same_rows(&self, bucket: &str, table: &str, select: &str, files: &[&Path]) -> Value {
        let bucket = self.bucket(bucket);
        let prefix = format!("{table}/");
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        let arguments = [&[self.endpoint.as_str(), &bucket, &prefix, select][..], &files].concat();
        let compared = python("compare.py", &arguments);
        assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
        serde_json::from_str(&compared.stdout).unwrap()
    }

    /// Compares silver with that of a lake in a folder, byte for byte; names by landing keys.
    pub fn same_silver(&self, folder: &str) -> Value {
        let (silver, bronze) = (self.bucket("silver"), self.bucket("bronze"));
        let folder = self.project.path(folder);
        let compared =
            python("same_silver.py", &[&self.endpoint, &silver, &bronze, folder.to_str().unwrap()]);
        assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
        serde_json::from_str(&compared.stdout).unwrap()
    }
}

/// The stacks of a deployment that ended in that way.
pub fn outcomes(deployed: &Value, wanted: &str) -> Vec<String> {
    let stacks = deployed["stacks"].as_array().unwrap().iter();
    let matching = stacks.filter(|stack| stack["outcome"] == wanted);
    matching.map(|stack| stack["stack"].as_str().unwrap().to_owned()).collect()
}

impl Drop for LocalLake {
    fn drop(&mut self) {
        let stopped = self.project.tarn(&["local", "stop"]);
        if stopped.code != 0 && !std::thread::panicking() {
            panic!("the local cloud could not be stopped: {}", stopped.stderr);
        }
    }
}

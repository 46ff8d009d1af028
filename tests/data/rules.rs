//! Any rules on any table: silver and the quarantine hold what another implementation of the rules
//! says they must.

use std::sync::atomic::{AtomicUsize, Ordering};

use tarn_tests::{Project, python};

const TABLES: usize = 200;
/// `TARN_SEED=...` tries other tables; a failing one is named by its seed and number.
const SEED: &str = "tarn";

#[test]
fn rules_mean_what_another_implementation_says() {
    let seed = std::env::var("TARN_SEED").unwrap_or_else(|_| SEED.into());
    let project = Project::with("", "dev");
    let (texts, parquet) = (project.path("texts"), project.path("parquet"));
    let wrote = python("rules.py", &["write", texts.to_str().unwrap(), &seed, &TABLES.to_string()]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);

    convert_all(&project);

    let compared = python("rules.py", &["compare", texts.to_str().unwrap(), parquet.to_str().unwrap()]);
    assert_eq!(compared.code, 0, "seed {seed}\n{}{}", compared.stdout, compared.stderr);
    let counts: Vec<u64> = compared.stdout.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(counts[0] > 50_000 && counts[1] > 10_000, "the tables say too little: {}", compared.stdout);
}

/// Each table in a process of its own, two at a time.
fn convert_all(project: &Project) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= TABLES {
                return;
            }
            convert(project, number);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

/// Keys hold across the two files of one call.
fn convert(project: &Project, number: usize) {
    let one = format!("texts/r{number:04}.csv");
    let two = ["a", "b"].map(|part| format!("texts/r{number:04}{part}.csv"));
    let is_one = project.path(&one).exists();
    let inputs = if is_one { vec![one.as_str()] } else { two.iter().map(String::as_str).collect() };
    let schema = format!("texts/r{number:04}.toml");
    // Little memory makes many row groups even of small tables; keys need a little more.
    let memory = if number.is_multiple_of(2) { "4M" } else { "256M" };
    let threads = (1 + number % 3).to_string();
    let mut call = vec!["convert"];
    call.extend(inputs);
    call.extend(["--schema", &schema, "--out", "parquet", "--hash-key-file", "texts/key"]);
    call.extend(["--memory", memory, "--threads", &threads]);
    project.done(&call);
}

//! The example `tickit` on the local cloud: models made by a function under its own role, level by level
//! inside the state machine, two of them by what stands for Athena and two by Spark; and all of it gone with the lake.

use serde_json::{Value, json};
use tarn_tests::{Beside, program, python, settle};

use crate::lake::LocalLake;

const BY_ATHENA: [&str; 2] = ["event_details", "top_events"];
const BY_SPARK: [&str; 2] = ["sale_facts", "sales_by_day"];

#[test]
fn models_are_made_in_runs_and_go_with_the_lake() {
    let lake = LocalLake::start("tickit", "dev");
    ask_outside(&lake);
    only_when_asked(&lake);
    lake.project.json(&["deploy", "--local"]);
    assert_eq!(lake.inventory()["spark applications"], ["tickit-dev"]);
    let athena = Beside::start("athena.py", &[&lake.endpoint, &lake.stack("model")]);
    let spark = Beside::start("emr.py", &[&lake.endpoint, &lake.moto, &lake.stack("model")]);
    land(&lake, "first", &["--rows", "2000"]);
    let first = lake.run();
    assert_eq!((&first["models"]["built"], &first["failed_steps"]), (&5.into(), &0.into()), "{first:#}");
    let again = lake.run();
    assert_eq!(
        (&again["models"]["built"], &again["models"]["unchanged"]),
        (&0.into(), &5.into()),
        "{again:#}"
    );
    land(&lake, "second", &["--rows", "100", "--part", "1"]);
    let second = lake.run();
    assert_eq!((&second["models"]["built"], &second["failed_steps"]), (&4.into(), &0.into()), "{second:#}");

    // A folder makes the same rows of the same files, and has no Athena.
    let folder = [in_a_folder(&lake, "first"), in_a_folder(&lake, "second")];
    let rows = |report: &Value| report["models"]["rows"].clone();
    assert_eq!(folder.map(|report| rows(&report)), [rows(&first), rows(&second)]);
    let gold = lake.objects("gold");
    for model in ["event_details", "sale_facts", "buyers", "sales_by_day", "top_events"] {
        assert!(gold.iter().any(|key| key.starts_with(&format!("{model}/"))), "{model}: {gold:?}");
    }
    foreign_readers_find_gold_through_glue(&lake);
    upkeep_is_a_function_of_its_own(&lake);
    a_failure_is_told(&lake);
    athena_was_asked(&lake, athena);
    spark_was_asked(&lake, spark);

    let destroyed = lake.project.json(&["destroy", "--local", "--yes"]);
    assert_eq!(destroyed["good"], true, "{destroyed:#}");
    for (kind, names) in lake.inventory() {
        assert!(names.is_empty(), "{kind} left: {names:?}");
    }
}

/// PyIceberg by its own catalog of Glue, DuckDB by the locations that Glue tells: the rows that DuckDB makes of silver.
fn foreign_readers_find_gold_through_glue(lake: &LocalLake) {
    let models = lake.project.path("models");
    let lead = ["tickit_dev", models.to_str().unwrap()];
    let names = ["event_details", "sale_facts", "buyers", "sales_by_day", "top_events"];
    let answer = python("pointed.py", &[&[lake.endpoint.as_str()][..], &lead, &names].concat());
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&found["sale_facts"]["rows"], &found["sale_facts"]["kept_as"]),
        (&2100.into(), &"iceberg".into())
    );
    assert_eq!(found["top_events"]["kept_as"], "parquet");
}

/// The files of two runs in one month become one, under the function's own role.
fn upkeep_is_a_function_of_its_own(lake: &LocalLake) {
    land(lake, "third", &["--rows", "50", "--part", "2"]);
    lake.run();
    let answer = python("invoke.py", &[&lake.endpoint, &lake.stack("upkeep"), "{}"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let kept: Value = serde_json::from_str(&answer.stdout).unwrap();
    let models = kept["models"].as_array().unwrap();
    let facts = models.iter().find(|model| model[0] == "sale_facts").unwrap();
    assert_eq!(
        (models.len(), &facts[1]["compacted"], &facts[1]["into"]),
        (5, &json!(2), &json!(1)),
        "{kept:#}"
    );
    let again = lake.project.json(&["model", "upkeep", "--local"]);
    assert!(again["models"].as_array().unwrap().iter().all(|model| model[1]["compacted"] == 0), "{again:#}");
}

/// Of each engine a model over silver and one over gold. That is so from the beginning: the emulator of Lake Formation
/// cannot take rights away where some were added to others.
fn ask_outside(lake: &LocalLake) {
    for (engine, models) in [("athena", BY_ATHENA), ("spark", BY_SPARK)] {
        for model in models {
            let file = lake.project.path(&format!("models/{model}.sql"));
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, text.replacen("/*\n", &format!("/*\nengine = \"{engine}\"\n"), 1)).unwrap();
        }
    }
}

/// A run of an arrival beside one that was asked for would ask outside for the same once more.
fn only_when_asked(lake: &LocalLake) {
    let file = lake.project.path("lake.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("on_arrival = true"));
    std::fs::write(&file, text.replace("on_arrival = true", "on_arrival = false")).unwrap();
}

/// Two statements of the first run, and one of each later one that had news; a run without any asked nothing.
fn athena_was_asked(lake: &LocalLake, athena: Beside) {
    let asked: Value = serde_json::from_str(&athena.end()).unwrap();
    let asked = asked.as_array().unwrap();
    assert_eq!(asked.len(), 5, "{asked:#?}");
    assert!(asked.iter().all(|statement| statement["workgroup"] == "tickit-dev"), "{asked:#?}");
    let staged = lake.objects("ops").into_iter().filter(|key| key.starts_with("athena/models/"));
    assert_eq!(staged.count(), 5);
}

/// Two jobs of each run that had news, under the role for jobs. The one that appends asked for new files alone.
fn spark_was_asked(lake: &LocalLake, spark: Beside) {
    let asked: Value = serde_json::from_str(&spark.end()).unwrap();
    let asked = asked.as_array().unwrap();
    let scripts = asked.iter().map(|job| job["jobDriver"]["sparkSubmit"]["entryPoint"].as_str().unwrap());
    let models: Vec<&str> = scripts.map(|script| script.split('/').nth(5).unwrap()).collect();
    assert_eq!(models, [BY_SPARK, BY_SPARK, BY_SPARK].concat());
    for job in asked {
        assert_eq!(job["state"], "SUCCESS", "{job:#}");
        let role = "arn:aws:iam::000000000000:role/tickit-dev-spark-us-east-1";
        assert_eq!(job["executionRoleArn"], role, "{job:#}");
    }
    let staged = lake.objects("ops").into_iter().filter(|key| key.starts_with("spark/models/"));
    assert_eq!(staged.filter(|key| key.ends_with("/rows.json")).count(), 6);
}

/// The test of a model fails: it is noted by the state machine, those that read it are skipped. The SQL is
/// another too, since a test alone makes no model due.
fn a_failure_is_told(lake: &LocalLake) {
    let file = lake.project.path("models/event_details.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("{ unique = [\"eventid\"] }", "{ unique = [\"catgroup\"] }");
    std::fs::write(&file, text.replace("\nselect\n", "\nselect -- anew\n")).unwrap();
    lake.project.json(&["deploy", "--local"]);
    let answer = lake.project.tarn(&["run", "--local", "--json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let models = &report["models"];
    let counts = ["built", "unchanged", "skipped", "failed"].map(|count| models[count].clone());
    assert_eq!(json!(counts), json!([0, 2, 2, 1]), "{report:#}");
    assert!(report["remarks"].to_string().contains("event_details is not published"), "{report:#}");
}

fn land(lake: &LocalLake, folder: &str, options: &[&str]) {
    let path = lake.project.path(folder);
    program("tarn-datagen", &[&["tickit", "--out", path.to_str().unwrap()], options].concat());
    assert!(lake.push(folder) > 0);
}

fn in_a_folder(lake: &LocalLake, folder: &str) -> Value {
    let landing = lake.project.path("folder/landing");
    std::fs::create_dir_all(&landing).unwrap();
    for file in std::fs::read_dir(lake.project.path(folder)).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), landing.join(file.file_name())).unwrap();
    }
    settle(&landing);
    lake.project.json(&["run", "--dir", "folder"])
}

//! Models: gold tables of a lake in a folder, judged by DuckDB and PyIceberg, and what is told of them.

use std::fs;

use serde_json::{Value, json};
use tarn_tests::{Project, program, python, repository, settle};

/// In the order in which one reads the other.
const MODELS: [&str; 5] = ["event_details", "sale_facts", "buyers", "sales_by_day", "top_events"];

fn land(project: &Project, options: &[&str]) {
    let landing = project.path("lake/landing");
    fs::create_dir_all(&landing).unwrap();
    program("tarn-datagen", &[&["tickit", "--out", landing.to_str().unwrap()], options].concat());
    settle(&landing);
}

/// What stands in gold, compared with what DuckDB makes of silver.
fn compared(project: &Project) -> Value {
    let (lake, models) = (project.path("lake"), repository().join("examples/tickit/models"));
    let options = [&[lake.to_str().unwrap(), models.to_str().unwrap()][..], &MODELS].concat();
    let answer = python("gold.py", &options);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn the_models_of_tickit_are_what_duckdb_makes_of_silver() {
    let project = Project::example("tickit", "dev");
    land(&project, &["--rows", "6000"]);
    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!(report["models"]["built"], 5, "{report:#}");
    assert_eq!((&report["failed_steps"], &report["remarks"]), (&0.into(), &json!([])), "{report:#}");
    let first = compared(&project);
    assert_eq!(
        (&first["sale_facts"]["rows"], &first["sale_facts"]["kept_as"]),
        (&6000.into(), &"iceberg".into())
    );
    assert_eq!(
        (&first["top_events"]["rows"], &first["top_events"]["kept_as"]),
        (&30.into(), &"parquet".into())
    );

    let again = project.json(&["run", "--dir", "lake"]);
    assert_eq!((&again["models"]["unchanged"], &again["models"]["built"]), (&5.into(), &0.into()));

    land(&project, &["--rows", "500", "--part", "1"]);
    let second = project.json(&["run", "--dir", "lake"]);
    // What has no sales in it stays.
    let models = &second["models"];
    assert_eq!((&models["built"], &models["unchanged"]), (&4.into(), &1.into()), "{second:#}");
    assert_eq!(compared(&project)["sale_facts"]["rows"], 6500);

    let asked = project.json(&[
        "query",
        "--dir",
        "lake",
        "select count(*) as n, sum(paid) as paid, max(last_purchase) as last from buyers where purchases > 0",
    ]);
    let row = &asked["rows"][0];
    assert!(row["n"].as_i64().unwrap() > 100 && asked["scanned_bytes"].as_u64().unwrap() > 0, "{asked}");
    assert!(row["last"].as_str().unwrap().starts_with("2008-12-01 "), "{asked}");
    let csv = project.done(&["query", "--dir", "lake", "--format", "csv", "select 1 as one, 'a,b' as two"]);
    assert_eq!(csv.stdout, "one,two\n1,\"a,b\"\n");
    let explained = project.done(&["query", "--dir", "lake", "--explain", "select * from sales limit 1"]);
    assert!(explained.stdout.contains("DataSourceExec"), "{}", explained.stdout);
    upkeep_changes_no_row(&project);
}

/// Files of two runs in one month become one, and what is named no more is too young to go.
fn upkeep_changes_no_row(project: &Project) {
    land(project, &["--rows", "100", "--part", "2"]);
    project.json(&["run", "--dir", "lake"]);
    let kept = project.json(&["model", "upkeep", "--dir", "lake"]);
    let of = |name: &str| -> Value {
        let models = kept["models"].as_array().unwrap();
        models.iter().find(|model| model[0] == name).unwrap()[1].clone()
    };
    assert_eq!(kept["models"].as_array().unwrap().len(), 5, "{kept:#}");
    let facts = of("sale_facts");
    assert_eq!((&facts["compacted"], &facts["into"], &facts["files"]), (&2.into(), &1.into(), &0.into()));
    assert_eq!(compared(project)["sale_facts"]["rows"], 6600);
    let again = project.done(&["model", "upkeep", "--dir", "lake", "--leave-files"]);
    assert!(again.stdout.contains("sale_facts: 0 small files put together into 0"), "{}", again.stdout);
    a_file_goes_only_if_somebody_says_so(project);
}

/// Of four days, which nothing names.
fn a_file_goes_only_if_somebody_says_so(project: &Project) {
    let day = std::time::Duration::from_secs(86_400);
    let stray = project.write("lake/gold/sale_facts/data/stray.parquet", "PAR1");
    let file = fs::File::options().write(true).open(&stray).unwrap();
    file.set_modified(std::time::SystemTime::now() - 4 * day).unwrap();
    let refused = project.tarn(&["model", "upkeep", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stdout.contains("sale_facts: 0 small files put together into 0, 0 snapshots let go, 1 files")
    );
    assert!(refused.stderr.contains("add --yes if you are sure"), "{}", refused.stderr);
    assert!(stray.exists());
    let counted = project.json(&["model", "upkeep", "--dir", "lake", "--leave-files"]);
    assert!(counted.to_string().contains("\"files\":1,\"bytes\":4"), "{counted:#}");
    assert!(stray.exists());
    project.json(&["model", "upkeep", "--dir", "lake", "--yes"]);
    assert!(!stray.exists());
}

#[test]
fn a_model_whose_test_fails_is_told_and_skips_those_that_read_it() {
    let project = Project::example("tickit", "dev");
    land(&project, &["--rows", "400"]);
    let file = project.path("models/event_details.sql");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("{ unique = [\"eventid\"] }", "{ unique = [\"catgroup\"] }")).unwrap();
    let answer = project.tarn(&["run", "--dir", "lake", "--json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let models = &report["models"];
    assert_eq!((&models["built"], &models["skipped"], &models["failed"]), (&2.into(), &2.into(), &1.into()));
    let remarks = report["remarks"].to_string();
    assert!(
        remarks.contains("event_details: Model failed: Invalid: event_details is not published"),
        "{remarks}"
    );
    assert!(
        remarks.contains("model top_events: SKIPPED: `event_details`, which it reads, failed"),
        "{remarks}"
    );
    assert_eq!(report["converted"]["files"], 7, "silver is made all the same");
    assert!(project.path("lake/zones/promoters/sales").is_dir(), "and zones");
}

#[test]
fn models_are_listed_and_checked_without_any_data() {
    let project = Project::example("tickit", "dev");
    let list = project.json(&["model", "list"]);
    let levels: Vec<_> =
        list["models"].as_array().unwrap().iter().map(|m| (&m["name"], &m["level"])).collect();
    assert_eq!(levels[0], (&"event_details".into(), &0.into()));
    assert_eq!(levels.len(), 5);
    let table = project.done(&["model", "list"]).stdout;
    assert!(table.contains("sale_facts") && table.contains("sales, listings, dates"), "{table}");

    let checked = project.json(&["model", "check", "sales_by_day"]);
    let columns = checked["models"][0]["columns"].as_array().unwrap();
    let columns: Vec<_> = columns.iter().map(|column| (&column["name"], &column["type"])).collect();
    let kinds = [
        ("sold_on", "date"),
        ("catgroup", "string"),
        ("sales", "int64"),
        ("tickets", "int64"),
        ("paid", "decimal(20,2)"),
    ];
    let kinds: Vec<(Value, Value)> = kinds.map(|(name, kind)| (name.into(), kind.into())).into();
    assert_eq!(columns, kinds.iter().map(|(name, kind)| (name, kind)).collect::<Vec<_>>());
    assert!(project.done(&["check"]).stdout.contains("models 5"));
    assert!(!project.path("lake").exists());
}

#[test]
fn a_column_that_is_not_there_is_told_under_its_line() {
    let project = Project::example("tickit", "dev");
    let file = project.path("models/buyers.sql");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("sum(f.pricepaid) as paid", "sum(f.pricepayed) as paid")).unwrap();
    for command in [&["model", "check"][..], &["check"], &["model", "check", "buyers"]] {
        let refused = project.tarn(command);
        assert_eq!(refused.code, 2, "{command:?}");
        for part in ["models/buyers.sql:13:", "pricepayed", "sum(f.pricepayed) as paid"] {
            assert!(refused.stderr.contains(part), "{command:?} lacks {part}\n{}", refused.stderr);
        }
    }
    let elsewhere = project.json(&["model", "check", "event_details"]);
    assert_eq!(elsewhere["models"][0]["name"], "event_details", "a fault elsewhere is not its own");
    let unknown = project.tarn(&["model", "check", "byers"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("no model `byers`"), "{}", unknown.stderr);
}

/// Removing a table that a model reads would leave a faulty project.
#[test]
fn edits_keep_models_sound() {
    let project = Project::example("tickit", "dev");
    let refused = project.tarn(&["table", "remove", "listings"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("models/sale_facts.sql"), "{}", refused.stderr);
    project.done(&["zone", "add", "finance", "--tables", "sales"]);
}

//! The example `daily-batch` with everything that happens to nightly exports: what SQL says of each file, and
//! the silver that a folder makes of the same ones.

use serde_json::{Value, json};
use tarn_tests::night;

use crate::lake::LocalLake;

pub fn nights_of_exports_are_accounted_for_file_by_file(lake: &LocalLake) {
    let reports = nights(lake);
    night::is_accounted(&reports);
    for (report, classes) in reports.iter().zip(night::classes()) {
        let statement = night::classes_of("files", report["run"].as_str().unwrap());
        let answer = lake.project.json(&["query", "--local", "--ops", &statement]);
        let rows = answer["rows"].as_array().unwrap().iter();
        let rows: Vec<Value> = rows.map(|row| json!([row["key"], row["status"], row["class"]])).collect();
        assert_eq!(json!(rows), classes);
    }
    assert_eq!((lake.count("calls", None), lake.count("calls", Some("billing"))), (3, 3));

    night::is_accounted(&night::in_a_folder(&lake.project, "folder"));
    assert_eq!(lake.same_silver("folder")["objects"], 7);
}

fn nights(lake: &LocalLake) -> [Value; 3] {
    let run = |folder: &str, files: &[night::File]| {
        night::export(&lake.project.path(folder), files);
        assert_eq!(lake.push(folder), files.len());
        lake.run()
    };
    let (first, second) = (run("first", &night::FIRST), run("second", &night::SECOND));
    [first, second, lake.project.json(&["run", "--local", "--table", "tariffs"])]
}

//! Models beside a lake's file: what their headers and queries mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use tarn_config::{Files, parse_files};
use tarn_lake::{
    Engine, EnvironmentName, Lake, Materialise, Model, ModelFormat, ModelTest, PartitionField, TableName,
};

const LAKE: &str = include_str!("valid/models/lake.toml");
const EVERYTHING: &str = include_str!("valid/models/everything.sql");
const MODELS: [(&str, &str); 4] = [
    ("days", include_str!("valid/models/days.sql")),
    ("everything", EVERYTHING),
    ("newest", include_str!("valid/models/newest.sql")),
    ("plain", include_str!("valid/models/plain.sql")),
];

fn files(models: &[(&str, &str)]) -> Files {
    let mut files = Files::new("lake.toml", LAKE);
    for (name, text) in models {
        files.add_model(format!("models/{name}.sql"), *name, text);
    }
    files
}

fn read(models: &[(&str, &str)]) -> Lake {
    let files = files(models);
    let parsed = parse_files(&files, &EnvironmentName::new("dev").unwrap()).unwrap_or_else(|faults| {
        let pictures: Vec<_> = faults.iter().map(|fault| files.render(fault, false)).collect();
        panic!("{}", pictures.join("\n"))
    });
    assert_eq!(parsed.warnings, []);
    parsed.lake
}

fn told(models: &[(&str, &str)]) -> Vec<String> {
    let files = files(models);
    let faults = parse_files(&files, &EnvironmentName::new("dev").unwrap()).expect_err("a fault");
    let told = |fault: &tarn_config::Diagnostic| {
        let located = files.located(fault);
        format!("{}:{}:{} {}", located.file, located.line, located.column, fault.title)
    };
    faults.iter().map(told).collect()
}

fn named<'l>(lake: &'l Lake, name: &str) -> &'l Model {
    lake.model(&TableName::new(name).unwrap()).unwrap()
}

fn names<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_of_a_header_is_read() {
    let lake = read(&MODELS);
    let model = named(&lake, "everything");
    assert_eq!(model.description, "Sales with their users");
    assert_eq!((model.materialise, model.format), (Materialise::Merge, ModelFormat::Iceberg));
    assert_eq!((model.engine, names(&model.key)), (Engine::DataFusion, vec!["sale_id".into()]));
    let spelled: Vec<String> = model.partition_by.iter().map(PartitionField::to_string).collect();
    assert_eq!(spelled, ["month(sold_at)", "bucket(16, user_id)", "truncate(4, name)", "city"]);
    let renamed: Vec<_> = model.renamed.iter().map(|(new, old)| (new.as_str(), old.as_str())).collect();
    assert_eq!(renamed, [("city", "town")]);
    assert_eq!(model.tests.len(), 5);
    assert_eq!(model.tests[4], ModelTest::Sql("select * from everything where total < 0".into()));
}

#[test]
fn inputs_are_what_query_and_tests_read() {
    let lake = read(&MODELS);
    for (name, wanted) in [
        ("everything", vec!["users", "sales"]),
        ("newest", vec!["sales", "days"]),
        ("days", vec!["everything"]),
        ("plain", vec!["users"]),
    ] {
        assert_eq!(names(&named(&lake, name).inputs), wanted, "{name}");
    }
    let newest = named(&lake, "newest");
    assert_eq!(newest.new_files_of.as_ref().unwrap().as_str(), "sales");
    assert_eq!(newest.sql, "select date_trunc('day', sold_at) as day, total from sales");
    let levels: Vec<_> = lake
        .model_levels()
        .iter()
        .map(|level| level.iter().map(|model| model.name.to_string()).collect::<Vec<_>>())
        .collect();
    assert_eq!(levels, [vec!["everything", "plain"], vec!["days"], vec!["newest"]]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let lake = read(&[("sales_by_day", "select 1 as one from sales")]);
    let model = named(&lake, "sales_by_day");
    assert_eq!((model.materialise, model.format), (Materialise::Replace, ModelFormat::Iceberg));
    assert!(model.tests.is_empty() && model.partition_by.is_empty() && model.description.is_empty());
}

#[test]
fn a_fault_of_a_model_is_told_in_its_own_file() {
    let told = told(&[
        ("days", "/* descripton = \"x\" */\nselect 1 from sales"),
        ("sums", "/*\n description = \"ok\"\n*/\n-- é\nselect 'é', x from slaes"),
        ("toml", "/* description = */ select 1 from sales"),
    ]);
    assert_eq!(
        told,
        [
            "models/days.sql:1:4 unknown key `descripton` in the model `days`",
            "models/toml.sql:1:18 this is no TOML: string values must be quoted, expected literal string",
        ],
        "what follows from a hole is not told"
    );
}

#[test]
fn places_count_characters_and_lines_of_the_file() {
    let query = "/*\n description = \"ok\"\n*/\n-- é\nselect 'é', x from slaes";
    assert_eq!(told(&[("sums", query)]), ["models/sums.sql:5:20 the lake has no table or model `slaes`"]);
    let broken = query.replace("x from slaes", "(x from sales");
    let told = told(&[("sums", &broken)]);
    assert!(told[0].starts_with("models/sums.sql:5:16 this is no SQL"), "{told:?}");
}

#[test]
fn files_of_other_editors_are_read() {
    let windows = format!("\u{feff}{}", EVERYTHING.replace('\n', "\r\n"));
    let lake = read(&[("everything", &windows)]);
    let plain = read(&[("everything", EVERYTHING)]);
    let (windows, plain) = (named(&lake, "everything"), named(&plain, "everything"));
    assert_eq!(windows.sql.replace("\r\n", "\n"), plain.sql);
    assert_eq!((&windows.tests, &windows.inputs), (&plain.tests, &plain.inputs));
}

#[test]
fn a_model_changes_no_place_of_a_fault_in_lake_toml() {
    let mut files = Files::new("lake.toml", &LAKE.replace("daily", "dayly"));
    files.add_model("models/a.sql", "a", "select 1 from sales");
    files.add_zones("zones/z.toml", "[[zone]]\nname = \"z\"\ntables = [\"sale\"]\n");
    let faults = parse_files(&files, &EnvironmentName::new("dev").unwrap()).expect_err("faults");
    let places: Vec<_> = faults.iter().map(|fault| files.located(fault)).collect();
    let places: Vec<_> = places.iter().map(|it| (it.file, it.line, it.column)).collect();
    assert_eq!(places, [("lake.toml", 7, 1), ("zones/z.toml", 3, 11)]);
}

#[test]
fn what_an_engine_finds_is_told_at_its_place() {
    let files = files(&[("sums", "/*\n description = \"ok\"\n*/\n\n  select 'é', x\n  from sales;\n")]);
    let told = |place| {
        let fault = tarn_config::fault_in_query(&files, "sums", place, "no column x", "").unwrap();
        let located = files.located(&fault);
        (located.file.to_owned(), located.line, located.column)
    };
    let sql = "select 'é', x\n  from sales";
    let x = sql.find('x').unwrap();
    assert_eq!(told(Some(x..x + 1)), ("models/sums.sql".into(), 5, 15));
    assert_eq!(told(Some(sql.len() - 5..sql.len())), ("models/sums.sql".into(), 6, 8));
    assert_eq!(told(None), ("models/sums.sql".into(), 5, 3));
    assert_eq!(tarn_config::fault_in_query(&files, "other", None, "", ""), None);
}

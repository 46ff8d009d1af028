//! `tarn access` and `tarn can` by the file alone; what is deployed is asked in `tests/cloud`.

use serde_json::Value;
use tarn_tests::Project;

const LAKE: &str = r#"
version = 1
[lake]
name = "shop"
readers = ["role/Engineer"]
[schedule]
on_arrival = true
[[table]]
name = "users"
files = "users*.csv"
columns = { id = "int64", city = "string", email = { type = "string", pii = "high" } }
[[zone]]
name = "ads"
tables = ["users"]
uncleared = "hash"
principals = ["role/Dashboard"]
[[zone]]
name = "audit"
clearance = "high"
tables = [{ name = "users", mode = "share", except = ["city"] }]
[[zone]]
name = "local"
tables = [{ name = "users", mode = "share", rows = "city = 'Bern'" }]
"#;

#[test]
fn the_matrix_has_everybody_and_every_column_that_is_seen() {
    let project = Project::with(LAKE, "dev");
    let told = project.json(&["access", "--file-only"]);
    let cell = |cell: &Value| {
        let who = cell["principal"]["name"].as_str().unwrap();
        let sight = cell["file"].as_str().map_or_else(|| "disguised".to_owned(), str::to_owned);
        format!(
            "{who} {} {} {sight}",
            cell["zone"].as_str().unwrap_or("silver"),
            cell["column"].as_str().unwrap()
        )
    };
    let cells: Vec<String> = told["cells"].as_array().unwrap().iter().map(cell).collect();
    for wanted in [
        "role/Engineer silver id clear",
        "role/Dashboard ads email disguised",
        "ads ads city clear",
        "audit audit email clear",
    ] {
        assert!(cells.contains(&wanted.to_owned()), "{wanted} in {cells:#?}");
    }
    for absent in ["role/Engineer silver email", "audit audit city"] {
        assert!(!cells.iter().any(|cell| cell.starts_with(absent)), "{absent} in {cells:#?}");
    }
    let text = project.done(&["access", "--file-only", "--zone", "ads"]).stdout;
    assert!(text.contains("zone `ads`: its reader role\n  users: city, email (hashed), id\n"), "{text}");
    assert!(!text.contains("audit"), "{text}");
    let text = project.done(&["access", "--file-only", "--zone", "local"]).stdout;
    assert!(text.contains("  users (where city = 'Bern'): city, id\n"), "{text}");
    let told = project.json(&["can", "local", "read", "users.id", "--file-only"]);
    assert_eq!(told["cells"][0]["file_rows"], "city = 'Bern'", "{told:#}");
}

#[test]
fn gold_is_seen_as_a_whole_by_who_sees_all_of_silver() {
    let project = Project::with(LAKE, "dev");
    project.write("models/cities.sql", "select city, count(*) as people from users group by city");
    let hidden = project.tarn(&["can", "role/Engineer", "read", "cities", "--file-only"]);
    assert!(hidden.code == 1 && hidden.stdout.starts_with("no"), "{}{}", hidden.stdout, hidden.stderr);

    project.write("lake.toml", LAKE.replace("readers =", "clearance = \"high\"\nreaders ="));
    for what in ["cities", "cities.people"] {
        let answer = project.done(&["can", "role/Engineer", "read", what, "--file-only"]);
        assert!(answer.stdout.contains("gold: role/Engineer\n  cities: all columns\n"), "{}", answer.stdout);
    }
    let told = project.json(&["access", "--file-only", "--table", "cities"]);
    let cell = &told["cells"][0];
    assert_eq!((&cell["zone"], &cell["column"], &cell["file"]), (&Value::Null, &"*".into(), &"clear".into()));
    assert_eq!(told["cells"].as_array().unwrap().len(), 1, "{told:#}");
    let slip = project.tarn(&["can", "role/Engineer", "read", "cities.person", "--file-only"]);
    assert!(slip.code == 2 && slip.stderr.contains("`cities` has no column `person`"), "{}", slip.stderr);
}

#[test]
fn a_question_is_answered_by_words_and_by_the_exit_status() {
    let project = Project::with(LAKE, "dev");
    for (principal, what, code) in [
        ("ads", "users.email", 0),
        ("audit", "users.email", 0),
        ("audit", "users.city", 1),
        ("role/Engineer", "users.email", 1),
        ("role/Engineer", "users", 0),
        ("role/Nobody", "users", 1),
    ] {
        let answer = project.tarn(&["can", principal, "read", what, "--file-only"]);
        assert_eq!(answer.code, code, "{principal} {what}: {}{}", answer.stdout, answer.stderr);
        let word = if code == 0 { "yes" } else { "no" };
        assert!(answer.stdout.starts_with(word), "{}", answer.stdout);
    }
    for (what, told) in [("user", "has no table `user`"), ("users.mail", "`users` has no column `mail`")] {
        let answer = project.tarn(&["can", "ads", "read", what, "--file-only"]);
        assert!(answer.code == 2 && answer.stderr.contains(told), "{}", answer.stderr);
    }
    assert_eq!(project.tarn(&["can", "ads", "write", "users", "--file-only"]).code, 2);
}

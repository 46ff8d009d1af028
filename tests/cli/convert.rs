//! `tarn convert`: files of this machine become Parquet that a foreign reader reads.

use std::path::Path;

use serde_json::{Value, json};
use tarn_tests::{Project, gzip, python};

const EVENTS: &str = "timestamp,visitorid,event,itemid,transactionid\n\
                      1433221332117,257597,view,355908,\n\
                      1433224214164,992329,transaction,248676,7\n";

/// What DuckDB finds in a Parquet file.
fn read(file: &Path) -> Value {
    let answer = python("parquet.py", &[file.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// The names in a folder.
fn names(project: &Project, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project.path(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_table_of_the_lake_says_how_files_look() {
    let project = Project::example("retail", "dev");
    project.write("events.csv", EVENTS);
    project.write("more/events_2.csv.gz", gzip(EVENTS));
    let done =
        project.json(&["convert", "events.csv", "more/events_2.csv.gz", "--table", "events", "--out", "o"]);
    let files = done["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    for (file, out) in files.iter().zip(["o/events.parquet", "o/events_2.parquet"]) {
        assert_eq!(file["out"], out);
        assert_eq!((&file["rows"], &file["bad_rows"]), (&2.into(), &0.into()));
        assert_eq!(file["text_bytes"], EVENTS.len());
        let size = project.path(out).metadata().unwrap().len();
        assert_eq!(file["bytes_out"], size);
        assert!(file["seconds"].as_f64().unwrap() > 0.0);
    }
    assert!(files[1]["bytes_in"].as_u64() < files[1]["text_bytes"].as_u64());
    assert_eq!(names(&project, "o"), ["events.parquet", "events_2.parquet"], "nothing else is left");

    let found = read(&project.path("o/events_2.parquet"));
    assert_eq!(found["columns"][0], "timestamp TIMESTAMP");
    assert_eq!(found["rows"][0], json!(["2015-06-02 05:02:12.117", "257597", "view", "355908", null]));
    assert_eq!(found["codecs"], json!(["ZSTD"]));
}

#[test]
fn a_schema_file_says_it_too() {
    let project = Project::example("retail", "dev");
    std::fs::remove_file(project.path("lake.toml")).unwrap();
    let schema = "delimiter = \"|\"\nheader = false\nnulls = [\"NULL\"]\n\
                  columns = { id = \"int64\", price = \"decimal(10,2)\", placed = { type = \"date\", format = \"%d.%m.%Y\" } }\n";
    project.write("orders.toml", schema);
    project.write("orders.txt", "1|12.5|24.12.2025\n2|NULL|01.01.2026\n");
    let arguments = ["convert", "orders.txt", "--schema", "orders.toml", "--out", "o", "--codec", "snappy"];
    let done = project.done(&[&arguments[..], &["--threads", "1", "--memory", "64M"]].concat());
    assert!(done.stdout.starts_with("orders.txt -> o/orders.parquet  2 rows"), "{}", done.stdout);
    let found = read(&project.path("o/orders.parquet"));
    assert_eq!(found["columns"], json!(["id BIGINT", "price DECIMAL(10,2)", "placed DATE"]));
    assert_eq!(found["rows"], json!([["1", "12.50", "2025-12-24"], ["2", null, "2026-01-01"]]));
    assert_eq!(found["codecs"], json!(["SNAPPY"]));
}

#[test]
fn what_is_inferred_can_be_pasted() {
    let project = Project::example("retail", "dev");
    let text = "id;code;price;day;at\n1;007;1.5;2024-02-29;2024-02-29 08:15:00\n2;010;;2024-03-01;2024-03-01T00:00:00\n";
    project.write("orders.csv", text);
    let done = project.done(&["convert", "orders.csv", "--infer", "--out", "o"]);
    let block = done.stdout.split("\norders.csv ->").next().unwrap();
    let wanted = "[[table]]\nname = \"orders\"\nfiles = \"orders*.csv\"\ndelimiter = \";\"\n\n[table.columns]\n\
                  id = \"int64\"\ncode = \"string\"\nprice = \"float64\"\nday = \"date\"\nat = \"timestamp(ms)\"\n";
    assert_eq!(block, wanted, "{}", done.stdout);
    let found = read(&project.path("o/orders.parquet"));
    assert_eq!(found["rows"][1], json!(["2", "010", null, "2024-03-01", "2024-03-01 00:00:00"]));

    project.write("orders.toml", block);
    project.done(&["convert", "orders.csv", "--schema", "orders.toml", "--out", "o2"]);
    let lake = std::fs::read_to_string(project.path("lake.toml")).unwrap();
    project.write("lake.toml", format!("{lake}\n{block}"));
    project.done(&["convert", "orders.csv", "--table", "orders", "--out", "o3"]);
    let bytes = |folder: &str| std::fs::read(project.path(folder).join("orders.parquet")).unwrap();
    assert!(bytes("o") == bytes("o2") && bytes("o") == bytes("o3"), "the same columns, the same file");

    let report = project.json(&["convert", "orders.csv", "--infer", "--out", "o4"]);
    assert_eq!(report["files"][0]["inferred"], wanted);
}

#[test]
fn a_header_that_no_column_can_have_is_renamed_and_remembered() {
    let project = Project::example("retail", "dev");
    project.write("orders.csv", "Item ID|itemId|Item ID|1st|\n1|2|3|4|5\n");
    let done = project.done(&["convert", "orders.csv", "--infer", "--out", "o"]);
    let block = done.stdout.split("\norders.csv ->").next().unwrap();
    let columns = "item_id = { type = \"int64\", from = \"Item ID\" }\nitemid = \"int64\"\n\
                   item_id_2 = { type = \"int64\", from = \"Item ID\" }\n\
                   column_1st = { type = \"int64\", from = \"1st\" }\n\
                   column_5 = { type = \"int64\", from = \"\" }\n";
    assert!(block.contains("delimiter = \"|\"") && block.ends_with(columns), "{block}");
    assert_eq!(read(&project.path("o/orders.parquet"))["rows"], json!([["1", "2", "3", "4", "5"]]));

    project.write("orders.toml", block);
    project.done(&["convert", "orders.csv", "--schema", "orders.toml", "--out", "o2"]);
    project.write("orders.csv", "Item ID|itemId|item_id|1st|\n1|2|3|4|5\n");
    let refused = project.tarn(&["convert", "orders.csv", "--schema", "orders.toml", "--out", "o3"]);
    assert!(refused.stderr.contains("column 3 is `item_id` instead of `Item ID`"), "{}", refused.stderr);
}

#[test]
fn json_lines_are_known_by_their_beginning_and_declared_by_a_word() {
    let project = Project::example("retail", "dev");
    let text =
        "{\"user-id\":1,\"at\":\"2024-02-29T08:15:00Z\",\"tags\":[\"a\", 1]}\n{\"user-id\":2,\"ok\":true}\n";
    project.write("clicks.jsonl", text);
    let done = project.done(&["convert", "clicks.jsonl", "--infer", "--out", "o"]);
    let block = done.stdout.split("\nclicks.jsonl ->").next().unwrap();
    let wanted = "[[table]]\nname = \"clicks\"\nfiles = \"clicks*.jsonl\"\nformat = \"jsonl\"\n\n[table.columns]\n\
                  user_id = { type = \"int64\", from = \"user-id\" }\nat = \"timestamp(ms)\"\n\
                  tags = \"string\"\nok = \"bool\"\n";
    assert_eq!(block, wanted, "{}", done.stdout);
    let rows = json!([["1", "2024-02-29 08:15:00", "[\"a\", 1]", null], ["2", null, null, "true"]]);
    assert_eq!(read(&project.path("o/clicks.parquet"))["rows"], rows);

    project.write("clicks.toml", block);
    project.write("clicks_2.json.gz", gzip(text));
    project.done(&["convert", "clicks_2.json.gz", "--schema", "clicks.toml", "--out", "o"]);
    assert_eq!(read(&project.path("o/clicks_2.parquet"))["rows"], rows);
    let lake = std::fs::read_to_string(project.path("lake.toml")).unwrap();
    project.write("lake.toml", format!("{lake}\n{block}"));
    project.done(&["convert", "clicks.jsonl", "--table", "clicks", "--out", "o3"]);
    assert_eq!(read(&project.path("o3/clicks.parquet"))["rows"], rows);

    project.write("list.json", "[\n  {\"user-id\": 1}\n]\n");
    for columns in [&["--schema", "clicks.toml"][..], &["--infer"]] {
        let refused = project.tarn(&[&["convert", "list.json", "--out", "o"], columns].concat());
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        for part in ["NOT_JSON_LINES", "one JSON list", "`jq -c '.[]'`"] {
            assert!(refused.stderr.contains(part), "{}", refused.stderr);
        }
    }
}

#[test]
fn bad_rows_lie_beside_only_if_there_are_any() {
    let project = Project::example("retail", "dev");
    project.write("good.csv", EVENTS);
    project.write("mixed.csv", format!("{EVENTS}1433221332118,many,view,1,\n1433221332119,1,view\n"));
    let done = project.json(&["convert", "good.csv", "mixed.csv", "--table", "events", "--out", "o"]);
    assert_eq!(done["files"][1]["bad_rows"], 2);
    assert_eq!(done["files"][1]["rejects"], "o/mixed.rejects.jsonl");
    assert_eq!(names(&project, "o"), ["good.parquet", "mixed.parquet", "mixed.rejects.jsonl"]);
    let rejects = std::fs::read_to_string(project.path("o/mixed.rejects.jsonl")).unwrap();
    let rejects: Vec<Value> = rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rejects.len(), 2);
    assert_eq!((&rejects[0]["line"], &rejects[1]["line"]), (&4.into(), &5.into()));
    assert_eq!(rejects[1]["raw"], "1433221332119,1,view");

    project.write("mixed.csv", EVENTS);
    project.done(&["convert", "mixed.csv", "--table", "events", "--out", "o", "--overwrite"]);
    assert_eq!(names(&project, "o"), ["good.parquet", "mixed.parquet"], "old bad rows are gone");
}

#[test]
fn a_refused_file_stops_no_other() {
    let project = Project::example("retail", "dev");
    project.write("other.csv", "a,b\n1,2\n");
    project.write("broken.csv.gz", &gzip(EVENTS)[..20]);
    project.write("events.csv", EVENTS);
    let arguments =
        ["convert", "other.csv", "broken.csv.gz", "events.csv", "--table", "events", "--out", "o"];
    let refused = project.tarn(&arguments);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    for part in ["other.csv: UNMATCHED: the first row has 2 columns", "broken.csv.gz: TRUNCATED_GZIP"] {
        assert!(refused.stderr.contains(part), "{part}\n{}", refused.stderr);
    }
    assert!(refused.stdout.contains("events.csv -> o/events.parquet"), "{}", refused.stdout);
    assert_eq!(names(&project, "o"), ["events.parquet"], "nothing half-written is left");

    let report = project.tarn(&[&arguments[..], &["--overwrite", "--json"]].concat());
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["files"][0]["class"], "UNMATCHED");
    assert_eq!(report["files"][2]["rows"], 2);
}

#[test]
fn a_large_file_becomes_several_of_the_size_that_is_asked_for() {
    let project = Project::example("retail", "dev");
    let mixed =
        |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ id.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 31;
    let rows = |id: u64| {
        format!("{},{},view,{},\n", 1_433_221_332_117 + id * 7919, mixed(id) >> 20, mixed(id + 7) >> 30)
    };
    let text: String = std::iter::once("timestamp,visitorid,event,itemid,transactionid\n".to_owned())
        .chain((0..60_000).map(rows))
        .collect();
    project.write("events.csv", text);
    let small = ["convert", "events.csv", "--table", "events", "--out", "o", "--memory", "1M"];
    let report = project.json(&[&small[..], &["--target-size", "100K"]].concat());
    let outputs = report["files"][0]["outputs"].as_array().unwrap();
    assert!(outputs.len() == 3 && report["files"][0]["out"].is_null(), "{report}");
    let found = names(&project, "o");
    assert_eq!(found.first().unwrap(), "events.part-00000.parquet");
    assert_eq!(found.len(), outputs.len(), "{found:?}");
    let counted: u64 = outputs.iter().map(|output| output["rows"].as_u64().unwrap()).sum();
    assert_eq!((counted, &report["files"][0]["rows"]), (60_000, &60_000.into()));
    assert!(outputs.iter().all(|output| output["bytes"].as_u64().unwrap() < 130_000), "{report}");

    let refused = project.tarn(&small);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("o/events.part-00000.parquet is there already"), "{}", refused.stderr);
    project.done(&[&small[..], &["--overwrite"]].concat());
    assert_eq!(names(&project, "o"), ["events.parquet"], "those of the conversion before are gone");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let project = Project::example("retail", "dev");
    project.write("events.csv", EVENTS);
    project.write("events.tsv", EVENTS);
    project.write("o/events.parquet", "mine");
    let arguments = ["convert", "events.csv", "--table", "events", "--out", "o"];
    let refused = project.tarn(&arguments);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("o/events.parquet is there already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    assert_eq!(std::fs::read(project.path("o/events.parquet")).unwrap(), b"mine");
    project.done(&[&arguments[..], &["--overwrite"]].concat());
    assert_eq!(read(&project.path("o/events.parquet"))["rows"].as_array().unwrap().len(), 2);

    let same = project.tarn(&["convert", "events.csv", "events.tsv", "--table", "events", "--out", "p"]);
    assert_eq!(same.code, 2);
    assert!(same.stderr.contains("would both become p/events.parquet"), "{}", same.stderr);
    assert!(!project.path("p").exists(), "nothing was done");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_done() {
    let project = Project::example("retail", "dev");
    project.write("events.csv", EVENTS);
    project.write("bad.toml", "delimeter = \"|\"\ncolumns = { id = \"int46\" }\n");
    for (arguments, parts) in [
        (&["nowhere.csv", "--table", "events"][..], &["nowhere.csv cannot be read"][..]),
        (&[".", "--table", "events"], &["is a folder"]),
        (&["events.csv", "--table", "event"], &["no table `event`", "events, item_properties"]),
        (&["events.csv", "--schema", "none.toml"], &["none.toml cannot be read"]),
        (
            &["events.csv", "--schema", "bad.toml"],
            &["bad.toml:1:1", "did you mean `delimiter`?", "bad.toml:2:18", "^^^^^^^"],
        ),
        (&["events.csv"], &["--table", "--schema", "--infer"]),
        (&["events.csv", "--infer", "--table", "events"], &["cannot be used with"]),
        (&["events.csv", "--infer", "--memory", "lots"], &["192M"]),
    ] {
        let refused = project.tarn(&[&["convert"], arguments, &["--out", "o"]].concat());
        assert_eq!(refused.code, 2, "{arguments:?}\n{}", refused.stderr);
        for part in parts {
            assert!(refused.stderr.contains(part), "{arguments:?} lacks {part}\n{}", refused.stderr);
        }
        assert!(!project.path("o").exists(), "{arguments:?}");
    }
}

#[test]
fn help_shows_examples_and_the_schema_file() {
    let help = Project::example("retail", "dev").tarn(&["convert", "--help"]).stdout;
    for part in ["Examples:", "--infer", "columns = {", "rejects.jsonl"] {
        assert!(help.contains(part), "{help}");
    }
}

#[test]
fn the_table_says_what_becomes_of_bad_rows() {
    let project = Project::example("retail", "dev");
    project.write("in.csv", "a,b\n1,x\ny,z\n,w\n");
    let columns = "columns = { a = \"int64\", b = \"string\" }\n";
    project.write("null.toml", format!("on_bad_row = \"null\"\n{columns}"));
    let done = project.json(&["convert", "in.csv", "--schema", "null.toml", "--out", "n"]);
    let file = &done["files"][0];
    assert_eq!((&file["rows"], &file["bad_rows"], &file["nulled_values"]), (&3.into(), &0.into(), &1.into()));
    assert_eq!(read(&project.path("n/in.parquet"))["rows"], json!([["1", "x"], [null, "z"], [null, "w"]]));
    let rejects = std::fs::read_to_string(project.path("n/in.rejects.jsonl")).unwrap();
    let reject: Value = serde_json::from_str(&rejects).unwrap();
    assert_eq!(
        (&reject["line"], &reject["nulled"], &reject["raw"]),
        (&3.into(), &json!(["a"]), &"y,z".into())
    );

    for (keys, class, words) in [
        ("on_bad_row = \"fail\"", "BAD_ROW", "line 3, at byte 8: the value in column 1 `a` is no int64"),
        ("max_bad_rows = 0", "TOO_MANY_BAD_ROWS", "more than 0 rows are bad, the first on line 3"),
        ("max_bad_share = 0.3", "TOO_MANY_BAD_ROWS", "1 of 3 rows are bad, a greater share than 0.3"),
    ] {
        project.write("strict.toml", format!("{keys}\n{columns}"));
        let refused =
            project.tarn(&["convert", "in.csv", "--schema", "strict.toml", "--out", "s", "--overwrite"]);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains(class) && refused.stderr.contains(words), "{}", refused.stderr);
        assert_eq!(names(&project, "s"), ["in.rejects.jsonl"], "nothing half-written is left");
    }
}

/// The files below a folder, as paths from it.
fn files(project: &Project, folder: &str) -> Vec<String> {
    fn below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }
    let (root, mut found) = (project.path(folder), Vec::new());
    below(&root, &mut found);
    let mut names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

const VISITS: &str = "id,event,day\n1,view,2026-01-01\n2,a/b,2026-01-02\n3,,2026-01-01\n4,view,2026-01-02\n";
const VISITS_SCHEMA: &str = "columns = { id = \"int64\", event = \"string\", day = \"date\" }\n";

#[test]
fn rows_go_to_hive_folders_that_a_foreign_reader_reads() {
    let project = Project::example("retail", "dev");
    project.write("visits.csv", VISITS);
    project.write("visits.toml", format!("partition_by = [\"event\"]\n{VISITS_SCHEMA}"));
    let done = project.json(&["convert", "visits.csv", "--schema", "visits.toml", "--out", "o"]);
    let wanted = [
        "event=__HIVE_DEFAULT_PARTITION__/visits.parquet",
        "event=a%2Fb/visits.parquet",
        "event=view/visits.parquet",
    ];
    assert_eq!(files(&project, "o"), wanted);
    let outputs = done["files"][0]["outputs"].as_array().unwrap();
    assert_eq!(outputs.iter().map(|output| output["rows"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!((&outputs[1]["folder"], &done["files"][0]["out"]), (&json!("event=a%2Fb/"), &Value::Null));
    assert_eq!(done["notices"], json!([]));

    let answer = python("hive.py", &[project.path("o").to_str().unwrap(), "id", "event", "day"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let rows = json!([
        ["1", "view", "2026-01-01"],
        ["2", "a/b", "2026-01-02"],
        ["3", null, "2026-01-01"],
        ["4", "view", "2026-01-02"]
    ]);
    assert_eq!(serde_json::from_str::<Value>(&answer.stdout).unwrap(), rows);
}

#[test]
fn the_command_line_chooses_other_folders_and_leaves_no_old_ones() {
    let project = Project::example("retail", "dev");
    project.write("visits.csv", VISITS);
    project.write("visits.toml", format!("partition_by = [\"event\"]\n{VISITS_SCHEMA}"));
    let arguments =
        ["convert", "visits.csv", "--schema", "visits.toml", "--out", "o", "--partition-by", "day"];
    let done = project.done(&arguments);
    assert!(done.stdout.contains("o/day=*/visits.parquet in 2 folders"), "{}", done.stdout);
    assert_eq!(files(&project, "o"), ["day=2026-01-01/visits.parquet", "day=2026-01-02/visits.parquet"]);
    let again = project.tarn(&arguments);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    project.write("visits.csv", "id,event,day\n1,view,2026-01-01\n");
    project.done(&[&arguments[..], &["--overwrite"]].concat());
    assert_eq!(files(&project, "o"), ["day=2026-01-01/visits.parquet"], "a row has left the other folder");
    assert!(!project.path("o/day=2026-01-02").exists());
}

#[test]
fn too_many_values_for_folders_sort_all_files_instead_and_say_so() {
    let project = Project::example("retail", "dev");
    let rows = |count: u32| (0..count).map(|n| format!("{n},{}\n", (n * 7919) % count)).collect::<String>();
    project.write("few.csv", format!("id,item\n{}", rows(10)));
    project.write("many.csv", format!("id,item\n{}", rows(300)));
    project.write("items.toml", "columns = { id = \"int64\", item = \"int32\" }\n");
    let arguments =
        ["convert", "few.csv", "many.csv", "--schema", "items.toml", "--out", "o", "--partition-by", "item"];
    let done = project.json(&arguments);
    assert_eq!(files(&project, "o"), ["few.parquet", "many.parquet"]);
    let notice = done["notices"][0].as_str().unwrap();
    assert!(notice.contains("`item`") && notice.contains("256") && notice.contains("cluster_by"), "{notice}");
    let found = read(&project.path("o/many.parquet"));
    let items: Vec<u32> = found["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[1].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(items, (0..300).collect::<Vec<_>>());
}

#[test]
fn a_placement_that_cannot_be_is_refused() {
    let project = Project::example("retail", "dev");
    project.write("visits.csv", VISITS);
    project.write("visits.toml", VISITS_SCHEMA);
    for (columns, said) in [("evnet", "no column `evnet`"), ("id,event,day", "no other is left")] {
        let arguments =
            ["convert", "visits.csv", "--schema", "visits.toml", "--out", "o", "--partition-by", columns];
        let refused = project.tarn(&arguments);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("PLACEMENT") && refused.stderr.contains(said), "{}", refused.stderr);
        assert!(files(&project, "o").is_empty());
    }
}

#[test]
fn columns_come_from_the_name_and_become_folders() {
    let project = Project::example("retail", "dev");
    project.write("in/visits_20260131.csv", "id\n1\n");
    project.write(
        "visits.toml",
        "files = \"visits_{date:%Y%m%d}.csv\"\npartition_by = [\"day\"]\n\
         [columns]\nid = \"int64\"\nday = { type = \"date\", from_name = \"date\" }\n\
         source = { type = \"string\", constant = \"web\" }\n",
    );
    project.done(&["convert", "in/visits_20260131.csv", "--schema", "visits.toml", "--out", "o"]);
    assert_eq!(files(&project, "o"), ["day=2026-01-31/visits_20260131.parquet"]);
    let found = read(&project.path("o/day=2026-01-31/visits_20260131.parquet"));
    assert_eq!(found["rows"][0][1], "web");
}

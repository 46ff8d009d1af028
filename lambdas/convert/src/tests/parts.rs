//! Tables with folders: every row in its folder's file, in the order of the source.

use std::collections::BTreeMap;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tarn_core::ports::Converter;
use tarn_core::testing::MemoryScratch;
use tarn_lake::{
    BadRows, Captures, ColumnName, ColumnSource, Csv, Disguise, Format, Layout, OnBadRow, Placement, Quality,
    Table,
};

use super::{Bad, Collected, Random, column, headerless, layout, read_back};
use crate::{Conversion, ConvertError, Engine, Limits, Spec, Unique, convert_to};

pub(super) fn names(columns: &[&str]) -> Vec<ColumnName> {
    columns.iter().map(|name| ColumnName::new(*name).unwrap()).collect()
}

fn by(columns: &[&str]) -> Placement {
    Placement { partition_by: names(columns), ..Placement::default() }
}

/// The files of a conversion by folder.
#[derive(Debug)]
pub(super) struct Parted {
    pub done: Conversion,
    pub files: BTreeMap<String, Vec<u8>>,
    pub rejects: Vec<Bad>,
}

pub(super) fn run(spec: &Spec<'_>, text: &[u8]) -> Result<Parted, ConvertError> {
    let mut rejects = Collected::default();
    let (done, outputs) = convert_to(spec, text, |_, _| Ok(Vec::new()), &mut rejects)?;
    let mut files = BTreeMap::new();
    for output in outputs {
        assert_eq!(output.bytes, output.sink.len() as u64);
        assert_eq!(output.rows, read_back(&output.sink).len() as u64);
        assert!(files.insert(output.folder, output.sink).is_none(), "a folder twice");
    }
    assert_eq!(done.bytes_out, files.values().map(|file| file.len() as u64).sum::<u64>());
    Ok(Parted { done, files, rejects: rejects.rows })
}

fn parted(columns: &Layout, placement: &Placement, text: &str) -> Parted {
    let csv = headerless();
    run(&Spec { placement, ..Spec::new(&csv, columns) }, text.as_bytes()).unwrap()
}

impl Parted {
    /// Folder and rows, values as text.
    fn rows(&self) -> Vec<(&str, Vec<String>)> {
        let text = |row: Vec<Field>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let rows = |file: &[u8]| read_back(file).into_iter().map(text).collect();
        self.files.iter().map(|(folder, file)| (folder.as_str(), rows(file))).collect()
    }

    fn folders(&self) -> Vec<&str> {
        self.files.keys().map(|folder| folder.trim_end_matches('/')).collect()
    }
}

#[test]
fn rows_go_to_the_folder_of_their_value_and_the_column_does_not() {
    let columns = layout(&["id int32", "event string", "n int32"]);
    let text = "1,view,10\n2,buy,20\n3,view,30\n4,,40\nx,view,50\n5,\"buy\",60\n";
    let parted = parted(&columns, &by(&["event"]), text);
    let wanted = [
        ("event=__HIVE_DEFAULT_PARTITION__/", vec!["4 40".to_owned()]),
        ("event=buy/", vec!["2 20".into(), "5 60".into()]),
        ("event=view/", vec!["1 10".into(), "3 30".into()]),
    ];
    assert_eq!(parted.rows(), wanted);
    assert_eq!((parted.done.rows, parted.done.bad_rows), (5, 1));
    assert_eq!(parted.rejects[0].line, 5);
}

#[test]
fn folders_are_spelled_as_hive_spells_them() {
    for (kind, field, folder) in [
        ("string", "a b", "a b"),
        ("string", "..", ".."),
        ("string", "../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
        ("string", "ü😀", "ü😀"),
        ("string", "100%", "100%25"),
        ("string", "%2F", "%252F"),
        ("string", "x=y:z?#*'{}[]^\\", "x%3Dy%3Az%3F%23%2A%27%7B%7D%5B%5D%5E%5C"),
        ("string", "\"a\"\"b\nc\"", "a%22b%0Ac"),
        ("string", "\"\"", "__HIVE_DEFAULT_PARTITION__"),
        ("string", "", "__HIVE_DEFAULT_PARTITION__"),
        ("string", "NULL", "__HIVE_DEFAULT_PARTITION__"),
        ("string", "-rf", "-rf"),
        ("int32", " 007", "7"),
        ("int64", "-9223372036854775808", "-9223372036854775808"),
        ("bool", "true", "true"),
        ("bool", "0", "false"),
        ("decimal(6,2)", "-0.5", "-0.50"),
        ("decimal(6,0)", "12", "12"),
        ("decimal(38,3)", "12345678901234567890.1", "12345678901234567890.100"),
        ("date", "0001-01-01", "0001-01-01"),
        ("date", "9999-12-31", "9999-12-31"),
        ("timestamp(ms)", "2026-01-31T08:15:00Z", "2026-01-31 08%3A15%3A00"),
        ("timestamp(us)", "1969-12-31T23:59:59.5Z", "1969-12-31 23%3A59%3A59.500000"),
    ] {
        let csv = Csv { nulls: vec!["NULL".into()], ..headerless() };
        let columns = layout(&["id int32", &format!("k {kind}")]);
        let placement = by(&["k"]);
        let spec = Spec { placement: &placement, ..Spec::new(&csv, &columns) };
        let parted = run(&spec, format!("1,{field}\n").as_bytes()).unwrap();
        assert_eq!(parted.folders(), [format!("k={folder}")], "{kind} {field}: {:?}", parted.rejects);
    }
}

#[test]
fn values_that_can_be_no_folder_are_bad_rows() {
    let columns = layout(&["id int32", "k string", "n int32"]);
    let long = "x".repeat(763);
    let text = format!("1,__HIVE_DEFAULT_PARTITION__,1\n2,{long},1\n3,{},1\n4,a,b\n5,b,1\n", &long[1..]);
    let text = format!("{text}6,\u{fffd},1\n").replace('\u{fffd}', "é");
    let mut bytes = text.into_bytes();
    let place = bytes.iter().rposition(|byte| *byte == 0xc3).unwrap();
    bytes.remove(place);
    let (csv, placement) = (headerless(), by(&["k"]));
    let parted = run(&Spec { placement: &placement, ..Spec::new(&csv, &columns) }, &bytes).unwrap();
    assert_eq!(parted.folders(), ["k=b", &format!("k={}", &long[1..])]);
    let reasons: Vec<(u64, &str)> =
        parted.rejects.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    let wanted = [
        (1, "the value in column 2 `k` is what Hive calls the folder of rows without a value"),
        (2, "the value in column 2 `k` is too long for the name of a folder"),
        (4, "the value in column 3 `n` is no int32"),
        (6, "invalid encoding: the text in column 2 `k` cannot be decoded"),
    ];
    assert_eq!(reasons, wanted);
}

#[test]
fn several_columns_are_folders_in_folders() {
    let columns = layout(&["day date", "id int32", "event string"]);
    let text = "2026-01-01,1,a\n2026-01-02,2,a\n2026-01-01,3,b\n2026-01-01,4,a\n";
    let parted = parted(&columns, &by(&["event", "day"]), text);
    let wanted = [
        ("event=a/day=2026-01-01/", vec!["1".to_owned(), "4".into()]),
        ("event=a/day=2026-01-02/", vec!["2".into()]),
        ("event=b/day=2026-01-01/", vec!["3".into()]),
    ];
    assert_eq!(parted.rows(), wanted);
}

#[test]
fn what_the_name_says_is_a_folder_for_all_rows() {
    let mut columns = layout(&["id int32", "event string"]);
    let derived = |source| tarn_lake::Column { source, ..column("day date") };
    columns.columns.push(derived(ColumnSource::Name("date".into())));
    let name: Captures = [("date", "2026-01-31")].into_iter().collect();
    for (folders, wanted) in [
        (&["day"][..], &["day=2026-01-31"][..]),
        (&["day", "event"], &["day=2026-01-31/event=a", "day=2026-01-31/event=b"]),
        (&["event", "day"], &["event=a/day=2026-01-31", "event=b/day=2026-01-31"]),
    ] {
        let (csv, placement) = (headerless(), by(folders));
        let spec = Spec { placement: &placement, name: &name, ..Spec::new(&csv, &columns) };
        let parted = run(&spec, b"1,a\n2,b\n").unwrap();
        assert_eq!(parted.folders(), wanted);
    }
}

#[test]
fn a_layout_without_the_column_goes_to_the_folder_of_null() {
    let (old, new) = (layout(&["id int32"]), layout(&["id int32", "event string"]));
    let (csv, placement) = (headerless(), by(&["event"]));
    let spec = Spec { placement: &placement, schema: &new, ..Spec::new(&csv, &old) };
    assert_eq!(run(&spec, b"1\n").unwrap().folders(), ["event=__HIVE_DEFAULT_PARTITION__"]);
}

#[test]
fn a_file_without_good_rows_has_no_folder() {
    let columns = layout(&["id int32", "event string"]);
    for text in ["", "x,a\n"] {
        assert!(parted(&columns, &by(&["event"]), text).files.is_empty());
    }
}

#[test]
fn more_folders_than_allowed_refuse_the_file() {
    let columns = layout(&["id int32", "a int32", "b int32"]);
    let placement = Placement { max_partitions: 20, ..by(&["a", "b"]) };
    let text = |folders: i32| {
        (0..folders * 50).map(|n| format!("{n},{},{}\n", n % 2, n % folders)).collect::<String>()
    };
    assert_eq!(parted(&columns, &placement, &text(20)).files.len(), 20);
    for row_group_bytes in [100, 1 << 20] {
        for threads in [1, 3] {
            let csv = headerless();
            let limits = Limits { row_group_bytes, threads, ..Limits::default() };
            let spec = Spec { placement: &placement, limits, ..Spec::new(&csv, &columns) };
            let error = run(&spec, text(22).as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.is_the_files_fault()), ("too_many_partitions", true));
            assert!(error.to_string().contains("`cluster_by = [\"b\"]`"), "{error}");
        }
    }
}

/// Rows whose folder is skewed, or changes with time, with nulls, quotes, bad rows.
fn random_text(random: &mut Random, rows: u64) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let folder = match random.below(100) {
            0..70 => "most".to_owned(),
            70..85 => format!("now{}", row / 700),
            85..97 => format!("some{}", random.below(5)),
            97 => String::new(),
            _ => format!("rare{}", random.below(30)),
        };
        let folder = if random.one_in(30) { format!("\"{folder}\"") } else { folder };
        let note = if random.one_in(40) { "\"two\nlines, \"\"x\"\"\"" } else { "plain" };
        let n = if random.one_in(9) { String::new() } else { random.below(1000).to_string() };
        text += &format!("{row},{folder},{n},{note}\n");
        if random.one_in(300) {
            text +=
                ["x,most,1,b\n", "1,most\n", "7,\"open,1,1\n", "8,a 5\" b,1,d\r\n"][random.below(4) as usize];
        }
    }
    text
}

const MIXED: &[&str] = &["id int64!", "event string", "n int32", "note string"];

#[test]
fn threads_and_folders_change_nothing_about_the_rows() {
    let text = random_text(&mut Random(21), 20_000);
    let (csv, columns, placement) = (headerless(), layout(MIXED), by(&["event"]));
    let limits = Limits { row_group_bytes: 40_000, longest_row_bytes: 500, ..Limits::default() };
    let plain = super::run_with(&csv, &columns, &columns, limits, text.as_bytes());
    let mut wanted: BTreeMap<String, Vec<Vec<Field>>> = BTreeMap::new();
    for mut row in plain.rows() {
        let folder = match row.remove(1) {
            Field::Str(value) if !value.is_empty() => value.replace('"', "%22"),
            _ => "__HIVE_DEFAULT_PARTITION__".into(),
        };
        wanted.entry(format!("event={folder}/")).or_default().push(row);
    }
    let with = |threads: usize, row_group_bytes: usize| {
        let limits = Limits { threads, row_group_bytes, ..limits };
        let placement = &Placement { max_partitions: 1000, ..placement.clone() };
        run(&Spec { placement, limits, ..Spec::new(&csv, &columns) }, text.as_bytes()).unwrap()
    };
    let one = with(1, 40_000);
    assert_eq!(one.rejects, plain.rejects);
    let found: BTreeMap<String, Vec<Vec<Field>>> =
        one.files.iter().map(|(folder, file)| (folder.clone(), read_back(file))).collect();
    assert!(found == wanted, "{:?}", one.folders());
    for threads in [2, 4] {
        let other = with(threads, 40_000);
        assert!(other.files == one.files, "{threads} threads");
        assert_eq!((&other.rejects, &other.done), (&one.rejects, &one.done));
    }
    for row_group_bytes in [1_000, 7_777, 1 << 20] {
        let other = with(2, row_group_bytes);
        assert_eq!(other.rejects, one.rejects);
        for (folder, file) in &other.files {
            assert!(read_back(file) == wanted[folder], "{folder} at {row_group_bytes}");
        }
        assert_eq!(other.files.len(), wanted.len());
    }
}

fn row_groups(file: &[u8]) -> usize {
    use parquet::file::reader::FileReader;
    let reader =
        parquet::file::reader::SerializedFileReader::new(bytes::Bytes::copy_from_slice(file)).unwrap();
    reader.metadata().num_row_groups()
}

#[test]
fn small_folders_do_not_become_many_small_row_groups() {
    let columns = layout(&["id int64", "event string"]);
    let text: String = (0..200_000)
        .map(|row| {
            format!("{row},{}\n", if row % 40 == 7 { format!("rare{}", row % 3) } else { "view".into() })
        })
        .collect();
    let limits = Limits { row_group_bytes: 64 << 10, ..Limits::default() };
    let (csv, placement) = (headerless(), by(&["event"]));
    let parted =
        run(&Spec { placement: &placement, limits, ..Spec::new(&csv, &columns) }, text.as_bytes()).unwrap();
    let groups: BTreeMap<&str, usize> =
        parted.files.iter().map(|(folder, file)| (folder.as_str(), row_groups(file))).collect();
    let segments = text.len() / (64 << 10) + 1;
    assert_eq!(groups["event=view/"], segments);
    for rare in ["event=rare0/", "event=rare1/", "event=rare2/"] {
        assert!(groups[rare] <= 3, "{groups:?}");
    }
}

#[test]
fn json_lines_go_to_folders_too() {
    let columns = layout(&["id int32", "event string", "n int32"]);
    let csv = Csv { format: Format::JsonLines, ..Csv::default() };
    let placement = by(&["event"]);
    let text = "{\"n\":1,\"event\":\"a\\/b\",\"id\":1}\n{\"id\":2,\"event\":null}\n{\"id\":3,\"event\":\"\\u00fc\",\"n\":3}\n";
    let parted = run(&Spec { placement: &placement, ..Spec::new(&csv, &columns) }, text.as_bytes()).unwrap();
    let wanted = [
        ("event=__HIVE_DEFAULT_PARTITION__/", vec!["2 null".to_owned()]),
        ("event=a%2Fb/", vec!["1 1".into()]),
        ("event=ü/", vec!["3 3".into()]),
    ];
    assert_eq!(parted.rows(), wanted);
}

#[test]
fn folders_are_of_values_as_rules_leave_them() {
    let mut columns = layout(&["id int32", "event string", "n int32"]);
    columns.columns[1].quality = Quality { trim: true, fill: Some("none".into()), ..Quality::default() };
    columns.columns[2].quality =
        Quality { fill: Some("7".into()), max: Some("9".into()), ..Quality::default() };
    let parted = parted(&columns, &by(&["event", "n"]), "1, a ,1\n2,,\n3,a,10\n");
    assert_eq!(parted.folders(), ["event=a/n=1", "event=none/n=7"]);
    assert_eq!(parted.rejects[0].line, 3);
}

#[test]
fn a_hidden_column_is_no_folder_and_no_order() {
    let mut columns = layout(&["id int32", "card string"]);
    columns.columns[1].quality.disguise = Some(Disguise::Text("x".into()));
    let csv = headerless();
    let order = Placement { cluster_by: names(&["card"]), ..Placement::default() };
    for placement in [by(&["card"]), order] {
        let error =
            run(&Spec { placement: &placement, ..Spec::new(&csv, &columns) }, b"1,4711\n").unwrap_err();
        assert!(error.to_string().contains("would show its values"), "{error}");
    }
}

#[test]
fn keys_hold_across_folders_and_may_be_of_a_folders_column() {
    let columns = layout(&["id int32", "event string", "n int32"]);
    for (key, kept) in [(&["id"][..], 2), (&["event", "id"], 3), (&["event"], 2)] {
        let unique = Unique::new(&[names(key)]);
        let (csv, placement) = (headerless(), by(&["event"]));
        let spec = Spec { placement: &placement, unique: Some(&unique), ..Spec::new(&csv, &columns) };
        let parted = run(&spec, b"1,a,1\n1,b,2\n2,a,3\n1,a,4\n").unwrap();
        assert_eq!((parted.done.rows, parted.done.bad_rows), (kept, 4 - kept), "{key:?}");
    }
}

#[test]
fn where_values_become_null_a_folder_that_cannot_be_read_is_that_of_null() {
    let columns = layout(&["id int32", "day date", "n int32"]);
    let bad_rows = BadRows { action: OnBadRow::Null, ..BadRows::default() };
    let (csv, placement) = (headerless(), by(&["day"]));
    let spec = Spec { placement: &placement, bad_rows, ..Spec::new(&csv, &columns) };
    let parted = run(&spec, b"1,2026-01-31,x\n2,2026-02-31,7\n").unwrap();
    let wanted = [
        ("day=2026-01-31/", vec!["1 null".to_owned()]),
        ("day=__HIVE_DEFAULT_PARTITION__/", vec!["2 7".into()]),
    ];
    assert_eq!(parted.rows(), wanted);
    assert_eq!((parted.done.bad_rows, parted.done.nulled_rows), (0, 2));
}

/// The way of the pipeline: a table as the lake stores it, and the converter that the job has.
#[test]
fn the_engine_of_the_pipeline_has_a_file_for_each_folder() {
    let stored = r#"{"name":"clicks","description":"","files":"clicks*","csv":{"delimiter":",","header":true,"nulls":[]},
        "placement":{"partition_by":["event"]},"layouts":[{"from":null,"columns":[
            {"name":"id","type":"int64","format":"iso","required":true},
            {"name":"event","type":"string","format":"iso","required":false}]}]}"#;
    let table: Table = serde_json::from_str(stored).unwrap();
    let text = &mut &b"id,event\n1,view\n2,buy\n"[..];
    let (engine, name) = (Engine::default(), Captures::none());
    let (done, files) =
        engine.convert(&table, table.newest_layout(), &name, text, &MemoryScratch, &mut Vec::new()).unwrap();
    assert_eq!((done.rows, files.len()), (2, 2));
    for (file, (folder, id)) in files.into_iter().zip([("event=buy/", 2), ("event=view/", 1)]) {
        assert_eq!(file.folder, folder);
        let silver = file.spool.finish().unwrap().into_bytes().unwrap();
        assert_eq!(read_back(&silver), [[Field::Long(id)]]);
    }
    let none = engine.no_rows(&table, &MemoryScratch).unwrap().finish().unwrap().into_bytes().unwrap();
    assert!(read_back(&none).is_empty());
    let reader = SerializedFileReader::new(none).unwrap();
    let columns = reader.metadata().file_metadata().schema().get_fields();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["id"], "the same columns, without that of the folder");
}

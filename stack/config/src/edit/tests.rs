use tarn_lake::EnvironmentName;

use super::*;
use crate::{Code, parse};

const LAKE: &str = "version = 1\n\n[lake]\nname = \"shop\"\n\n[schedule]\non_arrival = true\n\n\
                    [[table]]\nname = \"orders\"\nfiles = \"orders*.csv\"\n\n[table.columns]\nid = \"int64\"\n\n\
                    # What visitors did.\n[[table]]\nname = \"events\"\nfiles = \"events*.csv\"\n\
                    columns = { id = \"int64\" } # one\n# more = true\n";
const SALES: &str = "[[zone]]\nname = \"sales\"\ntables = [\"orders\"]\n";

fn dev() -> EnvironmentName {
    EnvironmentName::new("dev").unwrap()
}

/// What of an edit of one file is looked at.
#[derive(Debug, PartialEq)]
struct Done {
    text: String,
    block: String,
    line: usize,
}

impl From<Edited> for Done {
    fn from(Edited { text, block, line, .. }: Edited) -> Self {
        Self { text: text.unwrap(), block, line }
    }
}

fn lake_toml(text: &str) -> Files {
    Files::new("lake.toml", text)
}

fn try_add(text: &str, kind: Kind, name: &str, block: &str) -> Result<Done, Refusal> {
    add(&lake_toml(text), &dev(), (kind, name), block, Where::Lake).map(Done::from)
}

fn try_remove(text: &str, kind: Kind, name: &str) -> Result<Done, Refusal> {
    remove(&lake_toml(text), &dev(), (kind, name)).map(Done::from)
}

fn shown(refused: Result<Done, Refusal>) -> String {
    format!("{:?}", refused.unwrap_err())
}

fn add_sales(text: &str) -> Done {
    try_add(text, Kind::Zone, "sales", SALES).unwrap_or_else(|refusal| panic!("{refusal:?}\n{text}"))
}

fn remove_zone(text: &str, name: &str) -> Done {
    try_remove(text, Kind::Zone, name).unwrap_or_else(|refusal| panic!("{refusal:?}\n{text}"))
}

#[test]
fn a_first_zone_comes_behind_everything() {
    let edited = add_sales(LAKE);
    assert_eq!(edited.text, format!("{LAKE}\n{SALES}"));
    assert_eq!(edited.text.lines().nth(edited.line - 1), Some("[[zone]]"));
    assert_eq!(remove_zone(&edited.text, "sales").text, LAKE);
}

#[test]
fn however_a_file_ends_what_came_goes_again() {
    let windows = LAKE.replace('\n', "\r\n");
    for text in [
        LAKE.to_owned(),
        LAKE.trim_end().to_owned(),
        format!("{LAKE}\n\n  \n"),
        format!("{LAKE}# the end   \n \n"),
        format!("{LAKE}\n# vim: et"),
        format!("{windows}\r\n\r\n"),
        windows.trim_end().to_owned(),
        windows,
        format!("\u{feff}{LAKE}"),
    ] {
        let edited = add_sales(&text);
        let ends = edited.text.matches('\n').count();
        let with_carriage = edited.text.matches("\r\n").count();
        assert!(with_carriage == 0 || with_carriage == ends, "{:?}", edited.text);
        assert_eq!(remove_zone(&edited.text, "sales").text, text);
    }
}

#[test]
fn a_zone_comes_behind_the_last_zone_and_leaves_every_other_line() {
    let tail = "\n# What the zones do not have.\n[[table]]\nname = \"more\"\nfiles = \"more*\"\n\
                columns = { id = \"int64\" }\n";
    let zone =
        "\n# The scientists'.\n[[zone]]\nname = \"science\"\ntables = [\n  \"orders\", # all\n]\n# to come\n";
    let text = [LAKE, zone, tail].concat();
    let edited = add_sales(&text);
    assert_eq!(edited.text, [LAKE, zone, "\n", SALES, tail].concat());
    let removed = remove_zone(&edited.text, "science");
    assert_eq!(removed.text, [LAKE, "\n", SALES, tail].concat());
    assert_eq!(removed.block, zone.trim_matches('\n'));
    assert_eq!(removed.line, LAKE.lines().count() + 2);
}

#[test]
fn a_comment_above_the_next_block_stays_with_it() {
    let text = format!(
        "{LAKE}\n[[zone]]\nname = \"a\"\ntables = [\"orders\"]\n# of b\n[[zone]]\nname = \"b\"\n\
                        tables = [\"orders\"]\n"
    );
    let removed = remove_zone(&text, "a");
    assert_eq!(removed.text, format!("{LAKE}\n# of b\n[[zone]]\nname = \"b\"\ntables = [\"orders\"]\n"));
}

#[test]
fn what_looks_like_a_comment_in_a_text_of_several_lines_is_none() {
    let table = "[[table]]\nname = \"notes\"\nfiles = \"n*\"\ncolumns = { id = \"int64\" }\n\
                 description = \"\"\"\n[[zone]]\nname = \"sales\"\n# not a comment\n# nor this\"\"\"\n";
    let text = [LAKE, "\n", table].concat();
    let added = add_sales(&text);
    assert_eq!(added.text, [&text, "\n", SALES].concat());
    let close = added.text.replace("\n\n[[zone]]", "\n[[zone]]");
    assert_eq!(remove_zone(&close, "sales").text, text);
}

#[test]
fn a_block_at_the_very_top_takes_the_blank_line_below_it() {
    let zone = "[[zone]]\nname = \"a\"\ntables = [\"orders\"]\n\n";
    let faulty = format!("{zone}[lake]\nname = \"shop\"\n");
    let places = Places::find(&faulty);
    let (_, cut) = places.lines_of(&places.block(Kind::Zone, "a").unwrap());
    assert_eq!(cut, 0..zone.len());
}

#[test]
fn a_table_comes_behind_the_last_table_and_goes_with_its_columns() {
    let block = "[[table]]\nname = \"items\"\nfiles = \"items*\"\n\n[table.columns]\nid = \"int64\"\n";
    let text = [LAKE, "\n", SALES].concat();
    let edited = try_add(&text, Kind::Table, "items", block).unwrap();
    assert_eq!(edited.text, [LAKE, "\n", block, "\n", SALES].concat());
    assert_eq!(try_remove(&edited.text, Kind::Table, "items").unwrap().text, text);
    let removed = try_remove(&text, Kind::Table, "events").unwrap();
    assert!(removed.block.starts_with("# What visitors did.") && removed.block.ends_with("# more = true"));
    let first = removed.text.find("[[table]]").unwrap();
    assert_eq!(removed.text[first..].matches("[[table]]").count(), 1);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let both = add_sales(LAKE).text;
    let line = LAKE.lines().count() + 2;
    let twice = try_add(&both, Kind::Zone, "sales", SALES);
    assert_eq!(shown(twice), format!("Exists(Place {{ path: \"lake.toml\", line: {line} }})"));
    let gone = try_remove(&both, Kind::Zone, "sale");
    assert_eq!(shown(gone), "Missing { names: [\"sales\"] }");
    let used = try_remove(&both, Kind::Table, "orders");
    assert_eq!(shown(used), "InUse { zones: [\"sales\"] }");
    let unknown = try_add(LAKE, Kind::Zone, "x", &SALES.replace("orders", "order").replace("sales", "x"));
    let Err(Refusal::After(files, faults)) = unknown else { panic!("{unknown:?}") };
    let (source, fault) = files.locate(&faults[0]);
    assert_eq!((source.path, fault.code), ("lake.toml, as it would be", Code::UnknownTable));
    assert_eq!(fault.line(&source), line + 2);
    let only = try_remove(&LAKE[..LAKE.find("# What").unwrap()], Kind::Table, "orders");
    assert!(matches!(only, Err(Refusal::After(..))), "{only:?}");
}

#[test]
fn a_list_in_one_piece_is_left_to_its_owner() {
    let text =
        LAKE.replace("version = 1\n", "version = 1\nzone = [{ name = \"a\", tables = [\"orders\"] }]\n");
    for refused in [try_add(&text, Kind::Zone, "b", SALES), try_remove(&text, Kind::Zone, "a")] {
        assert_eq!(shown(refused), "Inline(Place { path: \"lake.toml\", line: 2 })");
    }
}

#[test]
fn a_block_with_another_inside_is_not_cut() {
    let text = format!(
        "{LAKE}\n[[table]]\nname = \"odd\"\nfiles = \"odd*\"\n\n{SALES}\n[table.columns]\nid = \"int64\"\n"
    );
    let refused = try_remove(&text, Kind::Table, "odd");
    assert!(matches!(refused, Err(Refusal::Scattered(_))), "{refused:?}");
}

#[test]
fn a_block_is_written_as_it_is_read() {
    let columns = "id = \"int64\"\nitem_id = { type = \"string\", from = \"Item \\\"ID\\\"\\u007f\" }\n";
    let block = format!(
        "[[table]]\nname = \"t\"\ndescription = \"say \\\"hi\\\"\"\nfiles = \"t*.csv\"\ndelimiter = \"\\t\"\n\
         \n[table.columns]\n{columns}"
    );
    let edited = try_add(LAKE, Kind::Table, "t", &block).unwrap();
    let lake = parse(&edited.text, &dev()).unwrap().lake;
    let table = lake.tables.last().unwrap();
    let new = NewTable {
        name: "t",
        description: &table.description,
        files: table.files.as_str(),
        csv: &table.csv,
        layout: &table.layouts[0],
    };
    assert_eq!(new.block(), block);
    assert_eq!(zone_block("sales", "", &["orders".into()]), SALES);
}

const ITEMS: &str =
    "# Theirs.\n[[table]]\nname = \"items\"\nfiles = \"items*\"\ncolumns = { id = \"int64\" }\n";

/// A lake with a table and a zone in files of their own.
fn project() -> Files {
    let mut files = lake_toml(LAKE);
    files.add_tables("tables/items.toml", &format!("\u{feff}{ITEMS}"));
    files.add_zones("zones/sales.toml", SALES);
    files
}

#[test]
fn what_stands_in_a_file_of_its_own_is_found_there() {
    let files = project();
    let Err(Refusal::Exists(place)) = add(&files, &dev(), (Kind::Zone, "sales"), SALES, Where::Lake) else {
        panic!("there are two")
    };
    assert_eq!(place, Place { path: "zones/sales.toml".into(), line: 1 });
    let removed = remove(&files, &dev(), (Kind::Zone, "sales")).unwrap();
    assert_eq!((removed.path.as_str(), removed.text, removed.line), ("zones/sales.toml", None, 1));
    let removed = remove(&files, &dev(), (Kind::Table, "items")).unwrap();
    assert_eq!((removed.path.as_str(), removed.text), ("tables/items.toml", None));
}

#[test]
fn a_block_of_its_own_file_changes_no_other() {
    let block = "[[zone]]\nname = \"science\"\ntables = [\"items\"]\n";
    let own = Where::OwnFile("zones/science.toml");
    let added = add(&project(), &dev(), (Kind::Zone, "science"), block, own).unwrap();
    assert_eq!((added.path.as_str(), added.text.as_deref()), ("zones/science.toml", Some(block)));
    let wrong = block.replace("items", "item");
    let Err(Refusal::After(files, faults)) = add(&project(), &dev(), (Kind::Zone, "science"), &wrong, own)
    else {
        panic!("there is no such table")
    };
    assert_eq!(files.locate(&faults[0]).0.path, "zones/science.toml, as it would be");
    let added = add(&project(), &dev(), (Kind::Zone, "science"), block, Where::Lake).unwrap();
    assert_eq!((added.path.as_str(), added.text), ("lake.toml", Some(format!("{LAKE}\n{block}"))));
}

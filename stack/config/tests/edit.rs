//! Whatever a file looks like, an edit changes the lines it is about and no others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use proptest::prelude::*;
use proptest::sample::select;
use tarn_config::edit::{Kind, Where, add, remove, zone_block};
use tarn_config::{Files, parse};
use tarn_lake::EnvironmentName;

/// Without a blank line, and with zones between tables.
const CLOSE: &str = "version = 1\n[lake]\nname = \"close\"\n[[zone]]\nname = \"one\"\ntables = [\"a\"]\n[[zone]]\n\
                     name = \"two\"\ntables = [\"a\"]\n[[table]]\nname = \"a\"\nfiles = \"a*\"\n[table.columns]\n\
                     id = \"int64\"\n";
const SAMPLES: [&str; 4] = [
    CLOSE,
    include_str!("../../../examples/retail/lake.toml"),
    include_str!("valid/everything.toml"),
    include_str!("valid/minimal.toml"),
];
/// What people leave between the lines of a file.
const LITTER: [&str; 6] = ["", "", "# a note", "   # indented [[zone]]", "\t", "# tables = [\"no\"]"];

fn dev() -> EnvironmentName {
    EnvironmentName::new("dev").unwrap()
}

fn lake_toml(text: &str) -> Files {
    Files::new("lake.toml", text)
}

/// A sample with comments and blank lines strewn over it, ended in one way or another.
fn strewn() -> impl Strategy<Value = String> {
    let litter = prop::collection::vec((0..200usize, select(&LITTER)), 0..12);
    let ends = (select(&["\n", "\r\n"]), select(&["", "\n", "\n\n \n", "\n# the end", "  \n"]));
    (select(&SAMPLES), litter, ends).prop_map(|(sample, litter, (line_end, end))| {
        let mut lines: Vec<&str> = sample.trim_end().lines().collect();
        for (place, piece) in litter {
            lines.insert(place % (lines.len() + 1), piece);
        }
        let text = lines.join("\n") + end;
        text.replace('\n', line_end)
    })
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_added_and_removed_leaves_no_trace(text in strewn()) {
        let lake = parse(&text, &dev()).unwrap().lake;
        let block = zone_block("added", "by a command", &[lake.tables[0].name.to_string()]);
        let added = add(&lake_toml(&text), &dev(), (Kind::Zone, "added"), &block, Where::Lake).unwrap();
        let added_text = added.text.unwrap();
        let zone = parse(&added_text, &dev()).unwrap().lake.zones.pop().unwrap();
        prop_assert_eq!(zone.description, "by a command");
        let with_carriage = added_text.matches("\r\n").count();
        prop_assert!(with_carriage == 0 || with_carriage == added_text.matches('\n').count());
        prop_assert_eq!(with_carriage > 0, text.contains('\r'));
        let (before, after) = (lines(&text), lines(&added_text));
        let came = after.len() - before.len();
        let first = added.line + 3 - came;
        let (head, tail) = (&after[..first], &after[first + came..]);
        let ends = |lines: &[&str]| lines.concat().replace('\r', "");
        prop_assert_eq!(ends(head), ends(&before[..first]));
        prop_assert_eq!(ends(tail), ends(&before[first..]));
        let removed = remove(&lake_toml(&added_text), &dev(), (Kind::Zone, "added")).unwrap();
        prop_assert_eq!(removed.text, Some(text));
    }

    #[test]
    fn a_table_in_one_file_or_another_leaves_no_trace(text in strewn(), own in any::<bool>()) {
        let block = "[[table]]\nname = \"added\"\nfiles = \"added/*\"\n\n[table.columns]\nid = \"int64\"\n";
        let mut files = lake_toml(&text);
        files.add_zones("zones/other.toml", "# Theirs.\n[[zone]]\nname = \"other\"\ntables = [\"added\"]");
        prop_assert!(add(&files, &dev(), (Kind::Table, "added"), block, Where::Lake).is_err(), "it was faulty");
        let mut files = lake_toml(&text);
        files.add_tables("tables/other.toml", &block.replace("added", "other"));
        let to = if own { Where::OwnFile("tables/added.toml") } else { Where::Lake };
        let added = add(&files, &dev(), (Kind::Table, "added"), block, to).unwrap();
        let mut after = lake_toml(if own { &text } else { added.text.as_deref().unwrap() });
        after.add_tables("tables/other.toml", &block.replace("added", "other"));
        if own {
            after.add_tables(added.path.clone(), added.text.as_deref().unwrap());
        }
        let removed = remove(&after, &dev(), (Kind::Table, "added")).unwrap();
        prop_assert_eq!((removed.path, removed.block), (added.path, added.block));
        prop_assert_eq!(removed.text, (!own).then_some(text));
    }

    #[test]
    fn a_zone_that_goes_takes_only_lines_that_stand_together(text in strewn()) {
        let lake = parse(&text, &dev()).unwrap().lake;
        for zone in &lake.zones {
            let removed = remove(&lake_toml(&text), &dev(), (Kind::Zone, zone.name.as_str())).unwrap().text.unwrap();
            let (before, after) = (lines(&text), lines(&removed));
            let gone = before.len() - after.len();
            let same = before.iter().zip(&after).take_while(|(before, after)| before.trim_end_matches('\r') == after.trim_end_matches('\r'));
            let first = same.count();
            let kept = [&before[..first], &before[first + gone..]].concat();
            prop_assert_eq!(kept.concat().replace('\r', ""), after.concat().replace('\r', ""));
            prop_assert!(before[first..first + gone].iter().any(|line| line.contains(zone.name.as_str())));
        }
    }
}

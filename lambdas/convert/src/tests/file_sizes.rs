//! Files of a greatest size: the same rows in the same order, in as many files as it takes.

use tarn_lake::Placement;

use super::parts::names;
use super::{Collected, Random, headerless, layout, read_back};
use crate::{Limits, Output, Spec, convert_to};

fn text() -> String {
    let mut random = Random(5);
    (0..20_000).map(|row| format!("{row},{},{}\n", random.below(1 << 50), ["view", "buy"][row % 2])).collect()
}

fn files(spec: &Spec<'_>, text: &str) -> Vec<Output<Vec<u8>>> {
    let open = |_: &str, _| Ok(Vec::new());
    convert_to(spec, text.as_bytes(), open, &mut Collected::default()).unwrap().1
}

#[test]
fn a_file_that_would_be_too_large_is_followed_by_another() {
    let (csv, table, text) = (headerless(), layout(&["id int32", "n int64", "event string"]), text());
    let limits = Limits { row_group_bytes: 32 << 10, ..Limits::default() };
    let plain = Spec { limits, ..Spec::new(&csv, &table) };
    let whole = files(&plain, &text);
    assert_eq!(whole.len(), 1);
    let most = whole[0].bytes / 3;
    let parts = files(&Spec { file_bytes: Some(most), ..plain }, &text);
    assert!((3..=6).contains(&parts.len()), "{}", parts.len());
    let numbers: Vec<usize> = parts.iter().map(|part| part.number).collect();
    assert_eq!(numbers, (0..parts.len()).collect::<Vec<_>>());
    // The footer is not counted before it is written.
    assert!(parts.iter().all(|part| part.bytes < most * 5 / 4), "{most}");
    let rows: Vec<_> = parts.iter().flat_map(|part| read_back(&part.sink)).collect();
    assert_eq!(rows, read_back(&whole[0].sink));
}

#[test]
fn where_a_file_ends_does_not_depend_on_threads() {
    let (csv, table, text) = (headerless(), layout(&["id int32", "n int64", "event string"]), text());
    let folders = Placement { partition_by: names(&["event"]), ..Placement::default() };
    for placement in [&Placement::default(), &folders] {
        let of = |threads| {
            let limits = Limits { row_group_bytes: 32 << 10, threads, ..Limits::default() };
            let spec = Spec { limits, placement, file_bytes: Some(20_000), ..Spec::new(&csv, &table) };
            let name = |file: Output<Vec<u8>>| (file.folder, file.number, file.rows, file.sink);
            files(&spec, &text).into_iter().map(name).collect::<Vec<_>>()
        };
        let one = of(1);
        assert!(one.len() > 2 && one == of(2) && one == of(4), "{}", one.len());
    }
}

#[test]
fn a_single_row_group_is_never_taken_apart() {
    let (csv, table) = (headerless(), layout(&["id int32", "n int64", "event string"]));
    let spec = Spec { file_bytes: Some(1), ..Spec::new(&csv, &table) };
    assert_eq!(files(&spec, &text()).len(), 1);
    assert_eq!(files(&spec, "").len(), 1, "a file without rows is a Parquet file without rows");
}

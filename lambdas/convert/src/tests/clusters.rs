//! Tables with an order: sorted row groups, small pages, bloom filters, and how little a search reads.

use parquet::bloom_filter::Sbbf;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::record::Field;
use tarn_lake::{Layout, Placement};

use super::parts::{names, run};
use super::{Random, headerless, layout, read_back};
use crate::{Limits, Spec};

fn sorted(columns: &Layout, cluster_by: &[&str], limits: Limits, text: &str) -> Vec<u8> {
    let placement = Placement { cluster_by: names(cluster_by), ..Placement::default() };
    let csv = headerless();
    let spec = Spec { placement: &placement, limits, ..Spec::new(&csv, columns) };
    let mut files = run(&spec, text.as_bytes()).unwrap().files;
    files.remove("").unwrap()
}

fn reader(file: &[u8]) -> SerializedFileReader<bytes::Bytes> {
    let properties = ReaderProperties::builder().set_read_bloom_filter(true).build();
    let options = ReadOptionsBuilder::new().with_reader_properties(properties).with_page_index().build();
    SerializedFileReader::new_with_options(bytes::Bytes::copy_from_slice(file), options).unwrap()
}

fn filter(file: &[u8], group: usize, column: usize) -> Option<Sbbf> {
    reader(file).get_row_group(group).unwrap().get_column_bloom_filter(column).cloned()
}

/// Of the column, the pages whose bounds hold a value, in row groups whose filter may hold it.
fn pages_to_read(file: &[u8], column: usize, value: i64) -> usize {
    use parquet::file::page_index::column_index::ColumnIndexMetaData;
    let reader = reader(file);
    let index = reader.metadata().column_index().unwrap();
    let pages = |group: usize| {
        if !filter(file, group, column).unwrap().check(&value) {
            return 0;
        }
        let ColumnIndexMetaData::INT64(pages) = &index[group][column] else { panic!("no bounds") };
        let bounds = pages.min_values().iter().zip(pages.max_values());
        bounds.filter(|(least, greatest)| **least <= value && value <= **greatest).count()
    };
    (0..index.len()).map(pages).sum()
}

#[test]
fn rows_of_a_row_group_are_sorted_and_stay_in_order_where_they_are_equal() {
    let columns = layout(&["n int32", "word string", "row int32"]);
    let text = "3,b,1\n,a,2\n-1,\"z\",3\n3,,4\n3,a,5\nx,a,6\n,a,7\n3,\"a\"\"\",8\n";
    let file = sorted(&columns, &["n", "word"], Limits::default(), text);
    let rows: Vec<Field> = read_back(&file).into_iter().map(|mut row| row.remove(2)).collect();
    assert_eq!(rows, [3, 5, 8, 1, 4, 2, 7].map(Field::Int));
    let metadata = reader(&file);
    let order = metadata.metadata().row_group(0).sorting_columns().unwrap();
    let order: Vec<_> = order.iter().map(|by| (by.column_idx, by.descending, by.nulls_first)).collect();
    assert_eq!(order, [(0, false, false), (1, false, false)]);
}

#[test]
fn every_type_is_sorted_by_its_values() {
    let texts = [
        ("int64", vec!["-9223372036854775808", "-1", "0", "9", "10", "9223372036854775807"]),
        ("float64", vec!["-inf", "-2", "-0.5", "0", "1e-9", "3"]),
        ("decimal(38,2)", vec!["-100000000000000000000", "-1", "0.01", "2", "10"]),
        ("decimal(6,2)", vec!["-2", "-1.99", "0", "9", "10"]),
        ("date", vec!["0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31"]),
        ("timestamp(us)", vec!["1969-12-31T23:59:59", "1970-01-01T00:00:00.000001"]),
        ("bool", vec!["false", "true"]),
        ("string", vec!["\"\"", "A", "B", "a", "aa", "b", "ü"]),
        ("binary", vec!["a", "ab", "b"]),
    ];
    for (kind, values) in texts {
        let columns = layout(&[&format!("k {kind}"), "row int32"]);
        let text: String =
            values.iter().enumerate().rev().map(|(row, value)| format!("{value},{row}\n")).collect();
        let file = sorted(&columns, &["k"], Limits::default(), &format!(",99\n{text}"));
        let rows: Vec<Field> = read_back(&file).into_iter().map(|mut row| row.remove(1)).collect();
        let wanted: Vec<Field> = (0..values.len() as i32).chain([99]).map(Field::Int).collect();
        assert_eq!(rows, wanted, "{kind}");
    }
}

#[test]
fn a_search_for_one_value_reads_few_pages() {
    let (mut random, mut text) = (Random(3), String::new());
    for row in 0..400_000u64 {
        text += &format!("{row},{},{}\n", random.below(200_000) * 2, random.below(9));
    }
    let columns = layout(&["row int64", "item int64", "n int32"]);
    let limits = Limits { row_group_bytes: 2 << 20, ..Limits::default() };
    let file = sorted(&columns, &["item"], limits, &text);
    let groups = reader(&file).metadata().num_row_groups();
    assert!(groups >= 3, "{groups}");
    let rows = read_back(&file);
    for item in [0, 7_778, 199_998, 399_996] {
        let matching = rows.iter().filter(|row| row[1] == Field::Long(item)).count();
        let pages = pages_to_read(&file, 1, item);
        assert!(
            pages <= groups + 1 && (matching == 0 || pages > 0),
            "{item}: {pages} pages for {matching} rows"
        );
    }
    let misses: usize = (0..200).map(|n| pages_to_read(&file, 1, n * 1_111 * 2 + 1)).sum();
    assert!(misses <= 200 * groups / 20, "{misses} pages for 200 values that are not there");
    let plain = super::run_with(&headerless(), &columns, &columns, limits, text.as_bytes());
    let key = |row: &Vec<Field>| row.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut wanted: Vec<_> = plain.rows().iter().map(key).collect();
    let mut found: Vec<_> = rows.iter().map(key).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    assert!(found == wanted, "the same rows");
}

#[test]
fn filters_hold_every_value_and_are_as_small_as_their_values_allow() {
    let mut text = String::new();
    for row in 0..50_000 {
        text += &format!("{row},w{},{}.5\n", row % 1_000, row % 3);
    }
    let columns = layout(&["unique int64", "word string", "price decimal(9,2)"]);
    let file = sorted(&columns, &["word", "price", "unique"], Limits::default(), &text);
    let sizes = [0, 1, 2].map(|column| filter(&file, 0, column).unwrap().num_blocks() * 32);
    assert!(sizes[0] >= 50_000 && sizes[1] <= 4_096 && sizes[2] == 32, "{sizes:?}");
    let words = filter(&file, 0, 1).unwrap();
    assert!((0..1_000).all(|word| words.check(format!("w{word}").as_str())));
    let prices = filter(&file, 0, 2).unwrap();
    assert!([50i32, 150, 250].iter().all(|price| prices.check(price)));
    let numbers = filter(&file, 0, 0).unwrap();
    assert!((0..50_000i64).all(|number| numbers.check(&number)));
}

#[test]
fn columns_without_an_order_have_no_filter() {
    let columns = layout(&["a int64", "b bool"]);
    let file = sorted(&columns, &["b"], Limits::default(), "1,true\n2,false\n");
    assert!(filter(&file, 0, 0).is_none() && filter(&file, 0, 1).is_none(), "Parquet has none for bools");
}

#[test]
fn any_number_of_threads_gives_the_same_sorted_bytes_in_every_folder() {
    let (mut random, mut text) = (Random(4), String::new());
    for row in 0..30_000u64 {
        let folder = if random.one_in(20) { random.below(9) } else { 100 };
        text += &format!("{row},{},w{}\n", folder, random.below(500));
        if random.one_in(500) {
            text += "bad\n";
        }
    }
    let columns = layout(&["row int64", "folder int32", "word string"]);
    let placement =
        Placement { partition_by: names(&["folder"]), cluster_by: names(&["word"]), ..Placement::default() };
    let csv = headerless();
    let with = |threads: usize| {
        let limits = Limits { threads, row_group_bytes: 50_000, ..Limits::default() };
        run(&Spec { placement: &placement, limits, ..Spec::new(&csv, &columns) }, text.as_bytes()).unwrap()
    };
    let one = with(1);
    assert_eq!(one.files.len(), 10);
    assert_eq!(one.done.rows, 30_000);
    for file in one.files.values() {
        let words: Vec<String> = read_back(file).iter().map(|row| row[1].to_string()).collect();
        let mut at = 0;
        for group in reader(file).metadata().row_groups() {
            let until = at + group.num_rows() as usize;
            assert!(words[at..until].is_sorted());
            at = until;
        }
    }
    for threads in [2, 4] {
        let other = with(threads);
        assert!(other.files == one.files && other.rejects == one.rejects, "{threads} threads");
    }
}

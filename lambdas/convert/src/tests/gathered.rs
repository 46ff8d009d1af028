//! A file converted in parts through the port, and put together to one Parquet file: the rows of the
//! file converted whole, with every index that a reader looks for.

use std::ops::Range;

use bytes::Bytes;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use serde_json::Value;
use tarn_core::ports::{Content, ConvertFault, Converter, Form, Gathered, Splitter};
use tarn_core::testing::{MemoryScratch, table};
use tarn_lake::{BadRows, Captures, ColumnName, Csv, Format, OnBadRow, Table};

use super::{layout, read_back};
use crate::{Engine, Limits};

fn engine() -> Engine {
    let limits = Limits { row_group_bytes: 2_000, threads: 1, max_bad_rows: 40, ..Limits::default() };
    Engine { limits, hash_key: None }
}

fn orders(change: impl Fn(&mut Table)) -> Table {
    let mut table = table("orders", "orders*.csv", &[(None, &["id"])]);
    table.layouts[0] = layout(&["id int64!", "name string", "total decimal(10,2)"]);
    change(&mut table);
    table
}

/// Rows of which every 50th is bad and every 20th has line breaks in it.
fn text(rows: usize) -> String {
    let row = |number: usize| match number {
        bad if bad % 50 == 49 => format!("{bad}x,bad,1\n"),
        quoted if quoted % 20 == 19 => format!("{quoted},\"two\r\nlines, \"\"{quoted}\"\"\",0.5\r\n"),
        number => format!("{number},name {},{number}.25\n", number % 7),
    };
    let header = "id,name,total\n".to_owned();
    std::iter::once(header).chain((0..rows).map(row)).collect()
}

type Converted = (Vec<u8>, Vec<u8>);

fn bytes(content: Content) -> Vec<u8> {
    content.into_bytes().unwrap().to_vec()
}

fn whole(table: &Table, text: &str) -> Result<Converted, ConvertFault> {
    let mut rejects = Vec::new();
    let (name, layout) = (Captures::default(), &table.layouts[0]);
    let done = engine().convert(table, layout, &name, &mut text.as_bytes(), &MemoryScratch, &mut rejects)?;
    let silver = done.1.into_iter().next().unwrap().spool.finish().unwrap();
    Ok((bytes(silver), rejects))
}

/// Where a file in ranges of that size is cut, and what the engine says of its beginning.
fn cut(table: &Table, text: &[u8], range_bytes: usize) -> Result<(Value, Vec<Range<u64>>), ConvertFault> {
    let (engine, name) = (engine(), Captures::default());
    let form = Form { table, layout: &table.layouts[0], name: &name };
    let opened = engine.open(form, &mut &text[..range_bytes.min(text.len())], text.len() as u64)?.unwrap();
    let mut starts = vec![opened.start];
    for boundary in (range_bytes..text.len()).step_by(range_bytes) {
        let found = engine.row_start(form, boundary as u64, &mut &text[boundary..])?;
        starts.extend(found.filter(|found| found > starts.last().unwrap()));
    }
    let ends = starts.iter().skip(1).copied().chain([text.len() as u64]);
    Ok((opened.document, starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()))
}

/// What a file in ranges of that size becomes, and in how many parts; `None` if a guess was wrong, which
/// can make a part one of too many bad rows.
fn in_parts(
    table: &Table,
    text: &str,
    range_bytes: usize,
) -> Result<Option<(Converted, usize)>, ConvertFault> {
    let (engine, name) = (engine(), Captures::default());
    let form = Form { table, layout: &table.layouts[0], name: &name };
    let (opening, ranges) = cut(table, text.as_bytes(), range_bytes)?;
    let (mut surveys, mut staged) = (Vec::new(), Vec::new());
    for range in &ranges {
        let mut source = &text.as_bytes()[range.start as usize..range.end as usize];
        let mut rejects = Vec::new();
        let done = engine.convert_part(form, range.clone(), &mut source, &MemoryScratch, &mut rejects);
        let done = match done {
            Err(ConvertFault::Rejected(_)) => return Ok(None),
            done => done?,
        };
        surveys.push(done.survey);
        staged.push((bytes(done.silver.spool.finish().unwrap()), done.end_bytes as usize, rejects));
    }
    let parts = engine.parts(&opening, &surveys)?;
    if !parts.iter().map(|part| &part.range).eq(&ranges) {
        return Ok(None);
    }
    let mut rejects = Vec::new();
    let mut all = engine.gather(form)?;
    for (part, (silver, end_bytes, bad)) in parts.iter().zip(&staged) {
        engine.place_rejects(part, bad, &mut rejects)?;
        let end = silver[silver.len() - end_bytes..].to_vec();
        all.append(silver.len() as u64, end.into())?;
    }
    let mut silver = Vec::new();
    for piece in all.finish()? {
        match piece {
            Gathered::Own(bytes) => silver.extend_from_slice(&bytes),
            Gathered::Of(nth, range) => {
                silver.extend_from_slice(&staged[nth].0[range.start as usize..range.end as usize]);
            }
        }
    }
    Ok(Some(((silver, rejects), parts.len())))
}

fn footer(silver: &[u8]) -> ParquetMetaData {
    let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    reader.parse_and_finish(&Bytes::copy_from_slice(silver)).unwrap()
}

#[test]
fn parts_put_together_are_the_file() {
    let texts = [text(1_000), text(999).trim_end().to_owned(), "id,name,total\n1,a,1\n".to_owned()];
    for text in &texts {
        let table = orders(|_| {});
        let (silver, rejects) = whole(&table, text).unwrap();
        for range_bytes in [3_000, 5_000, 12_345, 1 << 20] {
            let ((gathered, bad), parts) = in_parts(&table, text, range_bytes).unwrap().unwrap();
            assert_eq!(read_back(&gathered), read_back(&silver), "ranges of {range_bytes}");
            assert_eq!(bad, rejects, "ranges of {range_bytes}");
            assert!(parts > 1 || text.len() < 2 * range_bytes, "{parts} parts in ranges of {range_bytes}");
            let (found, due) = (footer(&gathered), footer(&silver));
            assert_eq!(found.file_metadata().schema(), due.file_metadata().schema());
            assert_eq!(found.file_metadata().created_by(), due.file_metadata().created_by());
            assert_eq!(found.file_metadata().num_rows(), due.file_metadata().num_rows());
        }
    }
}

#[test]
fn what_was_gathered_has_all_indexes_and_filters() {
    let table = orders(|table| table.placement.cluster_by = vec![ColumnName::new("name").unwrap()]);
    let text = text(2_000);
    let ((gathered, _), parts) = in_parts(&table, &text, 20_000).unwrap().unwrap();
    assert!(parts > 1);
    let footer = footer(&gathered);
    let (offsets, pages) = (footer.offset_index().unwrap(), footer.column_index().unwrap());
    assert_eq!((offsets.len(), pages.len()), (footer.num_row_groups(), footer.num_row_groups()));
    for (nth, row_group) in footer.row_groups().iter().enumerate() {
        assert_eq!(row_group.sorting_columns().unwrap().len(), 1);
        for (column, chunk) in row_group.columns().iter().enumerate() {
            let first = offsets[nth][column].page_locations()[0].offset;
            assert_eq!(first, chunk.data_page_offset(), "pages are where the index says");
            assert!(chunk.statistics().is_some());
            assert!(chunk.page_encoding_stats().is_some() || chunk.page_encoding_stats_mask().is_some());
        }
        let filter = parquet::bloom_filter::Sbbf::read_from_column_chunk(
            row_group.column(1),
            &Bytes::copy_from_slice(&gathered),
        );
        let filter = filter.unwrap().expect("the column that rows are sorted by has a filter");
        let has = |name: &str| filter.check(name);
        assert!((0..7).any(|number| has(&format!("name {number}"))));
        assert!(!has("a name that no row has"));
    }
}

/// Rows whose quoted texts hold lines that look like rows of the table, but for some that do not.
fn misleading(rows: usize) -> String {
    let row = |number: usize| match number % 3 {
        0 => format!("{number},\"a\n1,b,2\n3,c,4\n\",0.5\n"),
        1 => format!("{number},\"\n\"\"\n,\n\",1\n"),
        _ => format!("{number}x,b,1\n"),
    };
    std::iter::once("id,name,total\n".to_owned()).chain((0..rows).map(row)).collect()
}

/// Whatever the guesses, parts are gathered only if their rows are those of the file.
#[test]
fn a_wrong_guess_is_seen() {
    let table = orders(|_| {});
    let (mut wrong, mut right) = (0, 0);
    for text in
        [misleading(120), misleading(121).trim_end().to_owned(), text(150), format!("{}9,\"open", text(99))]
    {
        let (silver, rejects) = whole(&table, &text).unwrap();
        for range_bytes in 300..700 {
            match in_parts(&table, &text, range_bytes).unwrap() {
                None => wrong += 1,
                Some(((gathered, bad), _)) => {
                    right += 1;
                    assert_eq!(read_back(&gathered), read_back(&silver), "ranges of {range_bytes}");
                    assert_eq!(bad, rejects, "ranges of {range_bytes}");
                }
            }
        }
    }
    assert!(wrong > 10 && right > 500, "{wrong} wrong, {right} right");
}

/// Regular rows, with quotes and line ends in them, are cut where rows begin.
#[test]
fn guesses_are_right_where_rows_have_the_fields_of_the_table() {
    let table = orders(|_| {});
    let text = text(2_000);
    for range_bytes in 1_000..1_100 {
        let (opening, ranges) = cut(&table, text.as_bytes(), range_bytes).unwrap();
        let begins = |range: &Range<u64>| {
            let (before, row) = text.split_at(range.start as usize);
            before.ends_with('\n') && row.starts_with(|first: char| first.is_ascii_digit())
        };
        assert!(ranges.iter().all(begins), "ranges of {range_bytes}, {opening}");
    }
}

/// What is gathered is one stretch of each part, and bytes behind them: S3 copies such stretches by itself.
#[test]
fn row_groups_are_not_read_to_be_gathered() {
    let table = orders(|table| table.placement.cluster_by = vec![ColumnName::new("name").unwrap()]);
    let (engine, name) = (engine(), Captures::default());
    let form = Form { table: &table, layout: &table.layouts[0], name: &name };
    let text = text(2_000);
    let (_, ranges) = cut(&table, text.as_bytes(), 20_000).unwrap();
    let mut all = engine.gather(form).unwrap();
    let mut wanted = Vec::new();
    for (nth, range) in ranges.iter().enumerate() {
        let mut source = &text.as_bytes()[range.start as usize..range.end as usize];
        let done = engine.convert_part(form, range.clone(), &mut source, &MemoryScratch, &mut Vec::new());
        let done = done.unwrap();
        let silver = bytes(done.silver.spool.finish().unwrap());
        let body = silver.len() - done.end_bytes as usize;
        all.append(silver.len() as u64, silver[body..].to_vec().into()).unwrap();
        wanted.push(Gathered::Of(nth, if nth == 0 { 0..body as u64 } else { 4..body as u64 }));
    }
    let pieces = all.finish().unwrap();
    let (end, stretches) = pieces.split_last().unwrap();
    assert_eq!(stretches, wanted);
    assert!(matches!(end, Gathered::Own(_)));
}

#[test]
fn gathering_the_same_parts_gives_the_same_bytes() {
    let table = orders(|_| {});
    let text = text(500);
    assert_eq!(in_parts(&table, &text, 4_000).unwrap(), in_parts(&table, &text, 4_000).unwrap());
}

#[test]
fn a_table_that_needs_all_rows_is_not_split() {
    let changes: [fn(&mut Table); 2] = [
        |table| table.unique = vec![vec![table.layouts[0].columns[0].name.clone()]],
        |table| table.placement.partition_by = vec![table.layouts[0].columns[1].name.clone()],
    ];
    for change in changes {
        let (table, captures) = (orders(change), Captures::default());
        let form = Form { table: &table, layout: &table.layouts[0], name: &captures };
        assert_eq!(engine().open(form, &mut text(10).as_bytes(), 1_000).unwrap(), None);
    }
}

#[test]
fn how_many_rows_may_be_bad_is_judged_for_the_whole_file() {
    let rows = |max_rows, max_share, action| {
        orders(|table| table.bad_rows = BadRows { action, max_rows, max_share })
    };
    for (table, bad, tolerated) in [
        (rows(None, None, OnBadRow::Quarantine), 40, true),
        (rows(None, None, OnBadRow::Quarantine), 41, false),
        (rows(Some(5), None, OnBadRow::Null), 5, true),
        (rows(Some(5), None, OnBadRow::Null), 6, false),
        (rows(None, Some(0.1), OnBadRow::Quarantine), 10, true),
        (rows(None, Some(0.1), OnBadRow::Quarantine), 11, false),
    ] {
        assert_eq!(engine().tolerates(&table, 100, bad), tolerated, "{bad} of 100 in {:?}", table.bad_rows);
        let text: String = (0..100)
            .map(|row| if row < bad { "x,a,1\n".to_owned() } else { format!("{row},a,1\n") })
            .collect();
        let refused = whole(&table, &format!("id,name,total\n{text}")).is_err();
        assert_eq!(refused, !tolerated, "as the whole file is judged");
    }
}

#[test]
fn json_lines_are_put_together_too() {
    let table = orders(|table| table.csv = Csv { format: Format::JsonLines, ..Csv::default() });
    let text: String =
        (0..800).map(|row| format!("{{\"id\":{row},\"name\":\"line {row}\",\"total\":{row}.5}}\n")).collect();
    let ((gathered, _), parts) = in_parts(&table, &text, 7_000).unwrap().unwrap();
    assert!(parts > 3);
    assert_eq!(read_back(&gathered), read_back(&whole(&table, &text).unwrap().0));
}

//! Faults of a whole file, gzip, layouts that changed, and the shape of the Parquet file.

use std::io::{self, Read};

use parquet::basic::{Encoding, LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use tarn_lake::Csv;

use super::{Collected, Random, gzip, headerless, layout, run, run_with};
use crate::{ConvertError, Limits, Spec, convert};

#[test]
fn files_of_another_layout_are_refused_with_both_counts() {
    let table = layout(&["a int32", "b string"]);
    for (csv, text) in [(headerless(), "1,2,3\n"), (Csv::default(), "a,b,c\n")] {
        let outcome = run(&csv, &table, text.as_bytes());
        assert!(matches!(outcome.result, Err(ConvertError::Unmatched { wanted: 2, found: 3 })));
    }
    let message = run(&Csv::default(), &table, b"a,c\n").result.unwrap_err().to_string();
    assert!(
        message
            .starts_with("the header names other columns than the layout: column 2 is `c` instead of `b`;")
    );
    assert_eq!(run(&Csv::default(), &table, b"b,a\n").kind(), "header_mismatch");
    assert_eq!(run(&Csv::default(), &table, b"\xef\xbb\xbf A ,\"b\"\n1,x\n").rows().len(), 1);
    assert_eq!(run(&Csv::default(), &table, b"a,\"b\n1,x\n").kind(), "unreadable_header");
}

#[test]
fn files_without_rows_are_parquet_files_without_rows() {
    let table = layout(&["a int32", "b string"]);
    for (csv, text) in
        [(headerless(), ""), (headerless(), "\n\n"), (Csv::default(), "a,b"), (Csv::default(), "a,b\n")]
    {
        assert!(run(&csv, &table, text.as_bytes()).rows().is_empty(), "{text:?}");
        assert!(run(&csv, &table, &gzip(text.as_bytes())).rows().is_empty(), "{text:?}");
    }
    for text in [&b""[..], b"\n\r\n", b"\xef\xbb\xbf"] {
        assert_eq!(run(&Csv::default(), &table, text).kind(), "empty");
        assert_eq!(run(&Csv::default(), &table, &gzip(text)).kind(), "empty");
    }
}

#[test]
fn gzip_is_known_by_its_magic_and_may_have_many_members() {
    let table = layout(&["a int32"]);
    let both = [gzip(b"1\n2"), gzip(b"3\n4\n")].concat();
    let outcome = run(&headerless(), &table, &both);
    assert_eq!(outcome.rows().len(), 3);
    let done = outcome.result.unwrap();
    assert_eq!((done.bytes_in, done.text_bytes), (both.len() as u64, 7));
}

#[test]
fn damaged_gzip_is_told_from_truncated_gzip() {
    let table = layout(&["a int64"]);
    let text: String = (0..100_000).map(|number| format!("{}\n", number * 7919 % 100_003)).collect();
    let whole = gzip(text.as_bytes());
    for cut in [2, 5, 11, 1000, whole.len() - 1, whole.len() - 8] {
        assert_eq!(run(&headerless(), &table, &whole[..cut]).kind(), "truncated_gzip", "{cut}");
    }
    let mut checksum = whole.clone();
    let place = checksum.len() - 6;
    checksum[place] ^= 1;
    assert_eq!(run(&headerless(), &table, &checksum).kind(), "corrupt_gzip");
    assert_eq!(
        run(&headerless(), &table, &[&whole[..], b"garbage behind it"].concat()).kind(),
        "corrupt_gzip"
    );
}

#[test]
fn a_bomb_is_stopped_by_ratio_and_by_bytes() {
    let table = layout(&["a int64"]);
    let bomb = gzip(&vec![b'\n'; 100 << 20]);
    let limits = Limits::default();
    assert_eq!(run_with(&headerless(), &table, &table, limits, &bomb).kind(), "decompression_bomb");
    let limits = Limits { max_text_bytes: 1000, ..Limits::default() };
    assert_eq!(run_with(&headerless(), &table, &table, limits, &[b'1'; 1001]).kind(), "decompression_bomb");
}

#[test]
fn what_is_no_text_is_named() {
    let table = layout(&["a string"]);
    for (bytes, looks_like) in [
        (&b"PAR1"[..], "a Parquet file"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32 text"),
        (b"a,b\0c", "binary data, with NUL bytes"),
    ] {
        let message = run(&headerless(), &table, bytes).result.unwrap_err().to_string();
        assert!(message.contains(looks_like), "{message}");
        assert_eq!(run(&headerless(), &table, &gzip(bytes)).kind(), "not_text");
    }
    assert_eq!(run(&headerless(), &table, &gzip(&gzip(b"a\n"))).kind(), "not_text");
}

#[test]
fn failing_ends_are_told_apart() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection reset"))
        }
    }
    impl io::Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::StorageFull, "disk full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (csv, table) = (headerless(), layout(&["a int64"]));
    let spec = Spec::new(&csv, &table);
    let beginning = gzip(b"1\n2\n");
    let source = (&beginning[..15]).chain(Failing);
    let error = convert(&spec, source, Vec::new(), &mut Collected::default()).unwrap_err();
    assert_eq!((error.kind(), error.is_the_files_fault()), ("source_io", false));
    let error = convert(&spec, &b"1\n"[..], Failing, &mut Collected::default()).unwrap_err();
    assert!(matches!(&error, ConvertError::Silver(inner) if inner.kind() == io::ErrorKind::StorageFull));
}

#[test]
fn impossible_tables_are_refused() {
    let table = layout(&["a int64"]);
    for delimiter in ['"', '\n', 'é'] {
        assert_eq!(run(&Csv { delimiter, ..headerless() }, &table, b"1\n").kind(), "spec");
    }
    assert_eq!(run(&headerless(), &layout(&["a date %Q"]), b"1\n").kind(), "spec");
}

#[test]
fn an_old_file_gets_the_newest_schema() {
    let old = layout(&["id int32", "gone string", "day date %d.%m.%Y"]);
    let new = layout(&["day date", "id int64!", "added string!"]);
    let outcome = run_with(&headerless(), &old, &new, Limits::default(), b"7,x,02.01.1970\n,y,\n");
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows, ["[Date(1), Long(7), Null]", "[Null, Null, Null]"]);
}

#[test]
fn the_same_input_gives_the_same_bytes_in_any_pieces() {
    struct Drops<'a>(&'a [u8], Random);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = (1 + self.1.below(5000) as usize).min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }
    let (csv, table) = (headerless(), layout(&["a int64", "b string", "c float64"]));
    let text: String =
        (0..60_000).map(|row| format!("{row},\"t{}\n\",{}.5\n", row % 97, row * 31 % 1009)).collect();
    let limits = Limits { row_group_bytes: 300_000, ..Limits::default() };
    let spec = Spec { limits, ..Spec::new(&csv, &table) };
    let wanted = run_with(&csv, &table, &table, limits, text.as_bytes());
    let mut silver = Vec::new();
    convert(&spec, Drops(text.as_bytes(), Random(3)), &mut silver, &mut Collected::default()).unwrap();
    assert!(silver == wanted.silver);
    let metadata = SerializedFileReader::new(bytes::Bytes::from(silver)).unwrap();
    assert_eq!(metadata.metadata().file_metadata().created_by(), Some("tarn"));
    assert!(metadata.num_row_groups() > 3);
    assert_eq!(wanted.rows().len(), 60_000);
}

#[test]
fn columns_are_typed_and_encoded_as_promised() {
    let table = layout(&["at timestamp(us)", "id int64", "word string", "big decimal(38,0)", "odd string"]);
    let text: String = (0..20_000).map(|row| format!("1970-01-01,{row},w{},1,u{row}\n", row % 3)).collect();
    let silver = run(&headerless(), &table, text.as_bytes()).silver;
    let reader = SerializedFileReader::new(bytes::Bytes::from(silver)).unwrap();
    let group = reader.metadata().row_group(0);
    let timestamp = LogicalType::Timestamp { is_adjusted_to_u_t_c: false, unit: TimeUnit::MICROS };
    assert_eq!(group.column(0).column_descr().logical_type_ref(), Some(&timestamp));
    assert_eq!(group.column(3).column_descr().type_length(), 16);
    let has = |column: usize, wanted: Encoding| group.column(column).encodings().any(|found| found == wanted);
    assert!(has(1, Encoding::DELTA_BINARY_PACKED) && !has(1, Encoding::RLE_DICTIONARY));
    assert!(has(2, Encoding::RLE_DICTIONARY) && !has(4, Encoding::RLE_DICTIONARY));
    assert!(group.columns().iter().all(|column| column.statistics().is_some()));
}

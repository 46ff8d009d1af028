//! Packed files: gzip, zstd and bzip2 in all their states, and what only looks like one.

use std::io::{self, Read, Write};

use bzip2::write::BzEncoder;
use tarn_lake::{Compression, Csv};

use super::{Collected, Outcome, Random, gzip, headerless, layout, run, run_with};
use crate::{ConvertError, Limits, Spec, convert};

/// A compression, the word for it in a fault's kind, and how to do it.
type Packer = (Compression, &'static str, fn(&[u8]) -> Vec<u8>);

const PACKERS: [Packer; 3] = [
    (Compression::Gzip, "gzip", gzip),
    (Compression::Zstd, "zstd", zstd),
    (Compression::Bzip2, "bzip2", bzip2),
];

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn numbers() -> Vec<u8> {
    (0..100_000).flat_map(|number| format!("{}\n", number * 7919 % 100_003).into_bytes()).collect()
}

fn read(bytes: &[u8]) -> Outcome {
    run(&headerless(), &layout(&["a int64"]), bytes)
}

fn declared(compression: Compression, bytes: &[u8]) -> Outcome {
    run(&Csv { compression, ..headerless() }, &layout(&["a int64"]), bytes)
}

#[test]
fn packed_files_are_known_by_their_first_bytes_whatever_their_name() {
    let text = numbers();
    let wanted = read(&text);
    for (compression, name, pack) in PACKERS {
        let packed = pack(&text);
        for outcome in [read(&packed), declared(compression, &packed)] {
            assert!(outcome.silver == wanted.silver, "{name}");
            let done = outcome.result.unwrap();
            assert_eq!((done.bytes_in, done.text_bytes), (packed.len() as u64, text.len() as u64), "{name}");
        }
    }
}

#[test]
fn a_truncated_file_is_refused() {
    for (_, name, pack) in PACKERS {
        let whole = pack(&numbers());
        for cut in [11, 1000, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
            assert_eq!(read(&whole[..cut]).kind(), format!("truncated_{name}"), "{cut}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_refused() {
    for (_, name, pack) in PACKERS {
        let mut whole = pack(&numbers());
        // The checksum: before gzip's length, at zstd's end, and before bzip2's odd bits.
        let place = whole.len() - if name == "gzip" { 6 } else { 3 };
        whole[place] ^= 1;
        assert_eq!(read(&whole).kind(), format!("corrupt_{name}"));
    }
}

#[test]
fn garbage_behind_the_end_is_refused() {
    for (_, name, pack) in PACKERS {
        let garbage = b"some garbage behind the end";
        assert_eq!(read(&[&pack(b"1\n")[..], garbage].concat()).kind(), format!("corrupt_{name}"));
    }
}

#[test]
fn many_members_are_one_text() {
    for (_, name, pack) in PACKERS {
        let both = [pack(b"1\n2"), pack(b""), pack(b"3\n4\n")].concat();
        assert_eq!(read(&both).rows().len(), 3, "{name}");
    }
    let skipped = [&b"\x50\x2a\x4d\x18\x04\0\0\0abcd"[..], &zstd(b"1\n2\n")].concat();
    assert_eq!(read(&skipped).rows().len(), 2);
}

#[test]
fn an_empty_packed_file_is_an_empty_file() {
    for (compression, name, pack) in PACKERS {
        assert!(read(&pack(b"")).rows().is_empty(), "{name}");
        assert_eq!(run(&Csv::default(), &layout(&["a int64"]), &pack(b"")).kind(), "empty", "{name}");
        assert!(declared(compression, b"").rows().is_empty(), "{name}");
    }
}

#[test]
fn a_declared_compression_that_the_file_has_not_is_refused_with_both() {
    let cases = [
        (Compression::Gzip, b"1\n".to_vec(), "`compression = \"gzip\"`, and the file is not compressed;"),
        (Compression::None, gzip(b"1\n"), "`compression = \"none\"`, and the file is a gzip file;"),
        (Compression::Bzip2, zstd(b"1\n"), "`compression = \"bzip2\"`, and the file is a zstd file;"),
    ];
    for (compression, bytes, words) in cases {
        let error = declared(compression, &bytes).result.unwrap_err();
        assert_eq!((error.kind(), error.is_the_files_fault()), ("compression_mismatch", true));
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(declared(Compression::None, b"1\n").rows().len(), 1);
}

#[test]
fn archives_are_refused_as_not_supported() {
    let mut tar = vec![0; 1024];
    tar[..5].copy_from_slice(b"a.csv");
    tar[257..262].copy_from_slice(b"ustar");
    let mut workbook = b"PK\x03\x04".to_vec();
    workbook.resize(30, 0);
    workbook.extend_from_slice(b"[Content_Types].xml");
    let cases: [(&[u8], &str); 6] = [
        (b"PK\x03\x04\x14\0", "the file is a zip archive, which is not supported; unpack it"),
        (b"PK\x05\x06\0\0", "the file is an empty zip archive, which is not supported; unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "the file is a 7-Zip archive, which is not supported; unpack it"),
        (b"Rar!\x1a\x07\x01\0", "the file is a RAR archive, which is not supported; unpack it"),
        (&tar, "the file is a tar archive, which is not supported; unpack it"),
        (&workbook, "the file is an Excel workbook or another Office file, which is not supported; save its"),
    ];
    for (bytes, words) in cases {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let error = read(&bytes).result.unwrap_err();
            assert_eq!(error.kind(), "not_supported");
            assert!(error.to_string().starts_with(words), "{error}");
        }
    }
}

#[test]
fn a_packed_file_inside_a_packed_file_is_no_text() {
    for (_, inner_name, inner) in PACKERS {
        for (_, name, outer) in PACKERS {
            let error = read(&outer(&inner(b"1\n"))).result.unwrap_err();
            assert_eq!(error.kind(), "not_text", "{inner_name} in {name}");
            assert!(error.to_string().contains("a compressed file inside a compressed file"));
        }
    }
}

/// A source of one block, given out again and again.
struct Repeated {
    block: Vec<u8>,
    times: usize,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() && self.times > 1 {
            (self.at, self.times) = (0, self.times - 1);
        }
        let count = (&self.block[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[test]
fn a_bomb_of_ten_gigabytes_is_refused_early() {
    let (csv, table) = (headerless(), layout(&["a int64"]));
    let limits = Limits { longest_row_bytes: 1000, ..Limits::default() };
    let spec = Spec { limits, ..Spec::new(&csv, &table) };
    for (_, name, pack) in PACKERS {
        let source = Repeated { block: pack(&vec![b'x'; 10 << 20]), times: 1000, at: 0 };
        let error = convert(&spec, source, io::sink(), &mut Collected::default()).unwrap_err();
        let ConvertError::DecompressionBomb { text_bytes, .. } = error else { panic!("{name}: {error}") };
        assert!(text_bytes < 200 << 20, "{name}: {text_bytes}");
    }
}

#[test]
fn a_limit_of_bytes_holds_however_the_file_is_packed() {
    let table = layout(&["a int64"]);
    let limits = Limits { max_text_bytes: 1000, ..Limits::default() };
    for (_, name, pack) in PACKERS {
        let kind = |bytes: usize| {
            run_with(&headerless(), &table, &table, limits, &pack(&b"1\n".repeat(bytes / 2))).kind()
        };
        assert_eq!((kind(1000), kind(1002)), ("fine", "decompression_bomb"), "{name}");
    }
}

#[test]
fn a_zstd_window_larger_than_the_memory_for_it_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(26).unwrap();
    encoder.write_all(b"1\n2\n").unwrap();
    let error = read(&encoder.finish().unwrap()).result.unwrap_err();
    assert_eq!(error.kind(), "not_supported");
    assert!(error.to_string().contains("a window of more than 32 MiB"), "{error}");
}

#[test]
fn a_source_that_fails_is_not_the_files_fault() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection reset"))
        }
    }
    let (csv, table) = (headerless(), layout(&["a int64"]));
    let spec = Spec::new(&csv, &table);
    for (_, name, pack) in PACKERS {
        let packed = pack(&numbers());
        let source = (&packed[..packed.len() / 2]).chain(Failing);
        let error = convert(&spec, source, io::sink(), &mut Collected::default()).unwrap_err();
        assert_eq!((error.kind(), error.is_the_files_fault()), ("source_io", false), "{name}");
    }
}

#[test]
fn flipped_bits_and_cuts_are_survived() {
    let mut random = Random(3);
    for (_, _, pack) in PACKERS {
        let whole = pack(&numbers()[..20_000]);
        for _ in 0..400 {
            let mut damaged = whole.clone();
            for _ in 0..=random.below(3) {
                let place = random.below(damaged.len() as u64) as usize;
                damaged[place] ^= 1 << random.below(8);
            }
            if random.one_in(2) {
                damaged.truncate(random.below(whole.len() as u64) as usize);
            }
            let outcome = read(&damaged);
            if outcome.result.is_ok() {
                outcome.rows();
            }
        }
    }
}

//! Whatever comes, nothing panics and every row is accounted for.

use tarn_lake::{Csv, Format};

use super::{Random, gzip, headerless, layout, read_back, run_with};
use crate::Limits;

const EVERY_TYPE: &[&str] = &[
    "a bool",
    "b int32",
    "c int64",
    "d float32",
    "e float64",
    "f decimal(9,3)",
    "g decimal(18,2)",
    "h decimal(38,10)",
    "i date",
    "j timestamp(ms)",
    "k timestamp(us) epoch_ms",
    "l date %d.%m.%y",
    "m timestamp %c %z",
    "n string",
    "o binary",
    "p date epoch_s",
];

/// Bytes that tokenisers and parsers trip over, more often than chance would bring them.
const NASTY: &[u8] = b",,,,,,\"\"\"\n\n\r\0 -+.eE0123456789:TZ/nulltrue\xff\xc3\xa9\xef\xbb\xbf";

fn check(columns: &[&str], csv: &Csv, text: &[u8]) {
    let limits = Limits { longest_row_bytes: 700, row_group_rows: 50, ..Limits::default() };
    let table = layout(columns);
    let outcome = run_with(csv, &table, &table, limits, text);
    if let Ok(done) = &outcome.result {
        assert_eq!(done.rows as usize, read_back(&outcome.silver).len());
        assert_eq!(done.bad_rows as usize, outcome.rejects.len());
        assert_eq!(done.bytes_in, text.len() as u64);
    }
    let places: Vec<_> = outcome.rejects.iter().map(|bad| (bad.byte_offset, bad.line)).collect();
    assert!(places.is_sorted());
}

fn nasty(random: &mut Random, length: u64) -> Vec<u8> {
    (0..length).map(|_| NASTY[random.below(NASTY.len() as u64) as usize]).collect()
}

#[test]
fn random_bytes_are_survived() {
    let mut random = Random(1);
    for round in 0..2000 {
        let length = random.below(if round % 50 == 0 { 600_000 } else { 3000 });
        let mut text = nasty(&mut random, length);
        if round % 3 > 0 {
            text.retain(|byte| *byte != 0);
        }
        check(&EVERY_TYPE[..1 + round % 3], &headerless(), &text);
    }
}

#[test]
fn random_fields_of_every_type_are_survived() {
    let mut random = Random(2);
    for _ in 0..200 {
        let mut text = Vec::new();
        for _ in 0..60 {
            for column in 0..EVERY_TYPE.len() {
                let length = random.below(14);
                let field = nasty(&mut random, length);
                text.extend(field.into_iter().filter(|byte| !b",\n\r\"\0".contains(byte)));
                text.push(if column + 1 < EVERY_TYPE.len() { b',' } else { b'\n' });
            }
        }
        check(EVERY_TYPE, &headerless(), &text);
        check(EVERY_TYPE, &Csv::default(), &text);
    }
}

/// Lines that are nearly JSON, and bytes that are not.
#[test]
fn random_json_is_survived() {
    const PIECES: [&[u8]; 30] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\"",
        b"\\",
        b"\n",
        b"\r\n",
        b" ",
        b"\0",
        b"\xff",
        b"\xc3\xa9",
        b"{\"a\":1,\"n\":\"x\"}\n",
        b"{\"a\":",
        b"\"n\":",
        b",\"c\":",
        b"\"\\ud800\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\u0000\"",
        b"1e5",
        b"-0.5",
        b"007",
        b"null",
        b"true",
        b"\"2024-02-29T08:15:00Z\"",
        b"[1,{\"a\":\"]\"}]",
        b"\"\"",
        b"}\n{",
    ];
    let (mut random, json) = (Random(4), Csv { format: Format::JsonLines, ..Csv::default() });
    for round in 0..600 {
        let pieces = random.below(if round % 100 == 0 { 20_000 } else { 300 });
        let mut text = Vec::new();
        for _ in 0..pieces {
            let odd = random.one_in(4);
            text.extend_from_slice(
                PIECES[if odd { random.below(30) } else { 14 + random.below(16) } as usize],
            );
        }
        check(&EVERY_TYPE[..1 + round % EVERY_TYPE.len()], &json, &text);
    }
}

#[test]
fn flipped_bits_and_cuts_in_gzip_are_survived() {
    let mut random = Random(3);
    let text: String = (0..5000).map(|row| format!("{row},{}\n", row * 7919 % 5003)).collect();
    let whole = gzip(text.as_bytes());
    for _ in 0..1500 {
        let mut damaged = whole.clone();
        for _ in 0..=random.below(3) {
            let place = random.below(damaged.len() as u64) as usize;
            damaged[place] ^= 1 << random.below(8);
        }
        if random.one_in(2) {
            damaged.truncate(random.below(whole.len() as u64) as usize);
        }
        check(&["a int64", "b int32"], &headerless(), &damaged);
    }
}

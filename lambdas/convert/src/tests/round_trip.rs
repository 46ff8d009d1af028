//! Random values of every type, written as CSV by a generator that knows what must come back.

use parquet::record::Field;

use super::{Random, headerless, layout, run_with};
use crate::Limits;

/// A field of a file and what the parquet crate's own reader must give back for it, in Debug form.
type Case = (String, String);
type Make = fn(&mut Random) -> Case;

#[test]
fn values_come_back_as_they_were() {
    let columns: &[(&str, Make)] = &[
        ("a bool", a_bool),
        ("b int32", |random| int(random.next() as i32, "Int")),
        ("c int64", |random| int(random.next() as i64, "Long")),
        ("d float32", |random| float(f32::from_bits(random.next() as u32))),
        ("e float64", |random| double(f64::from_bits(random.next()))),
        ("f decimal(9,3)", |random| decimal(random, 9, 3)),
        ("g decimal(18,0)", |random| decimal(random, 18, 0)),
        ("h decimal(38,10)", |random| decimal(random, 38, 10)),
        ("i date", date),
        ("j timestamp(ms)", |random| timestamp(random, 1000, "TimestampMillis")),
        ("k timestamp(us)", |random| timestamp(random, 1_000_000, "TimestampMicros")),
        ("l string", string),
        ("m binary", binary),
        ("n int64 iso", |random| int(random.below(9), "Long")),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut random = Random(42);
    let (mut text, mut wanted) = (Vec::new(), Vec::new());
    for _ in 0..5000 {
        let cases = columns.iter().map(|(_, make)| maybe_null(&mut random, *make));
        let (fields, values): (Vec<_>, Vec<_>) = cases.unzip();
        text.extend_from_slice((fields.join(",") + "\n").as_bytes());
        wanted.push(values);
    }
    let limits = Limits { row_group_rows: 999, ..Limits::default() };
    let outcome = run_with(&headerless(), &layout(&names), &layout(&names), limits, &text);
    assert_eq!(outcome.rejects, []);
    for (row, (found, wanted)) in outcome.rows().iter().zip(&wanted).enumerate() {
        let found: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(found, *wanted, "row {row}");
    }
}

pub(super) fn shown(field: &Field) -> String {
    match field {
        Field::Decimal(value) => format!("Decimal({})", number(value.data())),
        Field::Bytes(value) => format!("Bytes({:?})", value.data()),
        other => format!("{other:?}"),
    }
}

fn number(big_endian: &[u8]) -> i128 {
    let negative = big_endian.first().is_some_and(|byte| *byte >= 128);
    let start = if negative { -1 } else { 0 };
    big_endian.iter().fold(start, |value, byte| (value << 8) | i128::from(*byte))
}

fn maybe_null(random: &mut Random, make: Make) -> Case {
    if random.one_in(7) { (String::new(), "Null".into()) } else { make(random) }
}

fn a_bool(random: &mut Random) -> Case {
    let value = random.one_in(2);
    (if random.one_in(2) { value.to_string() } else { u8::from(value).to_string() }, format!("Bool({value})"))
}

fn int(value: impl std::fmt::Display, kind: &str) -> Case {
    (format!(" {value}"), format!("{kind}({value})"))
}

fn float(value: f32) -> Case {
    (format!("{value:e}"), format!("Float({value:?})"))
}

fn double(value: f64) -> Case {
    (format!("{value:e}"), format!("Double({value:?})"))
}

fn decimal(random: &mut Random, precision: u32, scale: usize) -> Case {
    let digits = 1 + random.below(u64::from(precision)) as u32;
    let wide = (i128::from(random.next()) << 63) | i128::from(random.next() >> 1);
    let value = wide % 10i128.pow(digits);
    let text = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    (format!("{sign}{whole}{point}{fraction}"), format!("Decimal({value})"))
}

fn date(random: &mut Random) -> Case {
    let days = random.below(2_932_896 + 719_162) as i32 - 719_162;
    let date = chrono::NaiveDate::default() + chrono::Days::new(0) + chrono::TimeDelta::days(i64::from(days));
    (date.format("%Y-%m-%d").to_string(), format!("Date({days})"))
}

fn timestamp(random: &mut Random, units: i64, kind: &str) -> Case {
    let value = (random.next() as i64 % (60_000_000_000 * units)).min(250_000_000_000 * units);
    let nanos = value.rem_euclid(units) * (1_000_000_000 / units);
    let moment = chrono::DateTime::from_timestamp(value.div_euclid(units), nanos as u32).unwrap();
    (moment.format("%Y-%m-%d %H:%M:%S%.f").to_string(), format!("{kind}({value})"))
}

fn string(random: &mut Random) -> Case {
    const PIECES: [&str; 9] = ["a", "bc", "é", "日", " ", "\"", "\n", "\r\n", ","];
    let value: String = (0..random.below(9)).map(|_| PIECES[random.below(9) as usize]).collect();
    (format!("\"{}\"", value.replace('"', "\"\"")), format!("{:?}", Field::Str(value)))
}

fn binary(random: &mut Random) -> Case {
    let value: String = (0..=random.below(4)).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
    let shown = format!("Bytes({:?})", value.as_bytes());
    (value, shown)
}

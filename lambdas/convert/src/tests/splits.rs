//! The same bytes split anywhere give the same rows and the same bad rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parquet::record::Field;
use tarn_lake::{BadRows, Compression, Csv, Encoding, Format, Layout};

use super::{Bad, Collected, Random, gzip, headerless, layout, read_back};
use crate::splits::{Opening, Part, Plan, Survey, Unsplit, open, plan, survey};
use crate::{ConvertError, Limits, Spec, convert};

type Rows = Vec<Vec<Field>>;
type Result<T> = std::result::Result<T, ConvertError>;

/// A text and how it is read.
struct Case<'a> {
    csv: &'a Csv,
    layout: &'a Layout,
    limits: Limits,
    text: &'a [u8],
}

/// Parts that were converted already: splits of one text have most of them in common.
type Known = HashMap<(u64, u64, u64), (Rows, Vec<Bad>)>;

impl<'a> Case<'a> {
    fn spec(&self, part: Option<Part>) -> Spec<'a> {
        let Self { csv, layout, limits, .. } = *self;
        Spec { limits, part, ..Spec::new(csv, layout) }
    }

    fn convert(&self, part: Option<Part>, bytes: &[u8]) -> Result<(Rows, Vec<Bad>)> {
        let (mut silver, mut rejects) = (Vec::new(), Collected::default());
        let done = convert(&self.spec(part), bytes, &mut silver, &mut rejects)?;
        let rows = read_back(&silver);
        assert_eq!((done.rows, done.bad_rows), (rows.len() as u64, rejects.rows.len() as u64));
        Ok((rows, rejects.rows))
    }

    fn open(&self) -> Result<Opening> {
        open(&self.spec(None), self.text, self.text.len() as u64)
    }

    /// The surveys of the ranges between the cuts.
    fn surveys(&self, opening: &Opening, cuts: &[usize]) -> Vec<Survey> {
        let start = opening.start as usize;
        let mut edges = vec![start];
        edges.extend(cuts.iter().copied().filter(|cut| (start + 1..self.text.len()).contains(cut)));
        edges.push(self.text.len());
        let survey_of = |edges: &[usize]| {
            let made = survey(&self.spec(None), edges[0] as u64, &self.text[edges[0]..edges[1]]).unwrap();
            let stored = serde_json::to_string(&made).unwrap();
            assert_eq!(serde_json::from_str::<Survey>(&stored).unwrap(), made);
            made
        };
        edges.windows(2).filter(|edges| edges[0] < edges[1]).map(survey_of).collect()
    }

    fn split(&self, cuts: &[usize]) -> Result<Plan> {
        let opening = self.open()?;
        plan(&opening, &self.surveys(&opening, cuts))
    }

    /// Every part converted on its own, one behind the other.
    fn by_parts(&self, plan: &Plan, known: &mut Known) -> Result<(Rows, Vec<Bad>)> {
        if plan.parts.is_empty() {
            return self.convert(None, self.text);
        }
        let mut sum = (Rows::new(), Vec::new());
        for part in &plan.parts {
            let key = (part.start, part.end, part.line);
            let (rows, bad) = match known.entry(key) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let bytes = &self.text[part.start as usize..part.end as usize];
                    entry.insert(self.convert(Some(*part), bytes)?)
                }
            };
            sum.0.extend_from_slice(rows);
            sum.1.extend_from_slice(bad);
        }
        Ok(sum)
    }

    /// Compares one way to split with the whole; gives how many parts there were.
    fn check(&self, whole: &Result<(Rows, Vec<Bad>)>, cuts: &[usize], known: &mut Known) -> usize {
        let shown = || format!("{:?} at {cuts:?} with {:?}", String::from_utf8_lossy(self.text), self.csv);
        let plan = self.split(cuts);
        let parts = plan.as_ref().map_or(0, |plan| plan.parts.len());
        match (whole, plan.and_then(|plan| self.by_parts(&plan, known))) {
            (Ok(whole), Ok(split)) => assert!(*whole == split, "{}\n{whole:?}\n{split:?}", shown()),
            (Err(whole), Err(split)) => assert_eq!(whole.kind(), split.kind(), "{}", shown()),
            (whole, split) => panic!("{}\n{whole:?}\n{split:?}", shown()),
        }
        parts
    }

    fn whole(&self) -> Result<(Rows, Vec<Bad>)> {
        self.convert(None, self.text)
    }
}

/// Texts in which something stands where a boundary hurts.
const NASTY: &[&str] = &[
    "1,a\n2,b\n3,c\n4,d\n",
    "1,a\r\n2,b\r\n3,c\r\n",
    "1,a\r2,b\r3,c",
    "1,a\r\n2,b\r3,c\n\r4,d\n\n\r\r\n5,e",
    "1,\"two\nlines\"\n2,\"\n\n\"\n3,x\n",
    "1,\"a\r\nb\"\r\n\"2\",\"\r\n\"\r\n3,\"\r\"\r\n4,x",
    "1,\"a \"\"b\"\" c\"\n2,\"\"\"\"\n3,\"\"\n4,\"\"\"\n\"\"\"\n5,x\n",
    "1,\"a,b\n2,c\"\n3,\"x\n4,y\n5,z\"\n",
    "1,5\" pipe\n2,6\" by 7\"\n3,x\"\n\"4\",a\n",
    "1,a\n2,\"b\"c\n3,\"d\" \n4,\"e\n\"f\"\n5,g\n",
    "1,a\n2,\"open\n3,b\n4,c\n5,\"d\"\n",
    "1,\"open\n2,b",
    "1,\"a\n2,b\"",
    "1,a\n2,\"",
    "1,a\n2,\"\"",
    "\"1\",\"a\"\n\"2\",\"b\"\n\"3\",\"c\"",
    "1,gr\u{fc}\u{df}e\n2,\u{1f600}\n3,\u{20ac}\n",
    "\n\n1,a\n\n2,b\n\n\n",
    "1,a,\n2\n3,b,c,d\n4,e\n",
    "x,a\n2,b\nx,\"c\nd\"\n4,e\nx,\r\n5,f\n",
    "1,a123456789012345\n2,b\n",
    "1,a\n2,\"12345\n789012345\"\n3,b\n",
    "1,a\n2,\"12345\n7\",9012345\n3,\"b\n\"\n",
    "1,\"a\nb\"x345678901234\n2,c\n3,d\n",
    "1,a\n\"2\"x\"\n3,b\n",
    "1,\"a\0\nb\"\n2,\0\n3,c\n",
    " 1,\"a\" \n\" 2\", \"b\n3,c\"\n",
    "1,\"\"\"a\n\"\"b\"\n2,\"c\"\"\n\"\n",
    "\r\n\r\n\"1\",\"\r\n\"\"\"\n\r\r\n",
    "",
    "\n",
    "1,a",
];

fn dialects() -> Vec<(Csv, &'static str)> {
    vec![
        (headerless(), ""),
        (Csv::default(), "id,name\n"),
        (Csv::default(), "\u{feff}\r\n\"id\",\"name\"\r\n"),
        (Csv { skip_lines: 2, ..headerless() }, "a \"title\n\r\n"),
        (Csv { skip_lines: 1, ..Csv::default() }, "\u{feff}\"title\r\rid,name\r"),
        (Csv { comment: Some('2'), ..Csv::default() }, "2 \"x\n\n2\r\nid,name\n2,\"\n"),
        (Csv { comment: Some('"'), quote: None, ..headerless() }, "\"\n1,a\n"),
        (Csv { quote: Some('b'), ..headerless() }, ""),
        (Csv { quote: None, ..headerless() }, ""),
        (Csv { delimiter: '"', quote: Some(','), ..headerless() }, "1\"x\n"),
    ]
}

fn limits(longest_row_bytes: usize) -> Limits {
    Limits { longest_row_bytes, row_group_bytes: 4 << 10, threads: 1, ..Limits::default() }
}

#[test]
fn small_files_split_at_every_offset_give_the_same_rows() {
    let table = layout(&["id int32", "name string"]);
    let mut splits = 0;
    for (csv, front) in dialects() {
        for (nasty, longest) in NASTY.iter().flat_map(|nasty| [(nasty, 1 << 20), (nasty, 64), (nasty, 12)]) {
            let text = format!("{front}{nasty}");
            let case = Case { csv: &csv, layout: &table, limits: limits(longest), text: text.as_bytes() };
            let (whole, mut known) = (case.whole(), Known::new());
            for cut in 0..=text.len() {
                splits += usize::from(case.check(&whole, &[cut], &mut known) > 1);
            }
        }
    }
    assert!(splits > 5000, "{splits}");
}

#[test]
fn small_files_split_at_every_two_offsets_give_the_same_rows() {
    let table = layout(&["id int32", "name string"]);
    let csv = headerless();
    let mut splits = 0;
    for (nasty, longest) in NASTY.iter().flat_map(|nasty| [(nasty, 1 << 20), (nasty, 12)]) {
        let case = Case { csv: &csv, layout: &table, limits: limits(longest), text: nasty.as_bytes() };
        let (whole, mut known) = (case.whole(), Known::new());
        for first in 0..=nasty.len() {
            for second in first..=nasty.len() {
                splits += usize::from(case.check(&whole, &[first, second], &mut known) > 2);
            }
        }
    }
    assert!(splits > 2000, "{splits}");
}

#[test]
fn json_lines_are_split_behind_lf_only() {
    let table = layout(&["id int32", "name string"]);
    let csv = Csv { format: Format::JsonLines, ..Csv::default() };
    let mut splits = 0;
    for text in [
        "{\"id\":1,\"name\":\"a\"}\n{\"id\":2}\r\n\n \r\n{\"name\":\"\\\"\\n\"}\n{\"id\":3}",
        "{\"id\":1}\n{\"id\":\r2}\r{\"id\":3}\n\r{\"id\":4}\n{\"id\":x}\n{\"id\":5}\n",
        "\u{feff}{\"name\":\"\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\"}\n{\"name\":\"\",\n\"open\n{}\n",
    ] {
        for longest in [1 << 20, 64, 20, 12] {
            let case = Case { csv: &csv, layout: &table, limits: limits(longest), text: text.as_bytes() };
            let (whole, mut known) = (case.whole(), Known::new());
            for cut in 0..=text.len() {
                splits += usize::from(case.check(&whole, &[cut], &mut known) > 1);
            }
        }
    }
    assert!(splits > 500, "{splits}");
}

#[test]
fn the_share_of_bad_rows_is_not_judged_by_a_part() {
    let (csv, table) = (headerless(), layout(&["id int32"]));
    let bad_rows = BadRows { max_share: Some(0.5), ..BadRows::default() };
    let part = Part { start: 4, end: 8, line: 3 };
    let spec = Spec { bad_rows, ..Spec::new(&csv, &table) };
    let convert = |spec: Spec<'_>| convert(&spec, &b"x\nx\n"[..], Vec::new(), &mut Collected::default());
    assert_eq!(convert(spec).unwrap_err().kind(), "too_many_bad_rows");
    assert_eq!(convert(Spec { part: Some(part), ..spec }).unwrap().bad_rows, 2);
}

#[test]
fn one_column_has_empty_lines_as_rows_in_every_part() {
    let table = layout(&["name string"]);
    let csv = headerless();
    for nasty in ["a\n\nb\r\n\r\n\"\n\n\"\n\n", "\n\n\n", "\"a\r\n\r\n\"\r\r\r\n\n"] {
        let case = Case { csv: &csv, layout: &table, limits: limits(64), text: nasty.as_bytes() };
        let (whole, mut known) = (case.whole(), Known::new());
        for cut in 0..=nasty.len() {
            case.check(&whole, &[cut], &mut known);
        }
    }
}

/// Dialects that all texts can be read in.
fn three() -> [Csv; 3] {
    [headerless(), Csv { comment: Some('2'), ..headerless() }, Csv { quote: None, ..headerless() }]
}

#[test]
fn segments_of_any_size_give_the_same_rows() {
    let table = layout(&["id int32", "name string"]);
    for csv in three() {
        for (nasty, longest) in
            NASTY.iter().flat_map(|nasty| [1 << 20, 24, 12, 5, 3].map(|longest| (nasty, longest)))
        {
            // The first row is compared with the layout, if it is within the first segment.
            let text = format!("0,z\n{nasty}{nasty}");
            let sized = |row_group_bytes| {
                let limits = Limits { row_group_bytes, ..limits(longest) };
                let case = Case { csv: &csv, layout: &table, limits, text: text.as_bytes() };
                case.whole().map_err(|error| error.kind())
            };
            let whole = sized(1 << 20);
            for bytes in 1..text.len() {
                let found = sized(bytes);
                assert!(
                    found == whole,
                    "{text:?}, segments of {bytes}, rows of {longest}\n{whole:?}\n{found:?}"
                );
            }
        }
    }
}

#[test]
fn a_cr_behind_a_long_row_is_not_waited_for_in_vain() {
    let table = layout(&["id int32", "name string"]);
    let text = b"3,\"\r\"\r\n4,x\r\r\n5,y\r";
    for row_group_bytes in 1..8 {
        let limits = Limits { row_group_bytes, ..limits(1) };
        let csv = headerless();
        let (rows, bad) = Case { csv: &csv, layout: &table, limits, text }.whole().unwrap();
        assert_eq!((rows.len(), bad.is_empty()), (0, false));
    }
}

/// Text that is now regular and now nasty, long enough for steps of 64 bytes.
fn random_text(random: &mut Random, rows: u64) -> Vec<u8> {
    let mut text = Vec::new();
    let (rare, ends) = (1 + random.below(40), random.below(4));
    for row in 0..rows {
        text.extend_from_slice(row.to_string().as_bytes());
        text.push(b',');
        let length = random.below(30) as usize;
        let filler = b"abcdefghijklmnopqrstuvwxyz, \n\r";
        match random.below(8) {
            0 => text.extend_from_slice(format!("\"{}\"", "q\n, \"\"".repeat(length / 4)).as_bytes()),
            1 => text.extend(
                std::iter::once(b'"').chain(filler.iter().copied().cycle().take(length)).chain(*b"\""),
            ),
            2 if random.one_in(rare) => text.extend_from_slice(b"5\" pipe"),
            3 if random.one_in(rare) => text.extend_from_slice(b"\"spoiled\" text\" here"),
            4 if random.one_in(rare * 9) => text.extend_from_slice(b"\"open"),
            5 => text.extend_from_slice("\u{20ac}".repeat(length).as_bytes()),
            _ => text.extend(filler.iter().copied().cycle().take(length.min(26))),
        }
        let end: &[u8] = match ends {
            0 => b"\n",
            1 => b"\r\n",
            2 => b"\r",
            _ => [&b"\n"[..], b"\r\n", b"\r", b"\n\r"][random.below(4) as usize],
        };
        text.extend_from_slice(end);
    }
    text
}

#[test]
fn larger_files_split_at_random_offsets_give_the_same_rows() {
    let table = layout(&["id int32", "name string"]);
    let mut random = Random(7);
    let mut splits = 0;
    for round in 0..150 {
        let rows = if round % 30 == 0 { 60_000 } else { 10 + random.below(400) };
        let text = random_text(&mut random, rows);
        let longest = [1 << 20, 300, 80, 64, 63, 40][random.below(6) as usize];
        let csv = &three()[round % 3];
        let case = Case { csv, layout: &table, limits: limits(longest), text: &text };
        let (whole, mut known) = (case.whole(), Known::new());
        for _ in 0..if rows > 1000 { 4 } else { 20 } {
            let mut cuts: Vec<_> =
                (0..1 + random.below(6)).map(|_| random.below(text.len() as u64) as usize).collect();
            cuts.sort_unstable();
            cuts.dedup();
            splits += case.check(&whole, &cuts, &mut known).saturating_sub(1);
        }
    }
    assert!(splits > 2000, "{splits}");
}

#[test]
fn surveys_side_by_side_are_the_survey_of_both() {
    let table = layout(&["id int32", "name string"]);
    let mut random = Random(8);
    for round in 0..200 {
        let text = match NASTY.get(round) {
            Some(nasty) => nasty.as_bytes().to_vec(),
            None => random_text(&mut random, 1 + round as u64 / 4),
        };
        let csv = &three()[round / 3 % 3];
        let case = Case { csv, layout: &table, limits: limits([12, 64, 200][round % 3]), text: &text };
        let opening = Opening { start: 0, line: 1, unsplit: None };
        let whole = case.surveys(&opening, &[]);
        for _ in 0..20 {
            let mut cuts = [0; 3].map(|_| random.below(text.len() as u64 + 1) as usize);
            cuts.sort_unstable();
            let surveys = case.surveys(&opening, &cuts);
            let Some((last, front)) = surveys.split_last() else { continue };
            let from_the_left =
                front.iter().cloned().chain([last.clone()]).reduce(|a, b| a.then(&b).unwrap());
            let from_the_right =
                front.iter().rev().fold(last.clone(), |sum, before| before.then(&sum).unwrap());
            assert_eq!(
                from_the_left.as_ref(),
                whole.first(),
                "{:?} {cuts:?}",
                String::from_utf8_lossy(&text)
            );
            assert_eq!(Some(&from_the_right), whole.first());
        }
    }
}

#[test]
fn what_is_in_doubt_is_not_split_and_what_comes_before_is() {
    let table = layout(&["id int32", "name string"]);
    let csv = headerless();
    let regular = "1,a\n".repeat(8);
    for (tail, longest, unsplit) in [
        ("2,\"open\n3,b\n4,c\n".to_owned(), 1 << 20, Unsplit::OpenQuote(32)),
        (format!("2,\"{}\n\"\n3,b\n4,c\n", "x".repeat(20)), 16, Unsplit::LongRow(32)),
        (format!("2,\"{}", "x\n".repeat(20)), 16, Unsplit::LongRow(32)),
    ] {
        let text = format!("{regular}{tail}");
        let case = Case { csv: &csv, layout: &table, limits: limits(longest), text: text.as_bytes() };
        let every: Vec<usize> = (1..text.len()).collect();
        let plan = case.split(&every).unwrap();
        let starts: Vec<u64> = plan.parts.iter().map(|part| part.start).collect();
        assert_eq!((starts, plan.unsplit), ((0..=32).step_by(4).collect(), Some(unsplit)));
        assert_eq!(plan.parts.last().unwrap().end, text.len() as u64);
        case.check(&case.whole(), &every, &mut Known::new());
    }
}

#[test]
fn a_long_row_without_quotes_is_split_around() {
    let table = layout(&["id int32", "name string"]);
    let csv = headerless();
    let text = format!("1,a\n2,{}\r\n3,b\n", "x".repeat(300));
    let case = Case { csv: &csv, layout: &table, limits: limits(20), text: text.as_bytes() };
    let (whole, mut known) = (case.whole(), Known::new());
    for cut in 5..text.len() - 4 {
        assert_eq!(case.check(&whole, &[2, cut], &mut known), 3, "{cut}");
    }
}

#[test]
fn what_cannot_be_split_says_why() {
    let table = layout(&["id int32", "name string"]);
    let text = "1,\u{e9}\n2,b\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with = |encoding| Csv { encoding, ..headerless() };
    for (csv, bytes, unsplit) in [
        (headerless(), gzip(text.as_bytes()), Unsplit::Compressed),
        (with(Encoding::Utf16Le), utf16, Unsplit::Encoding),
        (with(Encoding::Latin1), b"1,\xe9\n2,b\n".to_vec(), Unsplit::Encoding),
    ] {
        let case = Case { csv: &csv, layout: &table, limits: limits(64), text: &bytes };
        let opening = case.open().unwrap();
        assert_eq!(opening.unsplit, Some(unsplit));
        let plan = plan(&opening, &[]).unwrap();
        assert_eq!((plan.parts.len(), plan.unsplit), (0, Some(unsplit)));
        assert_eq!(case.by_parts(&plan, &mut Known::new()).unwrap().0.len(), 2);
    }
}

#[test]
fn a_beginning_that_is_refused_is_refused_before_the_split() {
    let table = layout(&["id int32", "name string"]);
    let plain = Csv { compression: Compression::None, ..Csv::default() };
    for (csv, text, kind) in [
        (Csv::default(), &b""[..], "empty"),
        (Csv::default(), b"id,title\n1,a\n", "header_mismatch"),
        (headerless(), b"1,2,3\n", "unmatched"),
        (headerless(), b"PAR1 and so on", "not_text"),
        (plain, &gzip(b"id,name\n"), "compression_mismatch"),
    ] {
        let case = Case { csv: &csv, layout: &table, limits: limits(64), text };
        assert_eq!(case.open().unwrap_err().kind(), kind);
    }
}

#[test]
fn a_source_that_ends_within_its_part_is_no_success() {
    let table = layout(&["id int32", "name string"]);
    let csv = headerless();
    let case = Case { csv: &csv, layout: &table, limits: limits(64), text: b"" };
    let part = Part { start: 100, end: 108, line: 26 };
    assert_eq!(case.convert(Some(part), b"1,a\n").unwrap_err().kind(), "source_io");
    let (rows, _) = case.convert(Some(part), b"1,a\n2,b\n3,not of the part\n").unwrap();
    assert_eq!(rows.len(), 2);
}

#[test]
fn surveys_that_do_not_fit_are_refused() {
    let table = layout(&["id int32", "name string"]);
    let csv = headerless();
    let case = Case { csv: &csv, layout: &table, limits: limits(64), text: b"1,a\n2,b\n3,c\n" };
    let opening = case.open().unwrap();
    let surveys = case.surveys(&opening, &[4, 8]);
    for wrong in [vec![surveys[1].clone()], vec![surveys[0].clone(), surveys[2].clone()]] {
        assert_eq!(plan(&opening, &wrong).unwrap_err().kind(), "spec");
    }
    assert_eq!(plan(&opening, &surveys).unwrap().parts.len(), 3);
}

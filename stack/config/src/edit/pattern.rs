//! A pattern for files like one that is there: what is a date or a time in its name is captured, what
//! counts files up is left open, and everything else stands for itself.
//!
//! | name | pattern |
//! |---|---|
//! | `events.csv` | `events*.csv` |
//! | `orders_20260131_081500.csv.gz` | `orders_{date:%Y%m%d}_{time:%H%M%S}.csv.gz` |
//! | `shop/2026/01/31/part-0001.jsonl` | `shop/{date:%Y/%m/%d}/part-*.jsonl` |

use tarn_lake::{Day, FilePattern, TableName};

/// The pattern of files called like this key. It always matches the key.
pub fn pattern_of(key: &str) -> String {
    let guessed = guess(key);
    let fits =
        |pattern: &String| FilePattern::new(pattern.as_str()).is_ok_and(|it| it.matches(key).is_some());
    let folders = key.matches('/').count();
    Some(guessed).filter(fits).unwrap_or_else(|| ["*/".repeat(folders).as_str(), "*"].concat())
}

/// What a table of such files could be called: what their names begin with, or their folder's.
pub fn table_name_of(pattern: &str) -> Option<TableName> {
    let parts = pattern.split('/').rev().map(|part| part.split(['*', '{', '.']).next().unwrap_or_default());
    let name = |part: &str| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let folded: String = part.chars().map(plain).collect();
        TableName::new(folded.trim_matches('_')).ok()
    };
    parts.filter_map(name).next()
}

fn guess(key: &str) -> String {
    let Some(Moment { start, end, pattern }) = moment(key) else {
        let (folder, name) = last_part(key);
        return literal(folder) + &with_star(opened(name));
    };
    let (folder, head) = last_part(&key[..start]);
    match last_part(&key[end..]) {
        ("", tail) => [literal(folder), opened(head), pattern, opened(tail)].concat(),
        (between, name) => {
            [literal(&key[..start]), pattern, literal(between), with_star(opened(name))].concat()
        }
    }
}

/// The folders and the rest.
fn last_part(text: &str) -> (&str, &str) {
    text.split_at(text.rfind('/').map_or(0, |slash| slash + 1))
}

/// A date in a key, and a time behind it.
struct Moment {
    start: usize,
    end: usize,
    pattern: String,
}

fn moment(key: &str) -> Option<Moment> {
    let starts = key.char_indices().filter(|(place, _)| is_number_start(key, *place)).map(|(place, _)| place);
    starts.filter_map(|start| date(key, start)).next().map(|date| match time(key, date.end) {
        Some(time) => Moment { end: time.end, pattern: date.pattern + &time.pattern, ..date },
        None => date,
    })
}

fn is_number_start(text: &str, place: usize) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    is_digit(bytes.get(place)) && (place == 0 || !is_digit(bytes.get(place - 1)))
}

fn date(key: &str, start: usize) -> Option<Moment> {
    let (year, place) = number(key, start, 4)?;
    let (first, place) = separator(key, place);
    let (month, place) = number(key, place, 2)?;
    let (second, end) = separator(key, place);
    let years = 1990..=2100;
    let day = number(key, end, 2).filter(|_| is_same_kind(first, second));
    if let Some((day, end)) = day.filter(|(_, end)| ends_number(key, *end, first)) {
        Day::new(i32::try_from(year).ok()?, month, day).filter(|_| years.contains(&year))?;
        return Some(Moment { start, end, pattern: format!("{{date:%Y{first}%m{second}%d}}") });
    }
    let is_month = years.contains(&year) && (1..=12).contains(&month);
    let is_whole = is_month && !is_digit_at(key, place);
    is_whole.then(|| Moment { start, end: place, pattern: format!("{{date:%Y{first}%m}}") })
}

/// Digits that run on are a date only if they are written in one piece with a time.
fn ends_number(key: &str, end: usize, separator: &str) -> bool {
    !is_digit_at(key, end) || separator.is_empty() && time(key, end).is_some()
}

fn time(key: &str, start: usize) -> Option<Moment> {
    let rest = key.get(start..)?;
    let gap = rest.chars().next().filter(|first| "_-Tt ".contains(*first));
    let place = start + gap.map_or(0, char::len_utf8);
    let (hour, place) = number(key, place, 2)?;
    let (colon, place) = time_separator(key, place);
    let (minute, place) = number(key, place, 2)?;
    let (second, end) = match number(key, place + colon.len(), 2).filter(|_| key[place..].starts_with(colon))
    {
        Some((second, end)) => (Some(second), end),
        None => (None, place),
    };
    let is_time = hour < 24 && minute < 60 && second.is_none_or(|second| second < 60);
    let seconds = if second.is_some() { format!("{colon}%S") } else { String::new() };
    let gap = gap.map(String::from).unwrap_or_default();
    let pattern = format!("{gap}{{time:%H{colon}%M{seconds}}}");
    (is_time && !is_digit_at(key, end)).then_some(Moment { start, end, pattern })
}

fn number(key: &str, start: usize, digits: usize) -> Option<(u32, usize)> {
    let text =
        key.get(start..start + digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((text.parse().ok()?, start + digits))
}

fn is_digit_at(key: &str, place: usize) -> bool {
    key.as_bytes().get(place).is_some_and(u8::is_ascii_digit)
}

/// What stands between the numbers of a date: nothing, one character, or the name of a folder as
/// Hive has it, `/month=`.
fn separator(key: &str, start: usize) -> (&str, usize) {
    let rest = key.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let found = rest.get(..length).unwrap_or_default();
    let is_one = matches!(found, "-" | "_" | "." | "/");
    let is_folder = found.starts_with('/') && found.ends_with('=') && found.matches('/').count() == 1;
    if is_one || is_folder { (found, start + length) } else { ("", start) }
}

fn is_same_kind(first: &str, second: &str) -> bool {
    first == second || first.len() > 1 && second.len() > 1
}

fn time_separator(key: &str, start: usize) -> (&str, usize) {
    let found = key.get(start..start + 1).filter(|found| matches!(*found, "-" | "_" | ":" | "."));
    (found.unwrap_or_default(), start + found.map_or(0, str::len))
}

/// A text that stands for itself, as far as a pattern has a way to say so.
fn literal(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '*' | '{' | '}') { '*' } else { c })
        .collect::<String>()
        .replace("**", "*")
}

/// A part of a file's name with its counters left open.
fn opened(name: &str) -> String {
    let (stem, extension) = name.split_at(stem_length(name));
    let stem = &without_uuid(stem);
    let words: Vec<&str> = stem.split_inclusive(['-', '_', '.', ' ']).collect();
    let last = words.len().saturating_sub(1);
    let words = words.iter().enumerate().map(|(place, word)| opened_word(word, place == last));
    let open = literal(&words.collect::<String>());
    let mut shortest = open.clone();
    for joint in ["*-*", "*_*", "*.*", "* *", "**"] {
        while shortest.contains(joint) {
            shortest = shortest.replace(joint, "*");
        }
    }
    shortest + &literal(extension)
}

/// A text with a star for a UUID in it.
fn without_uuid(text: &str) -> String {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    const LENGTH: usize = 36;
    let is_uuid = |text: &str| {
        let groups =
            text.split('-').map(|group| group.bytes().all(|b| b.is_ascii_hexdigit()).then_some(group.len()));
        groups.eq(GROUPS.map(Some))
    };
    let found = text
        .char_indices()
        .map(|(start, _)| start)
        .find(|start| text.get(*start..start + LENGTH).is_some_and(is_uuid));
    found.map_or_else(|| text.to_owned(), |start| [&text[..start], "*", &text[start + LENGTH..]].concat())
}

fn opened_word(word: &str, is_last: bool) -> String {
    let (body, joint) = word.split_at(word.trim_end_matches(['-', '_', '.', ' ']).len());
    let letters = body.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_hash =
        body.len() >= 8 && body.chars().all(|c| c.is_ascii_hexdigit()) && letters.len() < body.len();
    let is_counter = letters.len() < body.len() && (letters.is_empty() || is_last);
    match (is_hash, is_counter) {
        (true, _) => format!("*{joint}"),
        (_, true) => format!("{letters}*{joint}"),
        _ => word.to_owned(),
    }
}

/// Where `.csv.gz` begins.
fn stem_length(name: &str) -> usize {
    let mut length = name.len();
    while let Some(dot) = name[..length].rfind('.') {
        let part = &name[dot + 1..length];
        let is_extension = part.len() <= 7 && part.starts_with(|first: char| first.is_ascii_alphabetic());
        if !is_extension || !part.chars().all(|c| c.is_ascii_alphanumeric()) {
            break;
        }
        length = dot;
    }
    length
}

fn with_star(name: String) -> String {
    let (stem, extension) = name.split_at(stem_length(&name));
    if name.contains('*') { name } else { format!("{stem}*{extension}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_says_what_a_name_says() {
        for (key, wanted) in [
            ("events.csv", "events*.csv"),
            ("clicks/events.csv.gz", "clicks/events*.csv.gz"),
            ("orders_20260131.csv", "orders_{date:%Y%m%d}.csv"),
            ("orders_20260131_081500.csv.gz", "orders_{date:%Y%m%d}_{time:%H%M%S}.csv.gz"),
            ("orders_20260131081500.csv", "orders_{date:%Y%m%d}{time:%H%M%S}.csv"),
            ("orders-2026-01-31T08-15.csv", "orders-{date:%Y-%m-%d}T{time:%H-%M}.csv"),
            ("2026_01_31 orders.tsv", "{date:%Y_%m_%d} orders.tsv"),
            ("shop/2026/01/31/part-0001.jsonl", "shop/{date:%Y/%m/%d}/part-*.jsonl"),
            ("x/year=2026/month=01/day=31/a.csv", "x/year={date:%Y/month=%m/day=%d}/a*.csv"),
            ("orders_2026-01.csv", "orders_{date:%Y-%m}.csv"),
            ("orders_202601.csv", "orders_{date:%Y%m}.csv"),
            ("events_20260131_1.csv", "events_{date:%Y%m%d}_*.csv"),
            ("events_20260231.csv", "events_*.csv"),
            ("events_12345678.csv", "events_*.csv"),
            ("item_properties_part1.csv", "item_properties_part*.csv"),
            ("mp3_list.csv", "mp3_list*.csv"),
            ("v2/h264.csv", "v2/h*.csv"),
            ("part-00000-3f2a9c1d-77aa-4bcd-9e00-0123456789ab-c000.csv.gz", "part-*-c*.csv.gz"),
            ("a{b}*.csv", "a*b*.csv"),
            ("{}", "*"),
            ("noextension", "noextension*"),
            ("größe.csv", "größe*.csv"),
            ("2026", "*"),
        ] {
            assert_eq!(pattern_of(key), wanted, "{key}");
        }
    }

    #[test]
    fn a_table_is_called_by_what_its_files_begin_with() {
        for (pattern, wanted) in [
            ("orders_{date:%Y%m%d}.csv", Some("orders")),
            ("shop/{date:%Y}/*.csv", Some("shop")),
            ("Item Properties*.csv", Some("item_properties")),
            ("{date:%Y%m%d} orders.csv", None),
            ("*", None),
        ] {
            assert_eq!(table_name_of(pattern).as_ref().map(TableName::as_str), wanted, "{pattern}");
        }
    }

    #[test]
    fn every_pattern_matches_its_key() {
        let pieces =
            ["a", "20260131", "-", "_", "/", ".csv", "1", "2026", "08", "T", "{", "*", "ü", "month=", " "];
        let mut dice = 7_usize;
        for _ in 0..5000 {
            let mut key = String::from("k");
            for _ in 0..8 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                key.push_str(pieces[(dice >> 33) % pieces.len()]);
            }
            let pattern = pattern_of(&key);
            assert!(FilePattern::new(pattern.as_str()).unwrap().matches(&key).is_some(), "{key} {pattern}");
        }
    }
}

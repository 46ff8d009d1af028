//! Columns of JSON Lines: the keys of all objects, in the order in which they first appear.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use tarn_lake::{Column, ColumnName, Csv, Format, Layout};

use super::kind::Evidence;
use super::{Inferred, names};
use crate::json::{Member, Value, key_name, members, shape_of_first_line};
use crate::{ConvertError, Limits};

/// More different keys are data, not columns.
const MOST_KEYS: usize = 2000;

/// Whether a file is JSON by its first bytes: an object with a key, or a list of objects.
pub fn is_json(sample: &[u8]) -> bool {
    let begins = |text: &[u8], byte| text.trim_ascii_start().first() == Some(&byte);
    match sample.trim_ascii_start() {
        [b'{', rest @ ..] => begins(rest, b'"') || begins(rest, b'}'),
        [b'[', rest @ ..] => begins(rest, b'{'),
        _ => false,
    }
}

/// Infers from a whole text, whose beginning the sample is.
pub fn infer(sample: &[u8], text: impl Read) -> Result<Inferred, ConvertError> {
    shape_of_first_line(sample)?;
    let mut keys = Keys::default();
    let mut lines = Lines { text: BufReader::with_capacity(256 << 10, text), line: Vec::new() };
    // A text that is damaged behind its beginning gives what could be read of it.
    while let Ok(Some(line)) = lines.next() {
        if keys.names.len() > MOST_KEYS {
            let (what, way_out) =
                ("JSON with thousands of different keys", "declare the columns that matter");
            return Err(ConvertError::NotSupported { what, way_out });
        }
        keys.take(line);
    }
    keys.described()
}

/// Lines of a text, of no more than a row's bytes.
struct Lines<R> {
    text: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// The next line, of a longer one its beginning, which is no row.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let most = Limits::default().longest_row_bytes as u64 + 1;
        self.line.clear();
        let count = (&mut self.text).take(most).read_until(b'\n', &mut self.line)?;
        if count as u64 == most && self.line.last() != Some(&b'\n') {
            self.text.skip_until(b'\n')?;
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok((count > 0).then_some(line))
    }
}

/// What is known of each key. Keys that differ in case only are one, as they name one column.
#[derive(Default)]
struct Keys {
    places: HashMap<String, usize>,
    names: Vec<String>,
    evidence: Vec<Evidence>,
}

impl Keys {
    fn take(&mut self, line: &[u8]) {
        let mut found = Vec::new();
        if members(line, &mut |member| found.push(member)).is_ok() {
            found.into_iter().for_each(|member| self.take_member(line, member));
        }
    }

    fn take_member(&mut self, line: &[u8], Member { key, value, .. }: Member) {
        let name = key_name(line.get(key).unwrap_or_default());
        let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        let place = *self.places.entry(name.to_ascii_lowercase()).or_insert(self.names.len());
        if place == self.names.len() {
            self.names.push(name);
            self.evidence.push(Evidence::default());
        }
        let Some(evidence) = self.evidence.get_mut(place) else { return };
        match value {
            Value::Null => {}
            Value::Scalar(range) => evidence.take(line.get(range).unwrap_or_default()),
            Value::Text { range, .. } => evidence.take_text(line.get(range).unwrap_or_default()),
            Value::Nested(_) => *evidence = Evidence::Text,
        }
    }

    fn described(self) -> Result<Inferred, ConvertError> {
        if self.names.is_empty() {
            return Err(ConvertError::Empty);
        }
        let columns = names::of(&self.names).into_iter().zip(&self.names).zip(self.evidence);
        let column = |((name, written), evidence): ((ColumnName, &String), Evidence)| {
            let from = (!name.as_str().eq_ignore_ascii_case(written)).then(|| written.clone());
            Column { from, ..Column::new(name, evidence.kind()) }
        };
        let csv = Csv { format: Format::JsonLines, ..Csv::default() };
        Ok(Inferred { csv, layout: Layout { from: None, columns: columns.map(column).collect() } })
    }
}

#[cfg(test)]
mod tests {
    use crate::ConvertError;
    use crate::infer::infer;

    fn columns(text: &str) -> Vec<String> {
        let inferred = infer(text.as_bytes()).unwrap();
        let from =
            |from: &Option<String>| from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let shown =
            |column: &tarn_lake::Column| format!("{} {}{}", column.name, column.kind, from(&column.from));
        inferred.layout.columns.iter().map(shown).collect()
    }

    #[test]
    fn columns_are_the_keys_in_the_order_of_their_first_appearance() {
        let text = "\n{\"b\":1,\"a\":null}\r\n{\"c\":true,\"a\":\"x\",\"B\":2}\nnonsense\n{\"d\":1,\"d\":\n";
        assert_eq!(columns(text), ["b int64", "a string", "c bool"]);
        assert_eq!(columns("\u{feff}{\"userId\":1}"), ["userid int64"]);
        let text = r#"{"user-id":1,"user id":2,"Größe":3,"":4,"a\u0062":5}"#;
        assert_eq!(
            columns(text),
            [
                "user_id int64 from user-id",
                "user_id_2 int64 from user id",
                "grosse int64 from Größe",
                "column_4 int64 from ",
                "ab int64"
            ]
        );
    }

    #[test]
    fn a_number_is_a_number_and_a_string_is_text_or_time() {
        for (values, kind) in [
            (&["true", "false", "null"][..], "bool"),
            (&["1", "-5"], "int64"),
            (&["9223372036854775808"], "string"),
            (&["1", "2.5"], "float64"),
            (&["1.0"], "float64"),
            (&["\"1\""], "string"),
            (&["\"true\""], "string"),
            (&["1", "\"1\""], "string"),
            (&["\"2024-02-29\"", "\"\"", "null"], "date"),
            (&["\"2024-02-29T08:15:00.123Z\""], "timestamp(ms)"),
            (&["\"2024-02-29\"", "20240229"], "string"),
            (&["true", "1"], "string"),
            (&["{\"x\":1}"], "string"),
            (&["1", "[1]"], "string"),
            (&["[1]", "1"], "string"),
            (&["null"], "string"),
        ] {
            let text: String = values.iter().map(|value| format!("{{\"head\":{value}}}\n")).collect();
            assert_eq!(columns(&text), [format!("head {kind}")], "{values:?}");
        }
    }

    #[test]
    fn other_shapes_are_refused_and_csv_is_csv() {
        for text in ["[{\"a\":1}]", "[\n{\"a\":1}\n]", "{\n\"a\":1\n}\n"] {
            assert_eq!(infer(text.as_bytes()).unwrap_err().kind(), "not_json_lines");
        }
        assert!(matches!(infer(&b"{}\n{}\n"[..]), Err(ConvertError::Empty)));
        assert_eq!(columns("{id},name\n1,x\n").len(), 2);
        let many: String = (0..3000).map(|key| format!("{{\"k{key}\":1}}\n")).collect();
        assert_eq!(infer(many.as_bytes()).unwrap_err().kind(), "not_supported");
        let long = format!("{{\"a\":1,\"b\":\"{}\"}}\n{{\"c\":1}}\n", "x".repeat(2 << 20));
        assert_eq!(columns(&long), ["c int64"]);
    }
}

//! Rendered text to JSON: CloudFormation's short tags get their long form.
//!
//! The parser's events become JSON at once. By way of the YAML crate's own value it took half as long
//! again, which a thousand zones notice.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_json::{Map, Number, Value};
use serde_yaml_ng as yaml;

use crate::RenderError;

/// Lines shown on either side of a fault.
const EXCERPT: usize = 3;

/// Reads a rendered template.
pub(crate) fn parse(template: &'static str, text: &str) -> Result<Value, RenderError> {
    let read = Json.deserialize(yaml::Deserializer::from_str(text));
    read.map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        RenderError::Yaml { template, line, problem: error.to_string(), excerpt: excerpt(text, line) }
    })
}

fn excerpt(text: &str, line: usize) -> String {
    let first = line.saturating_sub(EXCERPT + 1);
    let lines = text.lines().enumerate().skip(first).take(2 * EXCERPT + 1);
    lines.map(|(index, content)| format!("{:5} | {content}\n", index + 1)).collect()
}

/// Makes JSON of whatever comes.
#[derive(Clone, Copy)]
struct Json;

impl<'de> DeserializeSeed<'de> for Json {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML that JSON can say")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let number = Number::from_f64(number);
        number.map(Value::Number).ok_or_else(|| E::custom("this is no number of JSON"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(Key(key)) = entries.next_key()? {
            let value = entries.next_value_seed(self)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` is written twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, value): (String, _) = tagged.variant()?;
        let value = value.newtype_variant_seed(self)?;
        intrinsic(tag.trim_start_matches('!'), value).map_err(A::Error::custom)
    }
}

/// A key, which must be a text: what YAML takes for a number or a truth is to be quoted.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Json)? {
            Value::String(key) => Ok(Self(key)),
            other => Err(D::Error::custom(format!("the key {other} is no text; quote it"))),
        }
    }
}

/// `!Ref X` is `{"Ref": X}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`, and so on.
fn intrinsic(tag: &str, value: Value) -> Result<Value, String> {
    let (name, value) = match (tag, value) {
        ("Ref" | "Condition", value) => (tag.to_owned(), value),
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((id, attribute)) => ("Fn::GetAtt".to_owned(), Value::from(vec![id, attribute])),
            None => return Err(format!("`!GetAtt {path}` names no attribute")),
        },
        ("Sub" | "ImportValue" | "Join" | "Select" | "Split" | "If" | "Equals" | "GetAZs", value) => {
            (format!("Fn::{tag}"), value)
        }
        _ => return Err(format!("`!{tag}` is no intrinsic function that tarn knows")),
    };
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_tags_get_their_long_form() {
        let text = "a: !Ref X\nb: !GetAtt X.Y.Z\nc: !Sub ${X}/*\nd: !ImportValue p-Key\n";
        let expected = json!({
            "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Y.Z"]},
            "c": {"Fn::Sub": "${X}/*"}, "d": {"Fn::ImportValue": "p-Key"},
        });
        assert_eq!(parse("t", text).unwrap(), expected);
    }

    #[test]
    fn scalars_keep_their_types() {
        let text = "on: yes\nday: 010\naccount: 012345678901\nquoted: \"false\"\ntruth: false\nn: null\nbig: 1099511627776\n";
        let expected = json!({
            "on": "yes", "day": "010", "account": "012345678901",
            "quoted": "false", "truth": false, "n": null, "big": 1_099_511_627_776_u64,
        });
        assert_eq!(parse("t", text).unwrap(), expected);
    }

    #[test]
    fn faults_say_where_they_are() {
        let error = parse("t", "a:\n  b:\n    - !Nonsense c\n").unwrap_err().to_string();
        let wanted = "template t, rendered line 3: a.b[0]: `!Nonsense` is no intrinsic function";
        assert!(error.starts_with(wanted), "{error}");
        let error = parse("t", "a: 1\nb: [\n").unwrap_err();
        assert!(error.to_string().contains("rendered line 3"), "{error}");
        assert!(parse("t", "a: 1\na: 2\n").is_err(), "a key twice");
        assert!(parse("t", "1: 2\n").is_err(), "a key that is a number");
    }
}

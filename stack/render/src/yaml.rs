//! Rendered text to JSON: CloudFormation's short tags get their long form.

use serde_json::{Map, Number, Value};
use serde_yaml_ng as yaml;

use crate::RenderError;

/// Lines shown on either side of a fault.
const EXCERPT: usize = 3;

/// Reads a rendered template.
pub(crate) fn parse(template: &'static str, text: &str) -> Result<Value, RenderError> {
    let document: yaml::Value = yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        RenderError::Yaml { template, line, problem: error.to_string(), excerpt: excerpt(text, line) }
    })?;
    json(document).map_err(|(place, problem)| RenderError::Broken {
        template,
        place: place.join("."),
        problem,
    })
}

fn excerpt(text: &str, line: usize) -> String {
    let first = line.saturating_sub(EXCERPT + 1);
    let lines = text.lines().enumerate().skip(first).take(2 * EXCERPT + 1);
    lines.map(|(index, content)| format!("{:5} | {content}\n", index + 1)).collect()
}

/// Where something is wrong, from the outside in, and what.
type Fault = (Vec<String>, String);

fn json(value: yaml::Value) -> Result<Value, Fault> {
    Ok(match value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Bool(truth) => Value::Bool(truth),
        yaml::Value::Number(number) => Value::Number(json_number(&number)?),
        yaml::Value::String(text) => Value::String(text),
        yaml::Value::Sequence(items) => {
            let items = items.into_iter().enumerate();
            Value::Array(
                items.map(|(i, item)| json(item).map_err(|f| within(&i, f))).collect::<Result<_, _>>()?,
            )
        }
        yaml::Value::Mapping(entries) => {
            Value::Object(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        yaml::Value::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            intrinsic(tag.trim_start_matches('!'), json(tagged.value)?)?
        }
    })
}

fn entry((key, value): (yaml::Value, yaml::Value)) -> Result<(String, Value), Fault> {
    let yaml::Value::String(key) = key else {
        return Err((vec![], format!("the key {key:?} is no text; quote it")));
    };
    let value = json(value).map_err(|fault| within(&key, fault))?;
    Ok((key, value))
}

fn json_number(number: &yaml::Number) -> Result<Number, Fault> {
    let whole = number.as_i64().map(Number::from).or_else(|| number.as_u64().map(Number::from));
    whole
        .or_else(|| number.as_f64().and_then(Number::from_f64))
        .ok_or_else(|| (vec![], format!("{number} is no number of JSON")))
}

fn within(key: &impl ToString, (mut place, problem): Fault) -> Fault {
    place.insert(0, key.to_string());
    (place, problem)
}

/// `!Ref X` is `{"Ref": X}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`, and so on.
fn intrinsic(tag: &str, value: Value) -> Result<Value, Fault> {
    let (name, value) = match (tag, value) {
        ("Ref" | "Condition", value) => (tag.to_owned(), value),
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((id, attribute)) => ("Fn::GetAtt".to_owned(), Value::from(vec![id, attribute])),
            None => return Err((vec![], format!("`!GetAtt {path}` names no attribute"))),
        },
        ("Sub" | "ImportValue" | "Join" | "Select" | "Split" | "If" | "Equals" | "GetAZs", value) => {
            (format!("Fn::{tag}"), value)
        }
        _ => return Err((vec![], format!("`!{tag}` is no intrinsic function that tarn knows"))),
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
        let error = parse("t", "a:\n  b:\n    - !Nonsense c\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "template t, at a.b.0: `!Nonsense` is no intrinsic function that tarn knows"
        );
        let error = parse("t", "a: 1\nb: [\n").unwrap_err();
        assert!(error.to_string().contains("rendered line 3"), "{error}");
        assert!(parse("t", "a: 1\na: 2\n").is_err(), "a key twice");
        assert!(parse("t", "1: 2\n").is_err(), "a key that is a number");
    }
}

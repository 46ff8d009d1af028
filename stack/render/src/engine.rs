//! Templates and context to text. The delimiters leave CloudFormation's `{{resolve:...}}` alone,
//! and a scalar without a filter is refused, so nothing gets into a template unquoted.

use std::io::{self, Write};

use serde::Serialize;
use tarn_lake::StackId;
use tera::{Context, Delimiters, Kwargs, State, Tera, TeraResult, Value};

use crate::context::Contexts;
use crate::inspect::inspect;
use crate::set::Template;
use crate::{RenderError, yaml};

pub(crate) const FOUNDATION: &str = "foundation.yaml.tera";
pub(crate) const STORAGE: &str = "storage.yaml.tera";
pub(crate) const PIPELINE: &str = "pipeline.yaml.tera";
pub(crate) const CONSUMPTION: &str = "consumption.yaml.tera";
pub(crate) const ZONE: &str = "zone.yaml.tera";
const PIPELINE_STATES: &str = "pipeline.asl.yaml.tera";
const PIPELINE_WAKE: &str = "pipeline.wake.yaml.tera";

macro_rules! file {
    ($name:expr, $path:literal) => {
        ($name, include_str!(concat!("../../../templates/", $path)))
    };
}

/// Every file of the folder `templates`, by the name that it goes by in errors and includes.
const FILES: [(&str, &str); 19] = [
    file!(FOUNDATION, "foundation.yaml.tera"),
    file!(STORAGE, "storage.yaml.tera"),
    file!(PIPELINE, "pipeline.yaml.tera"),
    file!(PIPELINE_STATES, "pipeline.asl.yaml.tera"),
    file!(PIPELINE_WAKE, "pipeline.wake.yaml.tera"),
    file!(CONSUMPTION, "consumption.yaml.tera"),
    file!(ZONE, "zone.yaml.tera"),
    file!("partials/asl.yaml.tera", "partials/asl.yaml.tera"),
    file!("partials/athena.yaml.tera", "partials/athena.yaml.tera"),
    file!("partials/spark.yaml.tera", "partials/spark.yaml.tera"),
    file!("partials/bucket.yaml.tera", "partials/bucket.yaml.tera"),
    file!("partials/database.yaml.tera", "partials/database.yaml.tera"),
    file!("partials/function.yaml.tera", "partials/function.yaml.tera"),
    file!("partials/lake_formation.yaml.tera", "partials/lake_formation.yaml.tera"),
    file!("partials/local_cloud.yaml.tera", "partials/local_cloud.yaml.tera"),
    file!("partials/ops_tables.yaml.tera", "partials/ops_tables.yaml.tera"),
    file!("partials/queue.yaml.tera", "partials/queue.yaml.tera"),
    file!("partials/role.yaml.tera", "partials/role.yaml.tera"),
    file!("partials/schedule.yaml.tera", "partials/schedule.yaml.tera"),
];

/// The templates, parsed.
pub(crate) struct Engine {
    tera: Tera,
}

impl Engine {
    pub(crate) fn new() -> Result<Self, RenderError> {
        Self::of(&FILES)
    }

    fn of(files: &[(&'static str, &'static str)]) -> Result<Self, RenderError> {
        let all =
            |error: tera::Error| RenderError::Template { template: "templates/", report: error.to_string() };
        let mut tera = Tera::new();
        tera.set_delimiters(delimiters()).map_err(all)?;
        tera.autoescape_on(vec![".tera"]);
        tera.set_escape_fn(refuse_unfiltered);
        tera.register_filter("json", json);
        tera.register_filter("part", part);
        tera.add_raw_templates(files.iter().copied()).map_err(all)?;
        Ok(Self { tera })
    }

    /// Renders, reads back, inspects.
    pub(crate) fn template(
        &self,
        id: StackId,
        file: &'static str,
        contexts: &Contexts<'_>,
        context: &impl Serialize,
    ) -> Result<Template, RenderError> {
        let name = contexts.names.stack(&id);
        let body = yaml::parse(file, &self.text(file, context)?)?;
        let template = Template::new(id, name, body);
        inspect(file, &template)?;
        Ok(template)
    }

    fn text(&self, file: &'static str, context: &impl Serialize) -> Result<String, RenderError> {
        let faulty = |error: tera::Error| RenderError::Template { template: file, report: error.to_string() };
        let context = Context::from_serialize(context).map_err(faulty)?;
        self.tera.render(file, &context).map_err(faulty)
    }
}

fn delimiters() -> Delimiters {
    Delimiters {
        block_start: "<%".into(),
        block_end: "%>".into(),
        variable_start: "<<".into(),
        variable_end: ">>".into(),
        comment_start: "<#".into(),
        comment_end: "#>".into(),
    }
}

/// Stands where other engines escape: here every scalar says itself how it is to be written.
fn refuse_unfiltered(text: &str, _: &mut dyn Write) -> io::Result<()> {
    Err(io::Error::other(format!("`{text}` goes into the template as it is: write `| json` or `| part`")))
}

/// `| json`: a whole scalar, list or map. JSON is YAML, but for a few characters that YAML takes
/// for the end of a line, or does not take at all.
fn json(value: Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    if value.is_undefined() {
        return Err(tera::Error::message("there is nothing of this name in the context"));
    }
    let json = serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))?;
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    Ok(Value::safe_string(&text))
}

/// `| part`: a part of a logical id, a name or an ARN. It takes only what means nothing to YAML,
/// and `${}` only around CloudFormation's own variables.
fn part(text: &str, _: Kwargs, _: &State) -> TeraResult<Value> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let bare = text.replace("${AWS::AccountId}", "").replace("${AWS::Region}", "");
    if !text.is_empty() && bare.bytes().all(plain) {
        Ok(Value::safe_string(text))
    } else {
        Err(tera::Error::message(format!(
            "`{text}` is no plain part of a scalar: write `| json` around the whole"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn rendered(text: &'static str) -> Result<String, String> {
        let engine = Engine::of(&[("t.yaml.tera", text)]).map_err(|error| error.to_string())?;
        let context = BTreeMap::from([("name", "a: \"b\""), ("word", "retail-dev-${AWS::Region}")]);
        engine.text("t.yaml.tera", &context).map_err(|error| error.to_string())
    }

    #[test]
    fn scalars_are_quoted() {
        assert_eq!(rendered("k: << name | json >>").unwrap(), r#"k: "a: \"b\"""#);
        assert_eq!(rendered("k: x-<< word | part >>").unwrap(), "k: x-retail-dev-${AWS::Region}");
        assert_eq!(rendered("{{resolve:ssm:x}} ${AWS::Region}").unwrap(), "{{resolve:ssm:x}} ${AWS::Region}");
    }

    #[test]
    fn a_scalar_without_a_filter_is_refused() {
        let found = rendered("k: << word >>").unwrap_err();
        assert!(found.contains("t.yaml.tera"), "{found}");
        let found = rendered("k: << name | part >>").unwrap_err();
        assert!(found.contains("write `| json` around the whole"), "{found}");
    }

    #[test]
    fn faults_of_a_template_say_where_they_are() {
        assert!(rendered("a: 1\nk: << nme | json >>").unwrap_err().contains("t.yaml.tera:2"));
        assert!(rendered("a: 1\nk: << name | jsn >>").unwrap_err().contains("t.yaml.tera:2"));
    }
}

//! What rendering gives: the templates of a lake in the order of deployment.

use serde_json::Value;
use tarn_lake::StackId;

use crate::context::depends_on;

/// The templates of a lake, in the order of deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSet {
    templates: Vec<Template>,
}

/// The template of one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Which stack of the lake.
    pub id: StackId,
    /// The stack's name in CloudFormation.
    pub name: String,
    /// What must stand before it, and may go only after it.
    pub depends_on: Vec<StackId>,
    body: Value,
    /// Written once, where templates are made side by side: it is measured, and then deployed.
    text: String,
}

impl TemplateSet {
    pub(crate) fn new(templates: Vec<Template>) -> Self {
        Self { templates }
    }

    /// In the order of deployment.
    pub fn iter(&self) -> std::slice::Iter<'_, Template> {
        self.templates.iter()
    }

    /// The templates by the names of their stacks, to be compared with others.
    pub fn bodies(&self) -> crate::diff::Bodies {
        self.iter().map(|template| (template.name.clone(), template.body.clone())).collect()
    }

    /// The template of a stack, if the lake has that stack.
    pub fn get(&self, id: &StackId) -> Option<&Template> {
        self.templates.iter().find(|template| template.id == *id)
    }
}

impl<'a> IntoIterator for &'a TemplateSet {
    type Item = &'a Template;
    type IntoIter = std::slice::Iter<'a, Template>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Template {
    pub(crate) fn new(id: StackId, name: String, body: Value) -> Self {
        let (depends_on, text) = (depends_on(&id), text(&body));
        Self { id, name, depends_on, body, text }
    }

    /// The template.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The template as text: the same lake gives the same bytes.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// Logical ids with their types, in the order of the template.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str)> {
        let resources = self.body.get("Resources").and_then(Value::as_object);
        resources.into_iter().flatten().filter_map(|(id, resource)| {
            resource.get("Type").and_then(Value::as_str).map(|kind| (id.as_str(), kind))
        })
    }
}

fn text(body: &Value) -> String {
    // Straight into bytes: through a formatter, `{:#}`, it takes twice as long.
    let written = serde_json::to_string_pretty(body);
    #[allow(clippy::expect_used, reason = "a value of JSON has no key and no number that JSON lacks")]
    let mut text = written.expect("a value is JSON");
    text.push('\n');
    // Half of the room that it grew into is empty, which a thousand templates are to give back.
    text.shrink_to_fit();
    text
}

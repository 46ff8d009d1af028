//! Two sets of templates compared: stacks, their resources, and which of those are replaced.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use tarn_lake::holds_data;

use super::replacement::{Replacement, replacement};
use super::{Change, keys};

/// Templates by the names of their stacks.
pub type Bodies = BTreeMap<String, Value>;

/// What becomes of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackChange {
    /// Its name in CloudFormation.
    pub stack: String,
    /// What becomes of it as a whole.
    pub change: Change,
    /// Its resources that are not what they were; all of a new stack, and of one that is gone.
    pub resources: Vec<ResourceChange>,
    /// Sections beside the resources that are not what they were.
    pub sections: Vec<String>,
}

/// What becomes of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceChange {
    /// Its logical id.
    pub id: String,
    /// Its type, as it was before if it was.
    #[serde(rename = "type")]
    pub kind: String,
    /// What becomes of it.
    pub change: Change,
    /// What of it is another: properties, or attributes such as `DeletionPolicy`.
    pub changed: Vec<String>,
    /// Whether another takes its place.
    pub replacement: Replacement,
    /// The properties for which it is replaced.
    pub because: Vec<String>,
    /// Whether it holds data, or takes data along when it goes.
    pub holds_data: bool,
    /// Whether its template says to keep it where it is replaced or removed.
    pub kept: bool,
}

/// What changes between two sets of templates.
pub fn stacks(before: &Bodies, after: &Bodies) -> Vec<StackChange> {
    let changes = keys(before.keys(), after.keys()).into_iter();
    changes.filter_map(|name| stack(name, before.get(name), after.get(name))).collect()
}

/// Resources with data that are removed or replaced, with the names of their stacks. A stack that is
/// gone as a whole is not among them: nothing of it is touched before somebody deletes it.
pub fn at_risk(stacks: &[StackChange]) -> impl Iterator<Item = (&str, &ResourceChange)> {
    let changed = stacks.iter().filter(|stack| stack.change == Change::Changed);
    let all =
        changed.flat_map(|stack| stack.resources.iter().map(|resource| (stack.stack.as_str(), resource)));
    all.filter(|(_, resource)| {
        let goes = resource.change == Change::Removed || resource.replacement != Replacement::No;
        resource.holds_data && goes
    })
}

fn stack(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<StackChange> {
    if before == after {
        return None;
    }
    let change = Change::of(&before, &after)?;
    let (old, new) = (section(before, "Resources"), section(after, "Resources"));
    let mut resources: Vec<ResourceChange> = keys(old.keys(), new.keys())
        .into_iter()
        .filter_map(|id| resource(id, old.get(id), new.get(id)))
        .collect();
    if change == Change::Changed {
        follow_references(&mut resources, &new, &old);
    }
    let sections = if change == Change::Changed { sections(before, after) } else { Vec::new() };
    let is_other = change != Change::Changed || !resources.is_empty() || !sections.is_empty();
    is_other.then(|| StackChange { stack: name.to_owned(), change, resources, sections })
}

fn section(template: Option<&Value>, name: &str) -> Map<String, Value> {
    template.and_then(|template| template.get(name)).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn sections(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let object = |template: Option<&Value>| template.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after) = (object(before), object(after));
    let names = keys(before.keys(), after.keys()).into_iter();
    names.filter(|name| *name != "Resources" && before.get(*name) != after.get(*name)).cloned().collect()
}

fn resource(id: &str, before: Option<&Value>, after: Option<&Value>) -> Option<ResourceChange> {
    if before == after {
        return None;
    }
    let kind_of = |resource: Option<&Value>| Some(resource?.get("Type")?.as_str()?.to_owned());
    let (kind, new_kind) = (kind_of(before).or_else(|| kind_of(after))?, kind_of(after));
    let change = Change::of(&before, &after)?;
    let changed = match (before, after) {
        (Some(before), Some(after)) => differing(before, after),
        _ => Vec::new(),
    };
    let is_another = change == Change::Changed && new_kind.as_ref() != Some(&kind);
    let (replacement, because) = match is_another {
        true => (Replacement::Yes, vec!["Type".to_owned()]),
        false => replacement(&kind, &changed),
    };
    let (holds_data, kept) = (holds_data(&kind), is_kept(change, before, after));
    Some(ResourceChange { id: id.to_owned(), kind, change, changed, replacement, because, holds_data, kept })
}

/// What is removed goes by the template that has it still, what is replaced by the new one.
fn is_kept(change: Change, before: Option<&Value>, after: Option<&Value>) -> bool {
    let policy = |resource: Option<&Value>, name: &str| {
        let policy = resource.and_then(|resource| resource.get(name)).and_then(Value::as_str);
        policy.is_some_and(|policy| policy.starts_with("Retain") || policy == "Snapshot")
    };
    match change {
        Change::Removed => policy(before, "DeletionPolicy"),
        _ => policy(after, "UpdateReplacePolicy"),
    }
}

/// The paths at which two resources differ, as the schemas write them.
fn differing(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", before, after, &mut found);
    let path = |path: String| path.strip_prefix("Properties/").map(str::to_owned).unwrap_or(path);
    let mut paths: Vec<String> = found.into_iter().map(path).collect();
    paths.dedup();
    paths
}

fn collect(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match (before, after) {
        _ if before == after => {}
        (Value::Object(old), Value::Object(new)) if !is_function(old) && !is_function(new) => {
            for key in keys(old.keys(), new.keys()) {
                let side = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                collect(&below(key), &side(old), &side(new), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                collect(&below(&index.to_string()), old, new, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// `{"Ref": ...}`, `{"Fn::Sub": ...}`: one value to the schema.
fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// A resource that is replaced gets another physical id. Where it stands in a property that cannot be
/// changed in place, that resource is replaced too, although its template is the same.
fn follow_references(
    changes: &mut Vec<ResourceChange>,
    after: &Map<String, Value>,
    before: &Map<String, Value>,
) {
    loop {
        let is_replaced = |change: &&ResourceChange| change.replacement == Replacement::Yes;
        let replaced: Vec<String> =
            changes.iter().filter(is_replaced).map(|change| change.id.clone()).collect();
        let next = after.iter().filter(|(id, _)| before.contains_key(*id) && !replaced.contains(id));
        let found = next.filter_map(|(id, resource)| follower(id, resource, &replaced)).next();
        let Some(found) = found else { return };
        changes.retain(|change| change.id != found.id);
        changes.push(found);
    }
}

fn follower(id: &str, resource: &Value, replaced: &[String]) -> Option<ResourceChange> {
    let properties = resource.get("Properties")?.as_object()?;
    let names = |value: &Value| replaced.iter().any(|id| refers_to(value, id));
    let touched: Vec<String> =
        properties.iter().filter(|(_, value)| names(value)).map(|(key, _)| key.clone()).collect();
    let kind = resource.get("Type")?.as_str()?.to_owned();
    let (replacement, because) = replacement(&kind, &touched);
    (replacement == Replacement::Yes).then(|| ResourceChange {
        id: id.to_owned(),
        change: Change::Changed,
        changed: touched,
        replacement,
        because,
        holds_data: holds_data(&kind),
        kept: is_kept(Change::Changed, None, Some(resource)),
        kind,
    })
}

fn refers_to(value: &Value, id: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| match (key.as_str(), inner) {
            ("Ref", Value::String(name)) => name == id,
            ("Fn::GetAtt", Value::Array(parts)) => parts.first().and_then(Value::as_str) == Some(id),
            ("Fn::Sub", Value::String(text)) => {
                text.contains(&format!("${{{id}}}")) || text.contains(&format!("${{{id}."))
            }
            _ => refers_to(inner, id),
        }),
        Value::Array(list) => list.iter().any(|inner| refers_to(inner, id)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(resources: Value) -> Bodies {
        Bodies::from([("s".to_owned(), json!({ "Resources": resources }))])
    }

    fn bucket(name: &str, policy: &str) -> Value {
        json!({ "Type": "AWS::S3::Bucket", "UpdateReplacePolicy": policy, "DeletionPolicy": policy,
                "Properties": { "BucketName": { "Fn::Sub": name } } })
    }

    fn shown(before: &Bodies, after: &Bodies) -> Vec<String> {
        let stacks = stacks(before, after);
        at_risk(&stacks)
            .map(|(_, it)| format!("{} {:?} {:?} {}", it.id, it.replacement, it.because, it.kept))
            .collect()
    }

    #[test]
    fn the_same_templates_differ_in_nothing() {
        let templates = set(json!({ "B": bucket("a", "Retain") }));
        assert_eq!(stacks(&templates, &templates), []);
    }

    #[test]
    fn a_bucket_of_another_name_is_another_bucket() {
        let before = set(json!({ "B": bucket("a", "Delete"), "C": bucket("c", "Retain") }));
        let after = set(json!({ "B": bucket("b", "Delete") }));
        assert_eq!(shown(&before, &after), ["B Yes [\"BucketName\"] false", "C No [] true"]);
        assert_eq!(shown(&after, &before), ["B Yes [\"BucketName\"] false"]);
        let typed = json!({ "Type": "AWS::SQS::Queue", "UpdateReplacePolicy": "Retain" });
        assert_eq!(shown(&after, &set(json!({ "B": typed }))), ["B Yes [\"Type\"] true"]);
    }

    #[test]
    fn what_refers_to_a_replaced_resource_is_replaced_with_it() {
        let emptier =
            json!({ "Type": "Custom::EmptyBucket", "Properties": { "BucketName": { "Ref": "B" } } });
        let policy = json!({ "Type": "AWS::S3::BucketPolicy", "Properties": { "Bucket": { "Ref": "B" } } });
        let with = |name: &str| set(json!({ "B": bucket(name, "Delete"), "E": emptier, "P": policy }));
        assert_eq!(
            shown(&with("a"), &with("b")),
            ["B Yes [\"BucketName\"] false", "E Yes [\"BucketName\"] false"]
        );
        let all = stacks(&with("a"), &with("b"));
        assert!(
            all[0].resources.iter().any(|change| change.id == "P" && change.replacement == Replacement::Yes)
        );
    }

    #[test]
    fn a_stack_comes_goes_and_changes_its_outputs() {
        let (none, one) = (Bodies::new(), set(json!({ "B": bucket("a", "Retain") })));
        let added = stacks(&none, &one);
        assert_eq!((added[0].change, added[0].resources.len()), (Change::Added, 1));
        let removed = stacks(&one, &none);
        assert_eq!((removed[0].change, at_risk(&removed).count()), (Change::Removed, 0));
        let mut other = one.clone();
        other.get_mut("s").unwrap()["Outputs"] = json!({ "X": { "Value": 1 } });
        assert_eq!(stacks(&one, &other)[0].sections, ["Outputs"]);
    }

    #[test]
    fn paths_are_those_of_the_schemas() {
        let before =
            json!({ "Type": "T", "Properties": { "A": { "B": [{ "C": 1 }], "D": 1 }, "E": { "Ref": "x" } } });
        let after = json!({ "Type": "T", "DependsOn": "y",
                            "Properties": { "A": { "B": [{ "C": 2 }], "D": 1 }, "E": { "Ref": "z" } } });
        assert_eq!(differing(&before, &after), ["DependsOn", "A/B/0/C", "E"]);
    }
}

//! Looks over a template as CloudFormation would, before CloudFormation does: every reference
//! resolves, and nothing is larger than CloudFormation and IAM take it.

use std::collections::HashSet;

use serde_json::Value;
use tarn_lake::StackId;

use crate::{RenderError, Template};

/// Well below CloudFormation's 500.
const MOST_RESOURCES: usize = 450;
const MOST_OUTPUTS: usize = 200;
/// What fits into an S3 object that CloudFormation reads a template from.
const MOST_BYTES: usize = 1 << 20;
/// What fits into the request itself; foundation makes the bucket that the others are read from.
const MOST_BYTES_INLINE: usize = 51_200;
/// IAM's limit for all inline policies of a role, without white space.
const MOST_POLICY_CHARACTERS: usize = 10_240;
/// IAM's limit for one managed policy, and how many of them a role can have.
const MOST_MANAGED_CHARACTERS: usize = 6_144;
const MOST_MANAGED_POLICIES: usize = 10;
/// IAM's limit for who may assume a role.
const MOST_TRUST_CHARACTERS: usize = 2_048;
/// The length of a key's ARN, which an import stands for.
const IMPORTED_CHARACTERS: usize = 80;

/// Refuses a template that CloudFormation would refuse.
pub(crate) fn inspect(file: &'static str, template: &Template) -> Result<(), RenderError> {
    let body = template.body();
    let known = Known { file, ids: section(body, "Resources").chain(section(body, "Parameters")).collect() };
    for (part, value) in body.as_object().into_iter().flatten() {
        known.check(&mut vec![part.clone()], value)?;
    }
    sizes(template)
}

fn section<'t>(body: &'t Value, name: &str) -> impl Iterator<Item = &'t str> {
    body.get(name).and_then(Value::as_object).into_iter().flatten().map(|(id, _)| id.as_str())
}

/// What may be referred to.
struct Known<'t> {
    file: &'static str,
    ids: HashSet<&'t str>,
}

impl Known<'_> {
    fn check(&self, place: &mut Vec<String>, value: &Value) -> Result<(), RenderError> {
        match value {
            Value::Object(entries) => {
                for (key, inner) in entries {
                    self.check_entry(place, key, inner)?;
                    place.push(key.clone());
                    self.check(place, inner)?;
                    place.pop();
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    place.push(index.to_string());
                    self.check(place, item)?;
                    place.pop();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn check_entry(&self, place: &[String], key: &str, value: &Value) -> Result<(), RenderError> {
        match (key, value) {
            ("Ref", Value::String(id)) => self.resolve(place, id),
            ("Fn::GetAtt", Value::Array(path)) => {
                path.first().and_then(Value::as_str).map_or(Ok(()), |id| self.resolve(place, id))
            }
            ("Fn::Sub", Value::String(text)) => variables(text).try_for_each(|id| self.resolve(place, id)),
            ("DependsOn", Value::String(id)) if is_resource(place) => self.resolve(place, id),
            ("DependsOn", Value::Array(ids)) if is_resource(place) => {
                ids.iter().filter_map(Value::as_str).try_for_each(|id| self.resolve(place, id))
            }
            ("Ref" | "Fn::Sub" | "Fn::GetAtt", _) => Err(self.broken(place, format!("`{key}` of {value}"))),
            _ => Ok(()),
        }
    }

    fn resolve(&self, place: &[String], id: &str) -> Result<(), RenderError> {
        if id.starts_with("AWS::") || self.ids.contains(id) {
            return Ok(());
        }
        Err(self.broken(place, format!("`{id}` is neither a resource nor a parameter of this template")))
    }

    fn broken(&self, place: &[String], problem: String) -> RenderError {
        RenderError::Broken { template: self.file, place: place.join("."), problem }
    }
}

/// Whether a place is a resource itself, not something deeper.
fn is_resource(place: &[String]) -> bool {
    place.len() == 2 && place[0] == "Resources"
}

/// The ids in `${Id}` and `${Id.Attribute}`; `${!Literal}` is none.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(inner, _)| inner);
    inner.filter(|inner| !inner.starts_with('!')).map(|inner| inner.split('.').next().unwrap_or(inner))
}

fn sizes(template: &Template) -> Result<(), RenderError> {
    let body = template.body();
    let limit = |place: &str, what, count, most, advice| {
        if count <= most {
            return Ok(());
        }
        let (stack, place) = (template.name.clone(), place.to_owned());
        Err(RenderError::TooLarge { stack, place, count, what, most, advice })
    };
    let bytes = if template.id == StackId::Foundation { MOST_BYTES_INLINE } else { MOST_BYTES };
    let split = "split the lake, or the zone, into two";
    limit("Resources", "resources", section(body, "Resources").count(), MOST_RESOURCES, split)?;
    limit("Outputs", "outputs", section(body, "Outputs").count(), MOST_OUTPUTS, split)?;
    limit("the whole", "bytes", template.as_json().len(), bytes, split)?;
    for (id, _) in template.resources() {
        let properties = &body["Resources"][id]["Properties"];
        let policies = policy_characters(&properties["Policies"]);
        limit(id, "characters of policy", policies, MOST_POLICY_CHARACTERS, FEWER_TABLES)?;
        let trust = policy_characters(&properties["AssumeRolePolicyDocument"]);
        let fewer = "name fewer readers: one role that several people take counts once";
        limit(id, "characters of trust", trust, MOST_TRUST_CHARACTERS, fewer)?;
        let managed = policy_characters(&properties["PolicyDocument"]);
        let most = if is_managed(body, id) { MOST_MANAGED_CHARACTERS } else { usize::MAX };
        limit(id, "characters of policy", managed, most, FEWER_TABLES)?;
        limit(id, "managed policies", attached(body, id), MOST_MANAGED_POLICIES, FEWER_TABLES)?;
    }
    Ok(())
}

const FEWER_TABLES: &str =
    "a role names each table of its zone: give the zone fewer tables, or make two of it";

fn is_managed(body: &Value, id: &str) -> bool {
    body["Resources"][id]["Type"] == "AWS::IAM::ManagedPolicy"
}

/// How many managed policies of the template are attached to a role.
fn attached(body: &Value, role: &str) -> usize {
    let names_it = |policy: &str| {
        let roles = body["Resources"][policy]["Properties"]["Roles"].as_array();
        roles.into_iter().flatten().any(|to| to["Ref"] == role)
    };
    section(body, "Resources").filter(|id| is_managed(body, id) && names_it(id)).count()
}

/// How long a policy is for IAM: without white space, and each function as what it stands for.
fn policy_characters(value: &Value) -> usize {
    match value {
        Value::Object(entries) if entries.len() == 1 => match entries.iter().next() {
            Some((function, Value::String(text))) if function == "Fn::Sub" => text.len() + 2,
            Some((function, _)) if function.starts_with("Fn::") => IMPORTED_CHARACTERS,
            Some((key, inner)) => key.len() + 5 + policy_characters(inner),
            None => 2,
        },
        Value::Object(entries) => {
            entries.iter().map(|(key, inner)| key.len() + 4 + policy_characters(inner)).sum::<usize>() + 2
        }
        Value::Array(items) => items.iter().map(|item| policy_characters(item) + 1).sum::<usize>() + 2,
        Value::String(text) => text.len() + 2,
        other => other.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inspected(resources: Value) -> Result<(), String> {
        let body = json!({"Parameters": {"P": {}}, "Resources": resources});
        let template = Template::new(StackId::Storage, "s".into(), body);
        inspect("t", &template).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_there_may_be_referred_to() {
        let texts = ["${A}", "${A.Arn}/*", "${!Literal}", "${AWS::Region}", "${P}"];
        let properties: Vec<Value> = texts.iter().map(|text| json!({"Fn::Sub": text})).collect();
        let b =
            json!({"Type": "B", "DependsOn": ["A"], "Properties": {"Texts": properties, "R": {"Ref": "P"}}});
        assert_eq!(inspected(json!({"A": {"Type": "A"}, "B": b})), Ok(()));
    }

    #[test]
    fn a_dangling_reference_is_found_with_its_place() {
        let nowhere =
            [json!({"Ref": "X"}), json!({"Fn::Sub": "a-${X.Arn}"}), json!({"Fn::GetAtt": ["X", "Arn"]})];
        for reference in nowhere {
            let found =
                inspected(json!({"A": {"Type": "A", "Properties": {"List": [reference]}}})).unwrap_err();
            let place = "template t, at Resources.A.Properties.List.0: `X` is neither a resource";
            assert!(found.starts_with(place), "{found}");
        }
        assert!(inspected(json!({"A": {"Type": "A", "DependsOn": "X"}})).is_err());
        assert!(inspected(json!({"A": {"Type": "A", "DependsOn": ["X"]}})).is_err());
    }

    #[test]
    fn too_many_resources_are_refused() {
        let resources = (0..451).map(|n| (format!("R{n}"), json!({"Type": "T"}))).collect();
        let found = inspected(Value::Object(resources)).unwrap_err();
        assert!(found.starts_with("stack s, at Resources: 451 resources, and 450 is the most"), "{found}");
    }
}

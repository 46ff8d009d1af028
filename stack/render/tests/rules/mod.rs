//! What must hold between the resources of a template, where Guard cannot say it: that a thing has
//! its counterpart, and that sizes are kept. What a single resource must be is in
//! `templates/policy/lake.guard`.
//!
//! The tests hold rendered lakes to it, and the example `judge` any template, so that `scripts/policy`
//! can show it faults.

use std::collections::BTreeSet;

use serde_json::{Value, json};

mod deliveries;
mod grants;
mod lake_formation;

/// A rule that a resource breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub rule: &'static str,
    pub resource: String,
    pub message: String,
}

/// What a rule has found: logical ids, each with what is wrong.
type Found = Vec<(String, String)>;
type Rule = fn(&Template<'_>) -> Found;

/// A template and its resources, for rules to look at.
pub struct Template<'t>(pub &'t Value);

impl<'t> Template<'t> {
    /// The resources of a type, with their logical ids.
    pub fn of_type(&self, kind: &str) -> Vec<(&'t str, &'t Value)> {
        let resources = self.0["Resources"].as_object().into_iter().flatten();
        let wanted = resources.filter(|(_, resource)| resource["Type"] == kind);
        wanted.map(|(id, resource)| (id.as_str(), resource)).collect()
    }

    pub fn resource(&self, id: &str) -> &'t Value {
        &self.0["Resources"][id]
    }

    fn has(&self, id: &str) -> bool {
        !self.resource(id).is_null()
    }
}

/// Every breach of every rule.
pub fn breaches(template: &Value) -> Vec<Breach> {
    let template = Template(template);
    let rules: [(&'static str, Rule); 17] = [
        ("TLS_ONLY", tls_only),
        ("ALARM_ON_DEAD_LETTERS", alarm_on_dead_letters),
        ("ALARM_ON_FAILED_RUNS", alarm_on_failed_runs),
        ("OWN_ROLE_AND_LOG", own_role_and_log),
        ("LOG_BEFORE_FUNCTION", custom_resource_stands),
        ("EMPTIER_FOR_EVERY_BUCKET", emptier_for_every_bucket),
        ("POLICY_SIZES", policy_sizes),
        ("KEY_FOR_WHAT_IS_ENCRYPTED", grants::key_for_what_is_encrypted),
        ("LANDING_TELLS", landing_tells),
        ("EVERY_ROLE_HAS_ITS_GRANTS", lake_formation::every_role_has_its_grants),
        ("DATABASE_OVER_GOVERNED_BUCKET", lake_formation::the_bucket_below_a_database_is_governed),
        ("LOCATION_HAS_ITS_OWN_ROLE", lake_formation::a_location_has_its_own_role),
        ("OUR_FUNCTION_GOVERNS", lake_formation::our_function_governs),
        ("GRANTS_WAIT", lake_formation::grants_wait),
        ("ROLE_IN_USE", role_in_use),
        ("WHO_DELIVERS_MAY", deliveries::who_delivers_may),
        ("ARRIVALS_WAKE_SOMEBODY", deliveries::arrivals_wake_somebody),
    ];
    let found = rules.iter().flat_map(|(rule, breaches)| {
        let breaches = breaches(&template).into_iter();
        breaches.map(|(resource, message)| Breach { rule, resource, message })
    });
    found.collect()
}

/// One text or several.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text],
        _ => vec![],
    }
}

/// One item or several.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn breach(id: &str, message: impl Into<String>) -> (String, String) {
    (id.to_owned(), message.into())
}

/// A bucket, queue or topic has a policy that names it and refuses everything without TLS, of the
/// thing itself and of what is in it.
fn tls_only(template: &Template<'_>) -> Found {
    let kinds = [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket", "s3:*"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
    ];
    let mut found = vec![];
    for (kind, policy_kind, target, action) in kinds {
        let policies = template.of_type(policy_kind);
        for (id, _) in template.of_type(kind) {
            let denied = policies.iter().any(|(_, policy)| {
                let properties = &policy["Properties"];
                items(&properties[target]).contains(&json!({"Ref": id}))
                    && items(&properties["PolicyDocument"]["Statement"])
                        .iter()
                        .any(|statement| denies_plain_http(statement, id, kind, action))
            });
            if !denied {
                found.push(breach(id, format!("no {policy_kind} refuses {action} without TLS")));
            }
        }
    }
    found
}

fn denies_plain_http(statement: &Value, id: &str, kind: &str, action: &str) -> bool {
    let resources = items(&statement["Resource"]);
    let whole = match kind {
        "AWS::S3::Bucket" => {
            vec![json!({"Fn::GetAtt": [id, "Arn"]}), json!({"Fn::Sub": format!("${{{id}.Arn}}/*")})]
        }
        "AWS::SNS::Topic" => vec![json!({"Ref": id})],
        _ => vec![json!({"Fn::GetAtt": [id, "Arn"]})],
    };
    statement["Effect"] == "Deny"
        && statement["Principal"] == "*"
        && texts(&statement["Action"]) == [action]
        && statement["Condition"] == json!({"Bool": {"aws:SecureTransport": "false"}})
        && whole.iter().all(|part| resources.contains(part))
}

/// A queue that takes what failed has an alarm on its first message.
fn alarm_on_dead_letters(template: &Template<'_>) -> Found {
    let mut targets = BTreeSet::new();
    dead_letter_targets(template.0, &mut targets);
    let alarmed = |id: &str| {
        let dimension = json!([{"Name": "QueueName", "Value": {"Fn::GetAtt": [id, "QueueName"]}}]);
        alarm(template, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", &dimension)
    };
    let silent = targets.into_iter().filter(|id| !alarmed(id));
    silent.map(|id| breach(&id, "no alarm on its messages, though it takes dead letters")).collect()
}

fn dead_letter_targets(value: &Value, targets: &mut BTreeSet<String>) {
    let Some(map) = value.as_object() else {
        return value.as_array().into_iter().flatten().for_each(|item| dead_letter_targets(item, targets));
    };
    let config = &value["DeadLetterConfig"];
    let arns = [&value["deadLetterTargetArn"], &config["Arn"], &config["TargetArn"]];
    targets.extend(arns.into_iter().filter_map(|arn| arn["Fn::GetAtt"][0].as_str()).map(str::to_owned));
    map.values().for_each(|item| dead_letter_targets(item, targets));
}

fn alarm_on_failed_runs(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, _) in template.of_type("AWS::StepFunctions::StateMachine") {
        let dimension = json!([{"Name": "StateMachineArn", "Value": {"Ref": id}}]);
        let metrics = ["ExecutionsFailed", "ExecutionsTimedOut"];
        let silent = metrics.iter().filter(|m| !alarm(template, "AWS/States", m, "Sum", &dimension));
        found.extend(silent.map(|metric| breach(id, format!("no alarm on {metric}"))));
    }
    found
}

fn alarm(template: &Template<'_>, space: &str, metric: &str, statistic: &str, dimensions: &Value) -> bool {
    template.of_type("AWS::CloudWatch::Alarm").iter().any(|(_, alarm)| {
        let properties = &alarm["Properties"];
        properties["Namespace"] == space
            && properties["MetricName"] == metric
            && properties["Statistic"] == statistic
            && properties["Dimensions"] == *dimensions
    })
}

/// Every function has a role of its own, perhaps in another stack, and writes into a group that is declared under its name.
fn own_role_and_log(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, function) in template.of_type("AWS::Lambda::Function") {
        let properties = &function["Properties"];
        let theirs = properties["Role"]["Fn::ImportValue"].as_str().unwrap_or_default();
        let own = json!({"Fn::GetAtt": [format!("{id}Role"), "Arn"]});
        if properties["Role"] != own && !theirs.ends_with(&format!("-{id}RoleArn")) {
            found.push(breach(id, "has no role of its own"));
        }
        let group = &template.resource(&format!("{id}Logs"))["Properties"];
        let name = properties["FunctionName"].as_str().unwrap_or_default();
        let declared = properties["LoggingConfig"]["LogGroup"] == json!({"Ref": format!("{id}Logs")});
        if !declared || group["LogGroupName"] != format!("/aws/lambda/{name}") {
            found.push(breach(id, "has no log group of its own"));
        }
    }
    found
}

/// The function behind a custom resource stands whole before it is asked, and until it has
/// answered the last time.
fn custom_resource_stands(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, emptier) in template.of_type("Custom::EmptyBucket") {
        let after = texts(&emptier["DependsOn"]);
        let bucket = emptier["Properties"]["BucketName"]["Ref"].as_str().unwrap_or_default();
        let needed = [
            format!("{bucket}Policy"),
            "CustomResource".into(),
            "CustomResourceInvocations".into(),
            "CustomResourceLogs".into(),
        ];
        let missing = needed.iter().filter(|need| template.has(need) && !after.contains(&need.as_str()));
        found.extend(missing.map(|need| breach(id, format!("does not wait for `{need}`"))));
        if template.of_type("AWS::S3::Bucket").iter().all(|(id, _)| *id != bucket) {
            found.push(breach(id, "empties no bucket of its stack"));
        }
    }
    let functions = template.of_type("AWS::Lambda::Function");
    for (id, function) in functions.iter().filter(|(id, _)| *id == "Sync") {
        if texts(&function["DependsOn"]) != ["EmptyBucket"] {
            found.push(breach(id, "may still write while its bucket is emptied"));
        }
    }
    if template.has("CustomResource") && !template.has("CustomResourceInvocations") {
        found.push(breach("CustomResource", "a failed request would be repeated after the rollback"));
    }
    found
}

/// The buckets of foundation, which has the key, are emptied by the command line.
fn emptier_for_every_bucket(template: &Template<'_>) -> Found {
    if template.has("Ledger") {
        return vec![];
    }
    let emptied: Vec<_> = template.of_type("Custom::EmptyBucket").into_iter().map(|(_, r)| r).collect();
    let buckets = template.of_type("AWS::S3::Bucket").into_iter();
    let full = buckets.filter(|(id, _)| {
        !emptied.iter().any(|emptier| emptier["Properties"]["BucketName"] == json!({"Ref": id}))
    });
    full.map(|(id, _)| breach(id, "nothing empties it when its stack goes")).collect()
}

/// IAM counts without white space: 2,048 for trust, 10,240 for all that stands in a role.
fn policy_sizes(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let properties = &role["Properties"];
        let policies = items(&properties["Policies"]).iter();
        let inline: usize = policies.map(|policy| policy["PolicyDocument"].to_string().len()).sum();
        if properties["AssumeRolePolicyDocument"].to_string().len() > 2_048 || inline > 10_240 {
            found.push(breach(id, format!("its policies are too large: {inline}")));
        }
    }
    found
}

/// Arrivals are told by the bucket that they arrive in.
fn landing_tells(template: &Template<'_>) -> Found {
    let landing = template.of_type("AWS::S3::Bucket").into_iter().filter(|(id, _)| *id == "Landing");
    let mute = landing.filter(|(_, bucket)| {
        bucket["Properties"]["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
            != true
    });
    mute.map(|(id, _)| breach(id, "tells nobody what arrives")).collect()
}

/// A role for functions without a function is a right that waits for somebody; unless it is handed
/// to another stack.
fn role_in_use(template: &Template<'_>) -> Found {
    let functions = template.of_type("AWS::Lambda::Function");
    let used = |id: &str| {
        let role = json!({"Fn::GetAtt": [id, "Arn"]});
        let outputs = template.0["Outputs"].as_object().into_iter().flatten();
        functions.iter().any(|(_, function)| function["Properties"]["Role"] == role)
            || outputs.into_iter().any(|(_, output)| output["Value"] == role)
    };
    let roles = template.of_type("AWS::IAM::Role").into_iter().filter(|(_, role)| {
        let trust = items(&role["Properties"]["AssumeRolePolicyDocument"]["Statement"]);
        trust.iter().any(|statement| statement["Principal"]["Service"] == "lambda.amazonaws.com")
    });
    roles.filter(|(id, _)| !used(id)).map(|(id, _)| breach(id, "no function uses it")).collect()
}

//! What one service hands another: the receiver's policy must let it in, and somebody must listen.

use serde_json::{Value, json};

use super::{Found, Template, breach, items, texts};

/// Queues let in the rules that have them as target or for dead letters, the topic lets in alarms,
/// and the bucket of access logs their delivery.
pub fn who_delivers_may(template: &Template<'_>) -> Found {
    let mut wanted = vec![];
    for (_, rule) in template.of_type("AWS::Events::Rule") {
        for target in items(&rule["Properties"]["Targets"]) {
            let arns = [&target["Arn"], &target["DeadLetterConfig"]["Arn"]];
            let ids = arns.into_iter().filter_map(|arn| arn["Fn::GetAtt"][0].as_str());
            wanted.extend(ids.map(|id| (id, "Queues", "events.amazonaws.com", "sqs:SendMessage")));
        }
    }
    for (_, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        let ids = items(&alarm["Properties"]["AlarmActions"]).iter().filter_map(|arn| arn["Ref"].as_str());
        wanted.extend(ids.map(|id| (id, "Topics", "cloudwatch.amazonaws.com", "sns:Publish")));
    }
    for (id, bucket) in template.of_type("AWS::S3::Bucket") {
        if bucket["Properties"]["LoggingConfiguration"].is_null() {
            wanted.push((id, "Bucket", "logging.s3.amazonaws.com", "s3:PutObject"));
        } else if logs_beside(template, bucket).is_some_and(|policy| !waits_for(bucket, &policy)) {
            return vec![breach(id, "does not wait until it may write its log")];
        }
    }
    let kept_out = wanted
        .into_iter()
        .filter(|(id, target, service, action)| !lets_in(template, id, target, service, action));
    kept_out
        .map(|(id, _, service, action)| breach(id, format!("does not let `{service}` {action}")))
        .collect()
}

/// The policy of the bucket of access logs, where that is in the same template.
fn logs_beside(template: &Template<'_>, bucket: &Value) -> Option<String> {
    let target = &bucket["Properties"]["LoggingConfiguration"]["DestinationBucketName"];
    let buckets = template.of_type("AWS::S3::Bucket").into_iter();
    let mut beside = buckets.filter(|(_, other)| other["Properties"]["BucketName"] == *target);
    beside.next().map(|(id, _)| format!("{id}Policy"))
}

fn waits_for(resource: &Value, id: &str) -> bool {
    texts(&resource["DependsOn"]).contains(&id)
}

fn lets_in(template: &Template<'_>, id: &str, target: &str, service: &str, action: &str) -> bool {
    let kind = match target {
        "Queues" => "AWS::SQS::QueuePolicy",
        "Topics" => "AWS::SNS::TopicPolicy",
        _ => "AWS::S3::BucketPolicy",
    };
    template.of_type(kind).iter().any(|(_, policy)| {
        items(&policy["Properties"][target]).contains(&json!({"Ref": id}))
            && items(&policy["Properties"]["PolicyDocument"]["Statement"]).iter().any(|statement| {
                statement["Effect"] == "Allow"
                    && texts(&statement["Principal"]["Service"]).contains(&service)
                    && texts(&statement["Action"]).contains(&action)
            })
    })
}

/// A queue that hands on what fails is worked off by a function of the template.
pub fn arrivals_wake_somebody(template: &Template<'_>) -> Found {
    let sources = template.of_type("AWS::Lambda::EventSourceMapping");
    let worked = |id: &str| {
        let arn = json!({"Fn::GetAtt": [id, "Arn"]});
        sources.iter().any(|(_, source)| source["Properties"]["EventSourceArn"] == arn)
    };
    let queues = template.of_type("AWS::SQS::Queue").into_iter();
    let handing_on = queues.filter(|(_, queue)| !queue["Properties"]["RedrivePolicy"].is_null());
    handing_on.filter(|(id, _)| !worked(id)).map(|(id, _)| breach(id, "nobody works it off")).collect()
}

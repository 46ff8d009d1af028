//! What must hold of every resource, whatever the lake: encryption, TLS, least privilege, and
//! what becomes of the data.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod rules;
mod support;

use serde_json::{Value, json};
use support::{all_sets, modelled, of_type, protected, rendered, retail, statements, texts};
use tarn_lake::{Lake, StackId};

/// Types that hold data.
const STATEFUL: [&str; 3] = ["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table"];

#[test]
fn nothing_lacks_its_counterpart() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        assert_eq!(rules::breaches(template.body()), [], "{}", template.name);
    }
}

#[test]
fn data_of_a_protected_lake_outlives_its_stacks() {
    let with_models = Lake { environment: protected().environment, ..modelled() };
    for template in rendered(&protected()).iter().chain(rendered(&with_models).iter()) {
        for (id, resource) in of_type(template, &STATEFUL) {
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
        }
    }
}

#[test]
fn nothing_can_empty_a_bucket_of_a_protected_lake() {
    for template in &rendered(&protected()) {
        let emptiers = of_type(template, &["Custom::EmptyBucket"]);
        assert!(emptiers.iter().all(|(_, r)| r["DeletionPolicy"] == "Retain"), "{}", template.name);
        for statement in statements(template).into_iter().filter(|s| s["Effect"] == "Allow") {
            let actions = texts(&statement["Action"]);
            // A zone has copies, and loses what it may not have any more; that is no loss of data.
            let is_copy = matches!(template.id, StackId::Zone(_)) && statement["Sid"] == "WriteZone";
            let deletes = actions.iter().any(|action| action.starts_with("s3:Delete"));
            assert!(!deletes || is_copy, "{statement}");
        }
    }
}

#[test]
fn an_emptier_never_leaves_the_template_when_a_lake_becomes_protected() {
    let mut now_protected = modelled();
    now_protected.environment.protected = true;
    for (before, after) in rendered(&modelled()).iter().zip(rendered(&now_protected).iter()) {
        let before: Vec<_> = before.resources().collect();
        assert_eq!(before, after.resources().collect::<Vec<_>>());
    }
}

#[test]
fn data_of_another_lake_goes_with_its_stacks() {
    for template in &rendered(&retail()) {
        for (id, resource) in of_type(template, &STATEFUL) {
            assert_eq!(resource["DeletionPolicy"], "Delete", "{id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Delete", "{id}");
        }
    }
}

#[test]
fn every_bucket_is_private_encrypted_versioned_and_logged() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for (id, bucket) in of_type(template, &["AWS::S3::Bucket"]) {
            let properties = &bucket["Properties"];
            let rule = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
            let is_logs = template.id == StackId::Foundation && id == "Logs";
            let algorithm = if is_logs { "AES256" } else { "aws:kms" };
            assert_eq!(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], algorithm, "{id}");
            assert_eq!(rule["BucketKeyEnabled"] == true, !is_logs, "{id}");
            assert_eq!(properties["LoggingConfiguration"].is_null(), is_logs, "{id}");
            assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
            let block = properties["PublicAccessBlockConfiguration"].as_object().unwrap();
            assert!(block.len() == 4 && block.values().all(|on| *on == true), "{id}");
            assert_eq!(properties["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
            let rules = properties["LifecycleConfiguration"]["Rules"].as_array().unwrap();
            assert!(rules.iter().any(|rule| !rule["AbortIncompleteMultipartUpload"].is_null()), "{id}");
        }
    }
}

#[test]
fn whoever_lets_a_service_in_says_for_whom() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for statement in statements(template) {
            let services = texts(&statement["Principal"]["Service"]);
            if services.is_empty() && statement["Principal"]["Service"].is_null()
                || services == ["lambda.amazonaws.com"]
            {
                continue;
            }
            let condition = statement["Condition"].to_string();
            let says = ["aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext"];
            assert!(says.iter().any(|key| condition.contains(key)), "{}: {statement}", template.name);
        }
    }
}

#[test]
fn policies_allow_neither_everything_nor_everybody() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for statement in statements(template).into_iter().filter(|s| s["Effect"] == "Allow") {
            assert_ne!(statement["Principal"], "*", "{statement}");
            assert!(statement.get("NotAction").is_none());
            let actions = texts(&statement["Action"]);
            assert!(!actions.is_empty());
            let is_root = statement["Sid"] == "Account";
            assert!(
                is_root || !actions.iter().any(|action| action.ends_with(":*") || *action == "*"),
                "{statement}"
            );
            // The group would come back after the stack is gone.
            assert!(!actions.contains(&"logs:CreateLogGroup"), "{statement}");
        }
    }
}

#[test]
fn everything_may_be_done_only_where_aws_knows_no_resources() {
    let anywhere = [
        "WriteTraces",
        "DeliverLogs",
        "ReadQueriesOfTheLocalCloud",
        "Govern",
        "ReadWhatIsGranted",
        "ReadRights",
        "FindSparkApplication",
        "FindSparkApplications",
        "MakeSparkApplication",
    ];
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for (id, role) in of_type(template, &["AWS::IAM::Role"]) {
            assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{id}");
            for policy in role["Properties"]["Policies"].as_array().unwrap() {
                for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                    let sid = statement["Sid"].as_str().unwrap();
                    assert!(statement["Resource"] != "*" || anywhere.contains(&sid), "{id}: {statement}");
                }
            }
        }
    }
}

#[test]
fn an_emptier_answers_in_time_and_goes_first() {
    for set in all_sets() {
        for template in &set {
            let buckets = of_type(template, &["AWS::S3::Bucket"]).len();
            let emptiers = of_type(template, &["Custom::EmptyBucket"]);
            let expected = if template.id == StackId::Foundation { 0 } else { buckets };
            assert_eq!(emptiers.len(), expected, "{}", template.name);
            for (id, emptier) in emptiers {
                let seconds = emptier["Properties"]["ServiceTimeout"].as_u64().unwrap();
                assert!((901..3_600).contains(&seconds), "longer than the function's timeout: {id}");
                let bucket = emptier["Properties"]["BucketName"]["Ref"].as_str().unwrap();
                assert!(texts(&emptier["DependsOn"]).contains(&format!("{bucket}Policy").as_str()), "{id}");
            }
        }
    }
}

/// Lambda repeats no event of CloudFormation: the repetition could come after the rollback. And from a
/// network without a way out no answer would come back.
#[test]
fn custom_resources_are_asked_once_and_answer_from_no_network() {
    for set in all_sets() {
        let storage = set.get(&StackId::Storage).unwrap();
        let once = of_type(storage, &["AWS::Lambda::EventInvokeConfig"]);
        let asked = once.iter().filter(|(_, config)| config["Properties"]["MaximumRetryAttempts"] == 0);
        let asked: Vec<&str> =
            asked.filter_map(|(_, config)| config["Properties"]["FunctionName"]["Ref"].as_str()).collect();
        assert_eq!(asked, ["CustomResource", "Govern"]);
        for template in &set {
            for (id, function) in of_type(template, &["AWS::Lambda::Function"]) {
                assert!(function["Properties"]["VpcConfig"].is_null(), "{id}");
            }
            for (id, kind) in template.resources().filter(|(_, kind)| kind.starts_with("Custom::")) {
                let properties = &template.body()["Resources"][id]["Properties"];
                let seconds = properties["ServiceTimeout"].as_u64().unwrap();
                assert!((901..3_600).contains(&seconds), "{id} of type {kind}");
            }
        }
    }
}

#[test]
fn functions_trace_and_keep_their_log_for_a_while() {
    for template in all_sets().iter().flat_map(|set| set.iter()) {
        for (id, function) in of_type(template, &["AWS::Lambda::Function"]) {
            let properties = &function["Properties"];
            assert_eq!(properties["LoggingConfig"]["LogGroup"], json!({"Ref": format!("{id}Logs")}));
            assert_eq!(properties["TracingConfig"]["Mode"], "Active");
            assert_eq!(properties["Runtime"], "provided.al2023");
            let logs = &template.body()["Resources"][format!("{id}Logs")]["Properties"];
            assert!(!logs["RetentionInDays"].is_null() && !logs["KmsKeyId"].is_null(), "{id}");
            let name = properties["FunctionName"].as_str().unwrap();
            assert_eq!(logs["LogGroupName"], Value::from(format!("/aws/lambda/{name}")));
        }
    }
}

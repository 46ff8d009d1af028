"""The resources of templates, with texts in place of references, under names that both sides share.

A resource is known by its type and its name in AWS, which both sides are given. What has no name is
known by what it belongs to: a policy by its bucket, a role by the function that runs as it.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNT, REGION = "123456789012", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
NAMES = {
    "AWS::Athena::WorkGroup": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Crawler": "Name",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
# What a resource without a name of its own belongs to.
OWNERS = {
    "AWS::LakeFormation::Resource": "ResourceArn",
    "AWS::Lambda::EventInvokeConfig": "FunctionName",
    "AWS::Lambda::EventSourceMapping": "FunctionName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
    "Custom::EmptyBucket": "BucketName",
    "Custom::LakeFormationLocation": "Location",
}
ARNS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}"),
}
# `Ref` gives their ARN; of a key an id, which means the same wherever an ARN may stand.
BY_ARN = {"AWS::KMS::Key", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
# Who acts as a role that nothing of its template uses.
PEOPLE = "people"
# What the library adds for itself to empty buckets. Its role stands for that of tarn's handler.
EMPTIER = "CustomS3AutoDeleteObjects"
# What has no rights of its own and no defaults: its role is compared, as that of what it is about.
HELPERS = ("Custom::S3AutoDeleteObjects", "AWS::LakeFormation::PrincipalPermissions", "AWS::LakeFormation::Resource")


@dataclass
class Resource:
    type: str
    name: str
    body: dict
    # Documents of policies that other resources attach to a role.
    attached: list[dict] = field(default_factory=list)


class Template:
    """One template: knows what a reference in it means."""

    def __init__(self, body: dict, prefix: str):
        self.resources, self.prefix = body["Resources"], prefix

    def all(self):
        for logical_id, resource in self.resources.items():
            kind = resource["Type"]
            helper = logical_id.startswith(EMPTIER) or kind in HELPERS
            if not helper and kind not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                body = {key: self.text(value) for key, value in resource.items() if key not in ("Metadata", "DependsOn")}
                yield Resource(kind, self.name(logical_id), body, list(self.attached(logical_id)))

    def attached(self, role: str):
        """The documents of policies that stand beside a role."""
        for policy in self.resources.values():
            if {"Ref": role} in policy.get("Properties", {}).get("Roles", []):
                yield self.text(policy["Properties"]["PolicyDocument"])

    def name(self, logical_id: str) -> str:
        resource = self.resources[logical_id]
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in NAMES and NAMES[kind] in properties:
            return self.text(properties[NAMES[kind]])
        if kind == "AWS::Glue::Database":
            return self.text(properties["DatabaseInput"]["Name"])
        if kind in OWNERS:
            owner = self.text(properties[OWNERS[kind]])
            return owner[0] if isinstance(owner, list) else owner
        if kind == "AWS::IAM::Role":
            own = f"{self.prefix}-custom-resource" if logical_id.startswith(EMPTIER) else properties.get("RoleName")
            return self.text(own) if own else self.user(logical_id)
        if kind == "AWS::KMS::Key":
            return "key"
        return logical_id

    def user(self, role: str) -> str:
        """Who acts as a role; a role that nothing of its template uses is for people."""
        reference = json.dumps({"Fn::GetAtt": [role, "Arn"]})
        for logical_id, other in self.resources.items():
            properties = other.get("Properties", {})
            places = [properties.get("Role"), properties.get("RoleArn"), properties.get("Target", {}).get("RoleArn")]
            if logical_id != role and any(json.dumps(place) == reference for place in places):
                return self.name(logical_id)
        return PEOPLE

    def text(self, value):
        """The value with texts in place of references, such as CloudFormation would send."""
        if isinstance(value, list):
            return [self.text(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            known = {
                "Ref": self.reference, "Fn::GetAtt": self.attribute, "Fn::Sub": self.substituted,
                "Fn::Join": self.joined, "Fn::ImportValue": self.imported,
                "Fn::Select": lambda parts: self.text(parts[1])[int(parts[0])],
                "Fn::Split": lambda parts: self.text(parts[1]).split(parts[0]),
            }
            if function in known:
                return known[function](argument)
        return {key: self.text(item) for key, item in value.items()}

    def reference(self, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        return self.arn(name) if self.resources[name]["Type"] in BY_ARN else self.name(name)

    def attribute(self, argument) -> str:
        logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return self.arn(logical_id) if attribute in ("Arn", "TopicArn") else self.name(logical_id)

    def arn(self, logical_id: str) -> str:
        kind, name = self.resources[logical_id]["Type"], self.name(logical_id)
        if kind == "AWS::KMS::Key":
            return KEY
        if kind == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{name}"
        if kind == "AWS::IAM::Role":
            return f"arn:aws:iam::{ACCOUNT}:role/{name}"
        service, path = ARNS[kind]
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{path.format(name)}"

    def substituted(self, text: str) -> str:
        def put(found):
            name, _, attribute = found[1].partition(".")
            return self.attribute([name, attribute]) if attribute else self.reference(name)
        return re.sub(r"\$\{([^!}][^}]*)\}", put, text).replace("${!", "${")

    def joined(self, argument: list) -> str:
        return argument[0].join(str(self.text(part)) for part in argument[1])

    def imported(self, export: str) -> str:
        """What another stack exports: the key, or a role."""
        roles = {"EmptierRoleArn": "custom-resource", "GovernRoleArn": f"govern-{REGION}"}
        word = export.rpartition("-")[2]
        return KEY if word == "KeyArn" else f"arn:aws:iam::{ACCOUNT}:role/{self.prefix}-{roles[word]}"


def load(files: list[Path], prefix: str) -> dict[tuple[str, str], Resource]:
    """All resources of a lake's templates, by type and name."""
    found = {}
    for file in files:
        for resource in Template(json.loads(file.read_text()), prefix).all():
            if resource.name == PEOPLE:
                resource.name += f" of {file.name.split('.')[0].rpartition('-')[2]}"
            found[resource.type, resource.name] = resource
    return found

"""Rendered templates as data: what is in them, and what stands behind a reference."""

import json
import re
from pathlib import Path

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
}
ARN = "arn:aws:{service}:eu-west-1:123456789012:{path}"
# Types whose ARN is needed to judge a policy; S3's and IAM's have their own shape.
ARNS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{name}"),
    "AWS::KMS::Key": ("kms", "key/{name}"),
    "AWS::Lambda::Function": ("lambda", "function:{name}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{name}:*"),
    "AWS::SNS::Topic": ("sns", "{name}"),
    "AWS::SQS::Queue": ("sqs", "{name}"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{name}"),
    "AWS::Events::Rule": ("events", "rule/{name}"),
}


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def resources(template: dict) -> dict:
    return template.get("Resources") or {}


def kind(template: dict, logical_id: str) -> str:
    resource = resources(template).get(logical_id)
    return resource.get("Type", "") if isinstance(resource, dict) else ""


def arn(template: dict, logical_id: str) -> str:
    """The ARN of a resource, with its logical id in lower case for a name."""
    type_, name = kind(template, logical_id), logical_id.lower()
    if type_ == "AWS::S3::Bucket":
        return f"arn:aws:s3:::{name}"
    if type_ == "AWS::IAM::Role":
        return f"arn:aws:iam::123456789012:role/{name}"
    service, path = ARNS.get(type_, ("unknown", "{name}"))
    return ARN.format(service=service, path=path.format(name=name))


def imported(export: str) -> str:
    """What another stack exports: the key, the secret, or the role that empties buckets."""
    if export.endswith("-HashKeyArn"):
        return ARN.format(service="secretsmanager", path="secret:lake")
    if export.endswith("KeyArn"):
        return ARN.format(service="kms", path="key/lake")
    return f"arn:aws:iam::123456789012:role/{export.lower()}"


def resolved(template: dict, value):
    """The value with texts in place of references, such as CloudFormation would send."""
    if isinstance(value, list):
        return [resolved(template, item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, argument), = value.items()
        if function == "Ref":
            return PSEUDO.get(argument) or reference(template, argument)
        if function == "Fn::GetAtt":
            return arn(template, argument[0])
        if function == "Fn::ImportValue":
            return imported(argument)
        if function == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda found: substituted(template, found[1]), argument)
    return {key: resolved(template, item) for key, item in value.items()}


def reference(template: dict, logical_id: str) -> str:
    """What `Ref` gives: of topics and state machines the ARN, of others a name."""
    by_arn = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
    return arn(template, logical_id) if kind(template, logical_id) in by_arn else logical_id.lower()


def substituted(template: dict, name: str) -> str:
    if name in PSEUDO:
        return PSEUDO[name]
    logical_id, _, attribute = name.partition(".")
    return arn(template, logical_id) if attribute else reference(template, logical_id)

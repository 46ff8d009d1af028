"""Single faults, made of the rendered templates themselves.

Every property of every resource is taken away, turned round, opened to all, made huge or nothing, or
given a weaker value; policies get a statement too many, resources go missing. The kind of a fault is
the resource's type, the path of the property and what was done to it.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

STAR = "*"
OTHER_KEY = "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"
STRANGER = "arn:aws:iam::999999999999:root"
# What a word may be weakened to.
WEAKER = {
    "ALL": "ERROR",
    "Active": "PassThrough",
    "BucketOwnerEnforced": "ObjectWriter",
    "DISTRIBUTED": "INLINE",
    "ENABLED": "DISABLED",
    "Enabled": "Disabled",
    "FULL": "NONE",
    "KMS": "AES256",
    "LOG": "UPDATE_IN_DATABASE",
    "Retain": "Delete",
    "RetainExceptOnCreate": "Delete",
    "SSE_KMS": "SSE_S3",
    "STANDARD": "EXPRESS",
    "aws:kms": "AES256",
    "notBreaching": "missing",
    "provided.al2023": "python3.8",
}
ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn")
OPEN_STATEMENT = {"Sid": "Planted", "Effect": "Allow", "Action": STAR, "Resource": STAR}
PUBLIC_STATEMENT = {**OPEN_STATEMENT, "Principal": STAR}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
# What is planted into a resource: the path, and the value that is put or added there.
PLANTED = {
    "AWS::DynamoDB::Table": [("StreamSpecification.StreamViewType", "OLD_IMAGES_AND_NEW")],
    "AWS::IAM::Role": [
        ("ManagedPolicyArns", [ADMINISTRATOR]),
        ("Policies[]", {"PolicyName": "planted", "PolicyDocument": {"Version": "2012-10-17", "Statement": [OPEN_STATEMENT]}}),
        ("AssumeRolePolicyDocument.Statement[]", {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}),
    ],
    "AWS::KMS::Key": [
        ("BypassPolicyLockoutSafetyCheck", True),
        ("KeyPolicy.Statement[]", {"Sid": "P", "Effect": "Allow", "Principal": STAR, "Action": "kms:Decrypt", "Resource": STAR}),
        ("KeyPolicy.Statement[]", {"Sid": "P", "Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "kms:Decrypt", "Resource": STAR}),
    ],
    "AWS::Lambda::Function": [
        ("Environment.Variables.DATABASE_PASSWORD", "hunter2hunter2"),
        ("Environment.Variables.AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("Layers", ["arn:aws:lambda:eu-west-1:999999999999:layer:theirs:1"]),
    ],
    "AWS::Lambda::EventSourceMapping": [("Enabled", False)],
    "AWS::S3::Bucket": [
        ("AccessControl", "PublicRead"),
        ("WebsiteConfiguration", {"IndexDocument": "index.html"}),
        ("CorsConfiguration", {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": [STAR]}]}),
    ],
    "AWS::S3::BucketPolicy": [
        ("PolicyDocument.Statement[]", PUBLIC_STATEMENT),
        ("PolicyDocument.Statement[]", {**PUBLIC_STATEMENT, "Principal": {"AWS": STRANGER}, "Action": "s3:GetObject"}),
    ],
    "AWS::SQS::QueuePolicy": [("PolicyDocument.Statement[]", PUBLIC_STATEMENT)],
    "AWS::SNS::TopicPolicy": [("PolicyDocument.Statement[]", PUBLIC_STATEMENT)],
    "AWS::Glue::Crawler": [("Schedule", {"ScheduleExpression": "cron(* * * * ? *)"})],
    "AWS::CloudWatch::Alarm": [("ActionsEnabled", False)],
}
# New resources, planted once into a template that has the first named type.
BESIDE = {
    "AWS::Lambda::Function": [
        ("AWS::Lambda::Permission", {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": STAR}),
        ("AWS::Lambda::Permission", {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "s3.amazonaws.com"}),
        ("AWS::Lambda::Url", {"AuthType": "NONE", "TargetFunctionArn": "f"}),
        ("AWS::Lambda::Url", {"AuthType": "AWS_IAM", "TargetFunctionArn": "f"}),
    ],
    "AWS::IAM::Role": [
        ("AWS::IAM::User", {"ManagedPolicyArns": [ADMINISTRATOR]}),
        ("AWS::IAM::AccessKey", {"UserName": "somebody"}),
        ("AWS::IAM::ManagedPolicy", {"PolicyDocument": {"Version": "2012-10-17", "Statement": [OPEN_STATEMENT]}}),
    ],
    "AWS::S3::Bucket": [("AWS::S3::Bucket", {}), ("AWS::SecretsManager::Secret", {"SecretString": "hunter2hunter2"})],
    "AWS::SQS::Queue": [("AWS::SQS::Queue", {}), ("AWS::SNS::Topic", {}), ("AWS::SNS::Subscription", {"Protocol": "http", "Endpoint": "http://example.com", "TopicArn": {"Ref": "Notices"}})],
}

# Secrets told to whoever may look at the stack.
TOLD = [
    ("Outputs", "SecretValue", {"Value": "{{resolve:secretsmanager:prod:SecretString:password}}"}),
    ("Outputs", "ApiPassword", {"Value": "hunter2hunter2"}),
    ("Parameters", "DatabasePassword", {"Type": "String", "Default": "hunter2"}),
]


@dataclass
class Fault:
    """A fault of a template, and how to make it."""

    type: str
    path: str
    operator: str
    source: str  # the file's name without the fault
    resource: str
    make: Callable[[dict], None]

    @property
    def kind(self) -> str:
        return " ".join(part for part in (self.type, self.path, self.operator) if part)

    def made(self, template: dict) -> dict:
        changed = copy.deepcopy(template)
        self.make(changed)
        return changed


def faults(source: str, template: dict) -> Iterator[Fault]:
    """Every single fault of a template."""
    for logical_id, resource in template["Resources"].items():
        type_ = resource["Type"]
        for path, operator, steps, change in changes(resource):
            make = partial(apply, ["Resources", logical_id, *steps], change)
            yield Fault(type_, path, operator, source, logical_id, make)
        make = partial(apply, ["Resources", logical_id], remove)
        yield Fault(type_, "", "missing", source, logical_id, make)
    yield from planted_beside(source, template)


def planted_beside(source: str, template: dict) -> Iterator[Fault]:
    types = {resource["Type"] for resource in template["Resources"].values()}
    for beside, resources in BESIDE.items():
        for type_, properties in resources if beside in types else ():
            make = plant_at("Resources", "Planted", {"Type": type_, "Properties": properties})
            yield Fault(type_, describe(properties), "planted", source, "Planted", make)
    for section, name, value in TOLD:
        yield Fault(section, name, "planted", source, "", plant_at(section, name, value))


def plant_at(section: str, name: str, value: dict):
    def make(template):
        template.setdefault(section, {})[name] = copy.deepcopy(value)
    return make


def describe(properties: dict) -> str:
    return ",".join(f"{key}={value}" for key, value in properties.items() if isinstance(value, str))


# A change is told by its path (for people), what is done, the steps to the place, and a function
# that does it to the container there.
def changes(resource: dict) -> Iterator[tuple]:
    for attribute in ATTRIBUTES:
        if attribute in resource:
            yield attribute, "remove", [attribute], remove
            yield from of_value(attribute, [attribute], resource[attribute])
    yield from of_members("Properties", ["Properties"], resource.get("Properties", {}), resource["Type"])
    for path, value in PLANTED.get(resource["Type"], ()):
        yield f"Properties.{path} = {shown(value)}", "planted", ["Properties"], plant(path, value)


def shown(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def of_members(path: str, steps: list, value, type_: str) -> Iterator[tuple]:
    """The changes inside a map or a list."""
    if is_reference(value):
        return
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        inner, there = inner_path(path, key, member), [*steps, key]
        if not only_takes_away(path, value, key, type_):
            yield inner, "remove", there, remove
        yield from of_value(inner, there, member)
        if isinstance(member, (dict, list)):
            yield from of_members(inner, there, member, type_)


def inner_path(path: str, key, member) -> str:
    if isinstance(key, int):
        # A statement of what it does; of other items only that they are items.
        effect = member.get("Effect", "") if isinstance(member, dict) else ""
        return f"{path}[{effect}]"
    if path.endswith("States") and isinstance(member, dict):
        return f"{path}.<{member.get('Type')}>"
    return f"{path}.{key}"


def only_takes_away(path: str, container, key, type_: str) -> bool:
    """Whether without it a role may do less: that fails safe, and the local cloud's tests notice."""
    if type_ != "AWS::IAM::Role":
        return False
    in_allow = "[Allow]" in path and path.split("[Allow]")[-1] in (".Action", ".Resource")
    whole = path.endswith("PolicyDocument.Statement") and isinstance(key, int) and container[key].get("Effect") == "Allow"
    return in_allow or whole


def of_value(path: str, steps: list, value) -> Iterator[tuple]:
    """The changes of one value where it stands."""
    key = path.rpartition(".")[2]
    if key in ("Action", "Resource", "Principal") and value != STAR and "States" not in path:
        yield path, "star", steps, put(STAR)
    if key == "Principal" and value != STAR:
        yield path, "stranger", steps, put({"AWS": STRANGER})
    if key == "Effect" and value == "Deny":
        yield path, "allow", steps, put("Allow")
    if is_lake_key(value):
        yield path, "another key", steps, put(OTHER_KEY)
    if isinstance(value, bool):
        yield path, "turn", steps, put(not value)
    elif isinstance(value, int):
        yield path, "huge", steps, put(value * 1000 + 1000)
        if value:
            yield path, "zero", steps, put(0)
    elif value in ("true", "false"):
        yield path, "turn", steps, put("true" if value == "false" else "false")
    elif isinstance(value, str) and value in WEAKER:
        yield path, "weaken", steps, put(WEAKER[value])


def is_reference(value) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def is_lake_key(value) -> bool:
    if not is_reference(value):
        return False
    (function, argument), = value.items()
    return (function == "Fn::ImportValue" and argument.endswith("-KeyArn")) or value == {"Fn::GetAtt": ["Key", "Arn"]}


def apply(steps: list, change, template: dict) -> None:
    container = template
    for step in steps[:-1]:
        container = container[step]
    change(container, steps[-1])


def remove(container, key) -> None:
    del container[key]


def put(value):
    def change(container, key):
        container[key] = copy.deepcopy(value)
    return change


def plant(path: str, value):
    def change(resource, properties):
        container = resource.setdefault(properties, {})
        *outer, last = path.removesuffix("[]").split(".")
        for step in outer:
            container = container.setdefault(step, {})
        if path.endswith("[]"):
            container.setdefault(last, []).append(copy.deepcopy(value))
        else:
            container[last] = copy.deepcopy(value)
    return change

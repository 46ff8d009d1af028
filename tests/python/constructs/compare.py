"""Two resources side by side: every property that the library's has, every right that tarn's gives."""

import json
import re
from dataclasses import dataclass

from . import policies
from .resources import ACCOUNT, KEY, REGION, Resource

# Policies are not compared as properties but by what they say; the paths below `Properties`.
DOCUMENTS = {
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns"),
    "AWS::KMS::Key": ("KeyPolicy",),
    "AWS::S3::BucketPolicy": ("PolicyDocument",),
    "AWS::SNS::TopicPolicy": ("PolicyDocument",),
    "AWS::SQS::QueuePolicy": ("PolicyDocument",),
}
# What is no property of a construct: where the code lies, what a machine does, names for people.
HIDDEN = {
    "AWS::Lambda::Function": ("Code.S3Key",),
    "AWS::StepFunctions::StateMachine": ("DefinitionString",),
}
# Lists whose items are known by a word of their own, not by their place.
KNOWN_BY = {"LifecycleConfiguration.Rules": "Id", "Properties.Tags": "Key"}
ABSENT = "absent"


@dataclass(frozen=True, order=True)
class Difference:
    type: str
    name: str
    path: str
    cdk: str
    tarn: str


def properties(resource: Resource) -> dict[str, str]:
    """The resource's attributes and properties as paths with values, without its policies."""
    found = {}
    without = (*DOCUMENTS.get(resource.type, ()), *HIDDEN.get(resource.type, ()))
    hidden = {f"Properties.{name}" for name in without}
    for key, value in resource.body.items():
        flatten(key, value, hidden, found)
    return found


def flatten(path: str, value, hidden: set[str], found: dict[str, str]):
    if path in hidden:
        return
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if value in ([], {}):
        found[path] = str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            flatten(f"{path}.{key}", item, hidden, found)
    elif isinstance(value, list):
        word = next((word for end, word in KNOWN_BY.items() if path.endswith(end)), None)
        for place, item in enumerate(value):
            known = item.get(word, place) if word else place
            flatten(f"{path}[{known}]", item, hidden, found)
    else:
        found[path] = said(value)


def said(value) -> str:
    """A scalar in one spelling: CloudFormation takes numbers and truths as texts too."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def documents(resource: Resource) -> dict[str, list[policies.Statement]]:
    """What the resource lets and forbids, by what it is about."""
    written = resource.body.get("Properties", {})
    if resource.type == "AWS::IAM::Role":
        own = [policy["PolicyDocument"] for policy in written.get("Policies", [])] + resource.attached
        rights = [statement for document in own for statement in policies.read(document)]
        rights += policies.managed(written.get("ManagedPolicyArns", []))
        return {"trust": policies.read(written["AssumeRolePolicyDocument"]), "rights": rights}
    return {"policy": policies.read(written[name]) for name in DOCUMENTS.get(resource.type, ()) if name in written}


def compare(short, cdk: Resource, tarn: Resource | None):
    """Every way in which tarn's resource is not as the library's; texts without the lake's own words."""
    name = short(cdk.name)
    if tarn is None:
        yield Difference(cdk.type, name, "", "a resource", ABSENT)
        return
    ours = properties(tarn)
    for path, value in properties(cdk).items():
        if ours.get(path) != value:
            yield Difference(cdk.type, name, path, short(value), short(ours.get(path, ABSENT)))
    theirs, tarns = documents(cdk), documents(tarn)
    for about in theirs | tarns:
        his, own = theirs.get(about, []), tarns.get(about, [])
        for sid, parts in by_sid(policies.beyond(own, his, "Allow")).items():
            yield Difference(cdk.type, name, f"{about}: {sid}", ABSENT, short(told(parts)))
        for sid, parts in by_sid(policies.beyond(his, own, "Deny")).items():
            yield Difference(cdk.type, name, f"{about}: {sid}", short(told(parts)), ABSENT)


def by_sid(parts: list[policies.Statement]) -> dict[str, list[policies.Statement]]:
    found = {}
    for part in parts:
        found.setdefault(part.sid or part.effect, []).append(part)
    return found


def told(parts: list[policies.Statement]) -> str:
    """Parts of one statement as a text: who may do what on what, and when."""
    who = sorted({part.principals[0] for part in parts} - {"*"})
    what = sorted({part.actions[0] for part in parts})
    on = sorted({part.resources[0] for part in parts})
    when = [f"when {each.key} is {' or '.join(sorted(each.values))}" for each in parts[0].conditions]
    return " ".join([*who, *what, "on", *on, *when])


def shortener(prefix: str, zones: list[str]):
    """Takes from a text what differs from lake to lake and from zone to zone."""
    words = {prefix: "LAKE", prefix.replace("-", "_"): "LAKE", KEY: "KEY", ACCOUNT: "ACCOUNT", REGION: "REGION"}
    words |= dict.fromkeys(zones, "ZONE")
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    return lambda text: pattern.sub(lambda found: words[found[0]], text)

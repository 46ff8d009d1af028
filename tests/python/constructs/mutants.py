"""Breaks tarn's resources, one thing at a time: the comparison must see each."""

import copy
from dataclasses import replace

from .compare import DOCUMENTS, documents, properties
from .policies import beyond, read
from .resources import Resource

ELSEWHERE = {"StringEquals": {"aws:RequestedRegion": "nowhere"}}
EVERYTHING = {"Sid": "Planted", "Effect": "Allow", "Action": "*", "Resource": "*"}


def mutants(cdk: Resource, tarn: Resource):
    """Copies of a resource of tarn's, each less strict than the library's in one way, with what it is."""
    known = properties(cdk)
    for path, steps in leaves("", (), tarn.body):
        if any(each == path or each.startswith((f"{path}.", f"{path}[")) for each in known):
            yield f"without {path}", changed(tarn, steps, None)
            yield f"another {path}", changed(tarn, steps, "something else")
    for steps in statements(tarn):
        statement = at(tarn.body, steps)
        if statement["Effect"] == "Deny":
            yield "without a Deny", changed(tarn, steps, None)
            yield "with a Deny of something else", changed(tarn, steps, statement | {"Condition": ELSEWHERE})
        else:
            anybody = {"Principal": "*"} if "Principal" in statement else {}
            yield "with all rights", changed(tarn, steps, EVERYTHING | anybody)
            yield "with any action", changed(tarn, steps, statement | {"Action": "*"})
            if bound(cdk, statement):
                yield "without its condition", changed(tarn, steps, statement | {"Condition": {}})


def bound(cdk: Resource, statement: dict) -> bool:
    """Whether a statement's condition counts: the library says none of it without one."""
    free = [each for about in documents(cdk).values() for each in about if not each.conditions]
    return "Condition" in statement and bool(beyond(read({"Statement": statement}), free, "Allow"))


def leaves(path: str, steps: tuple, value):
    """Every scalar of a resource's body: its path as the comparison spells it by place, and the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(f"{path}.{key}" if path else key, (*steps, key), item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            word = item.get("Id", item.get("Key", place)) if isinstance(item, dict) else place
            word = place if "Targets" in path else word
            yield from leaves(f"{path}[{word}]", (*steps, place), item)
    else:
        yield path, steps


def statements(tarn: Resource):
    """The ways to every statement of the resource's policies."""
    for name in DOCUMENTS.get(tarn.type, ()):
        written = tarn.body["Properties"].get(name)
        if isinstance(written, dict):
            yield from (("Properties", name, "Statement", place) for place in range(len(written["Statement"])))
        elif name == "Policies" and written:
            for number, policy in enumerate(written):
                places = range(len(policy["PolicyDocument"]["Statement"]))
                yield from (("Properties", name, number, "PolicyDocument", "Statement", place) for place in places)


def at(value, steps: tuple):
    for step in steps:
        value = value[step]
    return value


def changed(tarn: Resource, steps: tuple, value) -> Resource:
    """A copy with another value at a place, or with nothing there."""
    body = copy.deepcopy(tarn.body)
    holder = at(body, steps[:-1])
    if value is None:
        del holder[steps[-1]]
    else:
        holder[steps[-1]] = value
    return replace(tarn, body=body)

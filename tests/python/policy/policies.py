"""The policies of live roles, and what is left of one when a single right is taken out."""

import contextlib
import json
import re
from dataclasses import dataclass

from .account import Account

POLICY = "handler"
# The ids that AWS makes up for keys and secrets.
UNLIKE = re.compile(r"(:key/|:secret:).+")


@dataclass(frozen=True, order=True)
class Right:
    """One action of one statement on one resource."""

    statement: str
    action: str
    resource: str

    @property
    def place(self) -> str:
        """The resource, with words for what is another in every account."""
        return UNLIKE.sub(lambda found: f"{found[1]}ID", self.resource)

    def text(self, role: str) -> str:
        return f"{role} {self.statement} {self.action} {self.place}"


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statements(document: dict) -> list[dict]:
    """The statements that allow, with lists where a single word may stand."""
    found = []
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            both = {key: listed(statement[key]) for key in ("Action", "Resource")}
            found.append({**statement, **both})
    return found


def rights(document: dict) -> list[Right]:
    return [
        Right(statement["Sid"], action, resource)
        for statement in statements(document)
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def without(document: dict, right: Right) -> dict:
    """The document with all that it allows but one action on one resource."""
    left = [statement for statement in document["Statement"] if statement["Effect"] != "Allow"]
    for statement in statements(document):
        if statement["Sid"] != right.statement:
            left.append(statement)
            continue
        others = [resource for resource in statement["Resource"] if resource != right.resource]
        actions = [action for action in statement["Action"] if action != right.action]
        if others:
            left.append({**statement, "Resource": others})
        if actions:
            again = {"Sid": f"{statement['Sid']}Rest"} if others else {}
            left.append({**statement, **again, "Action": actions, "Resource": [right.resource]})
    return {**document, "Statement": left}


class OfRole:
    """The policy of a function's role."""

    def __init__(self, account: Account, word: str):
        self.account, self.name = account, account.role_of(word)
        attached = account.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]
        names = account.iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        assert names == [POLICY] and not attached, f"{self.name} has {names} and {attached}"
        self.document = account.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY)["PolicyDocument"]

    def put(self, document: dict) -> None:
        written = json.dumps(document)
        self.account.iam.put_role_policy(RoleName=self.name, PolicyName=POLICY, PolicyDocument=written)

    def now(self) -> list[dict]:
        found = self.account.iam.get_role_policy(RoleName=self.name, PolicyName=POLICY)
        return statements(found["PolicyDocument"])


class OfBucket:
    """The policy of a bucket, for what it lets a role of another stack do."""

    def __init__(self, account: Account, word: str):
        self.account, self.name = account, account.bucket(word)
        self.document = json.loads(account.s3.get_bucket_policy(Bucket=self.name)["Policy"])

    def put(self, document: dict) -> None:
        self.account.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(document))


@contextlib.contextmanager
def taken_out(policy, right: Right):
    """Takes a right out of a live policy for as long as the block lasts."""
    policy.put(without(policy.document, right))
    try:
        yield
    finally:
        policy.put(policy.document)

"""Policies as what they let and forbid, and whether one statement reaches as far as another."""

import re
from dataclasses import dataclass

# What the managed policies let that the library attaches; from AWS's reference of managed policies.
MANAGED = {
    "service-role/AWSLambdaBasicExecutionRole": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
}


# Operators that ask for one of several texts; those of the second kind know `*`.
EXACT, PATTERNS = {"StringEquals"}, {"ArnEquals", "ArnLike", "StringLike"}


@dataclass(frozen=True)
class Condition:
    operator: str
    key: str
    values: tuple[str, ...]

    def within(self, bound: "Condition") -> bool:
        """Whether whatever fulfils this condition fulfils the other too."""
        texts = self.operator in EXACT | PATTERNS and bound.operator in EXACT | PATTERNS
        if self.key != bound.key or not (texts or self.operator == bound.operator):
            return False
        reached = matches if bound.operator in PATTERNS else str.__eq__
        return all(any(reached(wanted, value) for wanted in bound.values) for value in self.values)


@dataclass(frozen=True)
class Statement:
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple["Condition", ...]

    def parts(self):
        """One statement for each action, resource and principal."""
        for action in self.actions:
            for resource in self.resources:
                for principal in self.principals:
                    yield Statement(self.sid, self.effect, (action,), (resource,), (principal,), self.conditions)

    def reaches(self, part: "Statement") -> bool:
        """Whether all that the part says is said by this statement too."""
        return (
            self.effect == part.effect
            and any(matches(pattern.lower(), part.actions[0].lower()) for pattern in self.actions)
            and any(matches(pattern, part.resources[0]) for pattern in self.resources)
            and any(pattern in ("*", part.principals[0]) for pattern in self.principals)
            and all(any(one.within(bound) for one in part.conditions) for bound in self.conditions)
        )


def matches(pattern: str, text: str) -> bool:
    said = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(said, text, re.DOTALL) is not None


def beyond(statements: list[Statement], others: list[Statement], effect: str) -> list[Statement]:
    """What the statements of one effect say and none of the others does."""
    parts = [part for each in statements if each.effect == effect for part in each.parts()]
    return [part for part in parts if not any(other.reaches(part) for other in others)]


def read(document: dict) -> list[Statement]:
    return [
        Statement(
            each.get("Sid", ""), each["Effect"], tuple(listed(each["Action"])), tuple(listed(each.get("Resource", "*"))),
            tuple(principals(each.get("Principal", "*"))), conditions(each.get("Condition", {})),
        )
        for each in listed(document["Statement"])
    ]


def managed(arns: list[str]) -> list[Statement]:
    """What AWS's own policies let."""
    found = []
    for arn in arns:
        name = arn.partition(":policy/")[2]
        found.append(Statement(name, "Allow", tuple(MANAGED[name]), ("*",), ("*",), ()))
    return found


def principals(value) -> list[str]:
    if value in ("*", {"AWS": "*"}):
        return ["*"]
    return [f"{kind}:{each}" for kind, names in value.items() for each in listed(names)]


def conditions(value: dict) -> tuple[Condition, ...]:
    return tuple(
        Condition(operator, key.lower(), tuple(str(each) for each in listed(values)))
        for operator, keys in value.items()
        for key, values in keys.items()
    )


def listed(value) -> list:
    return value if isinstance(value, list) else [value]

"""What a checker finds, and the list of findings that are argued."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    checker: str
    rule: str
    template: str  # the file's name
    resource: str  # the logical id; empty where a checker names none
    type: str = ""
    message: str = field(default="", compare=False)


@dataclass
class Allowed:
    """An entry of the list: a finding that stays, and why."""

    checker: str
    rule: str
    resource: str
    reason: str
    used: bool = False

    def __post_init__(self):
        if not self.reason.strip():
            raise ValueError(f"{self.checker} {self.rule}: an entry without a reason")
        self.pattern = glob(self.rule)

    def covers(self, finding: Finding) -> bool:
        return (
            finding.checker == self.checker
            and self.resource in (finding.resource, finding.type)
            and self.pattern.fullmatch(finding.rule) is not None
        )


def glob(text: str) -> re.Pattern:
    """A text in which `*` stands for anything; to say a star, write `\\*`."""
    parts = re.split(r"(\\\*|\*)", text)
    said = {"*": ".*", r"\*": r"\*"}
    return re.compile("".join(said.get(part, re.escape(part)) for part in parts))


def read_allowed(path: Path) -> list[Allowed]:
    """The list; an entry may name several rules and several resources at once."""
    entries = tomllib.loads(path.read_text())["allow"]
    return [
        Allowed(entry["checker"], rule, resource, entry["reason"])
        for entry in entries
        for rule in listed(entry["rule"])
        for resource in listed(entry["resource"])
    ]


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def unargued(findings: list[Finding], allowed: list[Allowed]) -> list[Finding]:
    """The findings that no entry covers; marks the entries that cover one."""
    left = []
    for finding in findings:
        covering = [entry for entry in allowed if entry.covers(finding)]
        for entry in covering:
            entry.used = True
        if not covering:
            left.append(finding)
    return left

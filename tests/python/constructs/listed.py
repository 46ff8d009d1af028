"""The list of differences that stay, each with its reason, and whether it is still true."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .compare import ABSENT, Difference

JUDGEMENTS = ("stricter", "same", "wider")


@dataclass
class Entry:
    """A difference that stays. `of` and `path` may be lists; without `of` it is of every resource of the type."""

    type: str
    path: tuple[str, ...]
    judgement: str
    reason: str
    of: tuple[str, ...] = ()
    cdk: str = ABSENT
    tarn: str = ABSENT
    used: bool = False

    def covers(self, difference: Difference) -> bool:
        return (
            self.type == difference.type
            and (not self.of or difference.name in self.of)
            and difference.path in self.path
            and (self.cdk, self.tarn) == (difference.cdk, difference.tarn)
        )


class Listed:
    def __init__(self, path: Path):
        written = tomllib.loads(path.read_text())
        self.entries = [entry(each) for each in written["difference"]]
        # Types that the library has no construct for, or that are compared elsewhere.
        self.alone = {each["type"]: each["reason"] for each in written["alone"]}

    def mark(self, differences):
        """Notes which entries are of a difference that is there."""
        for each in self.entries:
            each.used |= any(each.covers(difference) for difference in differences)

    def unlisted(self, differences) -> list[Difference]:
        """The differences that no entry covers."""
        return [each for each in differences if not any(entry.covers(each) for entry in self.entries)]


def entry(written: dict) -> Entry:
    made = Entry(**written | {key: several(written.get(key, ())) for key in ("of", "path")})
    if made.judgement not in JUDGEMENTS or not made.reason.strip():
        raise ValueError(f"{made.type} {made.path}: wants a reason, and a judgement of {JUDGEMENTS}")
    return made


def several(value) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)

"""What must hold of every lake that is right, tried on random ones: `scripts/policy random`.

They render, the same way twice, within CloudFormation's limits; the checkers are content; and a table
or a zone more changes no logical id and no property that would have CloudFormation replace data.
"""

import dataclasses
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from . import checkers, lakes
from .findings import unargued

ENVIRONMENT = "dev"
MOST_BYTES = {"foundation": 51_200}
MOST_RESOURCES, MOST_OUTPUTS, MOST_CHARACTERS = 450, 200, 1_000_000
HOLDS_DATA = {
    "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::Glue::Database", "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
}
# Checkers that take a second for a hundred templates; the others see the examples and samples.
QUICK = ["lake.guard", "judge", "cloudformation-validate"]


class Wrong(Exception):
    """A property does not hold."""


@dataclass
class Rendered:
    """The templates of a lake, by their files' names."""

    folder: Path

    def texts(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in sorted(self.folder.glob("*.json"))}

    def templates(self) -> dict[str, dict]:
        return {name: json.loads(text) for name, text in self.texts().items()}


def tried(count: int, first: int, tarn: Path, work: Path, tools: checkers.Tools, allowed: list) -> int:
    """Tries so many lakes; returns how many templates there were."""
    with ThreadPoolExecutor() as pool:
        kept = list(pool.map(lambda seed: one(seed, tarn, work), range(first, first + count)))
    protected = frozenset(name for names in kept for name in names)
    files = sorted((work / "all").glob("*.json"))
    tools = dataclasses.replace(tools, protected=protected)
    for name in QUICK:
        left = unargued(checkers.run(name, files, tools), allowed)
        if left:
            kinds = {(each.rule, each.type): f"{each.template} {each.resource}" for each in left}
            raise Wrong(f"findings of {name}; the seed is in the template's name: {kinds}")
    return len(files)


def one(seed: int, tarn: Path, work: Path) -> list[str]:
    """Tries one lake; returns the names of its templates if it is protected."""
    drawn = lakes.lake(seed, ENVIRONMENT)
    before = rendered(tarn, drawn, work / f"{seed}")
    if rendered(tarn, drawn, work / f"{seed}.again").texts() != before.texts():
        raise Wrong(f"lake {seed}: rendered twice, it is not the same")
    for name, template in before.templates().items():
        within_limits(seed, name, template)
    for what, changed in lakes.changes(drawn, seed).items():
        after = rendered(tarn, changed, work / f"{seed}.{what.replace(' ', '-')}")
        unmoved(f"lake {seed}, {what}", what, before.templates(), after.templates())
    (work / "all").mkdir(exist_ok=True)
    for name, text in before.texts().items():
        (work / "all" / name).write_text(text)
    return list(before.texts()) if drawn.top["env"][ENVIRONMENT]["protected"] else []


def rendered(tarn: Path, lake: lakes.Lake, folder: Path) -> Rendered:
    config, out = lake.write(folder / "lake"), folder / "out"
    command = [tarn, "render", "--config", config, "--env", ENVIRONMENT, "--out", out]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Wrong(f"{config} is right, and refused: {done.stderr}")
    return Rendered(out)


def within_limits(seed: int, name: str, template: dict) -> None:
    stack = name.removesuffix(".json").split("-", 2)[2]
    counts = {
        "resources": (len(template["Resources"]), MOST_RESOURCES),
        "outputs": (len(template.get("Outputs", {})), MOST_OUTPUTS),
        "characters": (len(json.dumps(template)), MOST_BYTES.get(stack, MOST_CHARACTERS)),
    }
    for what, (count, most) in counts.items():
        if count > most:
            raise Wrong(f"lake {seed}: {name} has {count} {what}, and {most} is the most")


def unmoved(where: str, what: str, before: dict, after: dict) -> None:
    """Nothing that stands moves, and nothing that holds data is replaced."""
    if (gone := before.keys() - after.keys()) and what != "a zone less":
        raise Wrong(f"{where}: {sorted(gone)} are gone")
    for name in before.keys() & after.keys():
        old, new = before[name]["Resources"], after[name]["Resources"]
        if gone := old.keys() - new.keys():
            raise Wrong(f"{where}: {sorted(gone)} left {name}")
        for logical_id in old:
            if old[logical_id]["Type"] != new[logical_id]["Type"]:
                raise Wrong(f"{where}: {logical_id} of {name} is another type")
            if old[logical_id]["Type"] in HOLDS_DATA:
                same_for_ever(f"{where}: {name} {logical_id}", old[logical_id], new[logical_id])
    if what.startswith("a zone"):
        others = {name for name in before.keys() & after.keys() if before[name] != after[name]}
        if others or len(before.keys() ^ after.keys()) != 1:
            raise Wrong(f"{where}: {sorted(others)} changed too")


def same_for_ever(where: str, old: dict, new: dict) -> None:
    for path in create_only(old["Type"]):
        if at(old.get("Properties", {}), path) != at(new.get("Properties", {}), path):
            raise Wrong(f"{where}: {'/'.join(path)} changed, which replaces it")


@cache
def create_only(kind: str) -> tuple[tuple[str, ...], ...]:
    """The properties that cannot change, as AWS's own schema of the type has them; cfn-lint carries it."""
    schemas = Path(find_spec("cfnlint").origin).parent / "data" / "schemas"
    known = json.loads((schemas / "providers" / "us-east-1.json").read_text())[kind]
    schema = json.loads((schemas / "resources" / f"{known}.json").read_text())
    paths = schema.get("createOnlyProperties", [])
    return tuple(tuple(path.removeprefix("/properties/").split("/")) for path in paths)


def at(properties: dict, path: tuple[str, ...]):
    for part in path:
        properties = properties.get(part, {}) if isinstance(properties, dict) else {}
    return properties

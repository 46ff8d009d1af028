"""Random lakes that are right: what `lake.toml` may say, drawn by a seed. Knows nothing of tarn's code."""

import copy
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

TYPES = [
    "bool", "int32", "int64", "float32", "float64", "string", "binary", "date",
    "timestamp(ms)", "timestamp(us)", "decimal(9,2)", "decimal(38,10)",
]
LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
TEXTS = ["", "plain", "a: b # c", "ü 日本", '"quoted" \\ back', "- !Ref X", "{{resolve}}", "1e3"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass
class Lake:
    """A lake as blocks of its file."""

    top: dict
    tables: list[dict]
    zones: list[dict]
    apart: set[str] = field(default_factory=set)  # names of blocks with a file of their own

    def copy(self) -> "Lake":
        return copy.deepcopy(self)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        together = [("table", each) for each in self.tables] + [("zone", each) for each in self.zones]
        here = [block(kind, each) for kind, each in together if each["name"] not in self.apart]
        (folder / "lake.toml").write_text("\n".join([document(self.top), *here]))
        for kind, each in together:
            if each["name"] in self.apart:
                (folder / f"{kind}s").mkdir(exist_ok=True)
                (folder / f"{kind}s" / f"{each['name']}.toml").write_text(block(kind, each))
        return folder


def value(thing) -> str:
    """A TOML value. JSON's strings, numbers and booleans are TOML's too, but for one escape."""
    if isinstance(thing, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {value(inner)}" for key, inner in thing.items()) + " }"
    if isinstance(thing, list):
        return "[" + ", ".join(value(inner) for inner in thing) + "]"
    return json.dumps(thing, ensure_ascii=False)


def document(top: dict) -> str:
    plain = [f"{key} = {value(inner)}" for key, inner in top.items() if not isinstance(inner, dict)]
    blocks = [
        "\n".join([f"[{key}]", *(f"{json.dumps(name)} = {value(each)}" for name, each in inner.items())])
        for key, inner in top.items()
        if isinstance(inner, dict)
    ]
    return "\n\n".join(["\n".join(plain), *blocks]) + "\n"


def block(kind: str, keys: dict) -> str:
    return "\n".join([f"[[{kind}]]", *(f"{key} = {value(inner)}" for key, inner in keys.items())]) + "\n"


class Dice(random.Random):
    def maybe(self, chance: float = 0.5) -> bool:
        return self.random() < chance

    def word(self, longest: int) -> str:
        length = self.randint(1, longest)
        return self.choice("abcdefghij") + "".join(self.choices("abcdefghij0123456789", k=length - 1))

    def words(self, count: int, longest: int) -> list[str]:
        found: set[str] = set()
        while len(found) < count:
            found.add(self.word(longest))
        return sorted(found, key=lambda _: self.random())


def lake(seed: int, environment: str = "dev") -> Lake:
    """A lake called by its seed, with what its environment differs in."""
    dice = Dice(seed)
    top = {"version": 1, "lake": {"name": f"r{seed}", "description": dice.choice(TEXTS)}}
    if dice.maybe(0.3):
        top["lake"]["readers"] = [f"role/{role}" for role in dice.words(dice.randint(1, 3), 20)]
    top |= settings(dice)
    top["env"] = {environment: {"protected": dice.maybe(), **(settings(dice) if dice.maybe(0.3) else {})}}
    # The region of a key must be the lake's own, wherever either is said.
    tables = [table(dice, name) for name in dice.words(dice.choice([1, 2, 5, 12]), dice.choice([4, 12, 60]))]
    names = [each["name"] for each in tables]
    zones = [zone(dice, name, names) for name in dice.words(dice.choice([0, 1, 2, 5]), 18)]
    blocks = [each["name"] for each in tables + zones]
    return Lake(top, tables, zones, {name for name in blocks if dice.maybe(0.3)})


def settings(dice: Dice) -> dict:
    drawn = {
        "schedule": schedule(dice), "aws": aws(dice), "retention": retention(dice), "alarms": alarms(dice),
        "backup": {"keep": dice.randint(1, 1040)},
        "tags": {f"{dice.word(6)} {dice.word(6)}": dice.word(12) for _ in range(dice.randint(1, 5))},
    }
    return {key: inner for key, inner in drawn.items() if dice.maybe(0.7)}


def schedule(dice: Dice) -> dict:
    time = f"{dice.randrange(24):02}:{dice.randrange(60):02}"
    drawn = {
        "daily": time, "weekly": f"{dice.choice(DAYS)} {time}", "monthly": f"{dice.randint(1, 28)} {time}",
        "on_arrival": dice.maybe(0.8),
    }
    return {key: inner for key, inner in drawn.items() if dice.maybe(0.6)}


def aws(dice: Dice) -> dict:
    key = "key/1b2c3d4e-0000-1111-2222-333344445555"
    drawn = {
        "account": "123456789012", "region": "eu-west-1", "architecture": dice.choice(["arm64", "x86_64"]),
        "permissions_boundary": f"arn:aws:iam::123456789012:policy/{dice.word(30)}",
        "service_role": f"arn:aws:iam::123456789012:role/{dice.word(30)}",
        "lake_formation_admin": f"arn:aws:iam::123456789012:role/{dice.word(30)}",
        "kms_key": f"arn:aws:kms:eu-west-1:123456789012:{key}",
    }
    return {key: inner for key, inner in drawn.items() if dice.maybe(0.4)}


def retention(dice: Dice) -> dict:
    names = ["landing", "quarantine", "old_versions", "runs", "query_results", "access_logs"]
    drawn = {f"{name}_days": dice.choice([1, 30, 365, 3650]) for name in names if dice.maybe()}
    return drawn | {"logs_days": dice.choice(LOG_DAYS)}


def alarms(dice: Dice) -> dict:
    names = dice.words(dice.randint(1, 4), 10)
    drawn = {"emails": [f"{name}.x-1@example.com" for name in names], "silent_hours": dice.choice([1, 26, 168])}
    return {key: inner for key, inner in drawn.items() if dice.maybe(0.8)}


def table(dice: Dice, name: str) -> dict:
    suffix = dice.choice(["*.csv", "_{date:%Y%m%d}.csv.gz", "/x_{date:%Y-%m-%d}_{time:%H%M%S}.csv"])
    keys = {"name": name, "description": dice.choice(TEXTS), "files": f"{name}_{suffix.removeprefix('_')}"}
    if dice.maybe(0.3):
        keys |= {"delimiter": dice.choice([";", "|", "\t"]), "header": dice.maybe(), "nulls": ["NULL", "-"]}
    columns = {column: dice.choice(TYPES) for column in dice.words(dice.randint(1, 9), dice.choice([3, 20]))}
    keys["columns"] = columns
    texts = [column for column, kind in columns.items() if kind == "string"]
    if texts and len(columns) > 1 and dice.maybe(0.3):
        keys |= {"partition_by": texts[:1], "max_partitions": 50}
    return keys


def zone(dice: Dice, name: str, tables: list[str]) -> dict:
    keys = {"name": name, "description": dice.choice(TEXTS)}
    keys["tables"] = dice.sample(tables, dice.randint(1, len(tables)))
    if dice.maybe(0.4):
        keys["readers"] = [f"arn:aws:iam::123456789012:role/{role}" for role in dice.words(dice.randint(1, 4), 20)]
    if dice.maybe(0.4):
        keys["scan_limit_gb"] = dice.choice([1, 50, 4000])
    return keys


def changes(original: Lake, seed: int) -> dict[str, Lake]:
    """The lake after each kind of change that must leave alone whatever holds data."""
    dice = Dice(seed)
    names = [each["name"] for each in original.tables]
    changed = {}

    changed["a zone more"] = more = original.copy()
    more.zones.insert(dice.randint(0, len(more.zones)), zone(dice, "added-zone", names))

    changed["a table more"] = more = original.copy()
    more.tables.insert(dice.randint(0, len(more.tables)), table(dice, "an_added_table"))

    changed["a column more"] = more = original.copy()
    dice.choice(more.tables)["columns"]["an_added_column"] = "string"

    if original.zones:
        changed["a table more in a zone"] = more = original.copy()
        more.tables.append(table(dice, "an_added_table"))
        dice.choice(more.zones)["tables"].append("an_added_table")

        changed["a zone less"] = less = original.copy()
        less.zones.pop(dice.randrange(len(less.zones)))
    return changed

"""Random tables with random rules, the same for a seed, and an implementation of these rules that
shares nothing with the engine: what silver must hold, and what the quarantine.

    rules.py write FOLDER SEED COUNT       NAME.csv (or NAME.a.csv and NAME.b.csv), NAME.toml, NAME.json
    rules.py compare FOLDER PARQUET        exit status 0 when DuckDB and PyArrow find every value, and the
                                           bad rows are those expected, with line and reason
"""

import datetime
import hashlib
import hmac
import json
import math
import pathlib
import random
import re
import sys
from decimal import Decimal, InvalidOperation

KEY = b"a key that is long enough"
NULLS = ["NULL", "n/a"]
WORDS = ["red", "green", "blue", "RED", "a b", "", "DE12", "FR7", "x", "größe", "€", 'say "hi"', "1,5", "two\nlines"]
PATTERNS = ["[A-Z]{2}[0-9]+", "[a-z ]*", ".{0,4}", "red|green|größe", r"\w+", "(?i)red|DE.*"]
SPACES = ["", "", "", " ", "\t", "  ", "\u00a0", " \n"]
EPOCH = datetime.datetime(1970, 1, 1)


# --- types: how a value is made, written in the file, read from it, and written in the schema ----------

def an_int(dice):
    return dice.choice([0, 1, 2, 3, 7, 10, -1, -5, 100, 2 ** 31 - 1, dice.randrange(-20, 120)])


def a_decimal(dice):
    return Decimal(dice.choice([0, 50, 99, 100, 150, -1, 9999, dice.randrange(-300, 1200)])).scaleb(-2)


def a_float(dice):
    return dice.choice([0.0, -0.0, 0.5, 1.0, 10.25, -3.0, 1e10, dice.uniform(-10, 100), float("nan"), float("inf")])


def a_date(dice):
    return datetime.date(2024, 1, 1) + datetime.timedelta(days=dice.choice([0, 1, 31, 59, 60, dice.randrange(-400, 800)]))


def a_time(dice):
    return datetime.datetime.combine(a_date(dice), datetime.time()) + datetime.timedelta(
        seconds=dice.choice([0, 0, 1, dice.randrange(86_400)]))


def write_int(dice, value):
    return dice.choice([str(value), str(value), f"{value:+}", f"0{value}" if value >= 0 else str(value), f" {value} "])


def write_decimal(dice, value):
    return dice.choice([f"{value:f}", f"{value:f}", f"{value.normalize():f}", f"{value:f}00"])


def read_int(text, bits):
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return None
    return int(text) if -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1) else None


def read_decimal(text):
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value.quantize(Decimal("0.01")) if abs(value) < 10 ** 6 and value == round(value, 2) else None


def read_float(text):
    try:
        return float(text)
    except ValueError:
        return None


def read_by(read):
    def attempt(text):
        try:
            return read(text)
        except ValueError:
            return None
    return attempt


def toml_text(value):
    return json.dumps(value, ensure_ascii=False)


def iso_seconds(value):
    return value.isoformat(sep="T", timespec="seconds")


class Kind:
    def __init__(self, type, make, write, read, toml, format=None):
        self.type, self.make, self.write, self.read, self.toml, self.format = type, make, write, read, toml, format


KINDS = [
    Kind("int32", an_int, write_int, lambda text: read_int(text, 32), str),
    Kind("int64", an_int, write_int, lambda text: read_int(text, 64), str),
    Kind("decimal(8,2)", a_decimal, write_decimal, read_decimal, lambda value: f'"{value:f}"'),
    Kind("float64", a_float, lambda _, value: repr(value), read_float, repr),
    Kind("bool", lambda dice: dice.random() < 0.5, lambda dice, value: dice.choice([["no", "0", "FALSE"], ["yes", "1", "True"]][value]),
         lambda text: {"no": False, "0": False, "false": False, "yes": True, "1": True, "true": True}.get(text.lower()),
         lambda value: str(value).lower()),
    Kind("date", a_date, lambda _, value: value.isoformat(), read_by(datetime.date.fromisoformat), str),
    Kind("date", a_date, lambda _, value: value.strftime("%d.%m.%Y"),
         read_by(lambda text: datetime.datetime.strptime(text, "%d.%m.%Y").date()), str, "%d.%m.%Y"),
    Kind("timestamp(ms)", a_time, lambda _, value: iso_seconds(value), read_by(datetime.datetime.fromisoformat), iso_seconds),
    Kind("timestamp(us)", a_time, lambda _, value: str(int((value - EPOCH).total_seconds())),
         read_by(lambda text: EPOCH + datetime.timedelta(seconds=int(text))), iso_seconds, "epoch_s"),
    *[Kind("string", lambda dice: dice.choice(WORDS), lambda _, value: value, lambda text: text, toml_text)] * 4,
]


# --- columns and their rules --------------------------------------------------------------------------

class Column:
    """One column with its rules; a rule that is None, or False, is not there."""

    def __init__(self, dice, number):
        self.kind = dice.choice(KINDS)
        self.is_text = self.kind.type == "string"
        self.name, self.number = f"c{number}", number
        self.drop = number > 1 and dice.random() < 0.1
        self.header = dice.choice([f"Column {number}", "ID #1"]) if dice.random() < 0.2 else None
        self.required = self.trim = False
        self.fill = self.allowed = self.min = self.max = self.pattern = self.hide = None
        if not self.drop:
            self.make_rules(dice)

    def make_rules(self, dice):
        self.required = dice.random() < 0.3
        self.trim = self.is_text and dice.random() < 0.4
        rule = dice.choice(["none", "allowed", "allowed", "range", "range", "pattern"])
        finite = [value for value in (self.kind.make(dice) for _ in range(12)) if value == value and value not in (math.inf,)]
        if rule == "allowed":
            self.allowed = finite[:dice.randrange(1, 5)] or None
        elif rule == "range" and self.kind.type not in ("string", "bool") and len(finite) > 1:
            low, high = sorted(finite[:2])
            self.min, self.max = dice.choice([(low, high), (low, None), (None, high)])
        elif rule == "pattern" and self.is_text:
            self.pattern = dice.choice(PATTERNS)
        if dice.random() < 0.3:
            self.fill = next((value for value in finite if self.broken(value) is None), None)
        if self.is_text and dice.random() < 0.3:
            self.hide = dice.choice(["hash", "hidden", "", 1, 2, 4])

    def broken(self, value):
        if self.allowed is not None and value not in self.allowed:
            return "is not among those of `allowed`"
        if self.min is not None and not value >= self.min:
            return "is less than `min`"
        if self.max is not None and not value <= self.max:
            return "is greater than `max`"
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return "does not match `pattern`"
        return None

    def judged(self, text, quoted, nulls):
        """The value, and the reason why there is none."""
        text = text.strip() if self.trim else text if self.is_text else text.strip(" \t")
        place = f"column {self.number + 1} `{self.name}`"
        if text in nulls or text == "" and not (self.is_text and quoted):
            if self.fill is None:
                return None, f"{place} is required and empty" if self.required else None
            return self.fill, None
        value = self.kind.read(text)
        if value is None:
            return None, f"the value in {place} is no {self.kind.type}"
        broken = self.broken(value)
        return value, f"the value in {place} {broken}" if broken else None

    def hidden(self, value):
        if value is None or self.hide is None:
            return value
        if self.hide == "hash":
            return hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()
        if isinstance(self.hide, str):
            return self.hide
        return "****" + (value[-self.hide:] if len(value) > self.hide else "")

    def toml(self):
        toml = self.kind.toml
        keys = [f'type = "{self.kind.type}"']
        keys += [f"format = {toml_text(self.kind.format)}"] if self.kind.format and not self.drop else []
        keys += [f"{key} = true" for key in ("required", "trim", "drop") if getattr(self, key)]
        keys += [f"{key} = {toml(getattr(self, key))}" for key in ("fill", "min", "max") if getattr(self, key) is not None]
        keys += [f"allowed = [{', '.join(map(toml, self.allowed))}]"] if self.allowed is not None else []
        keys += [f"pattern = '{self.pattern}'"] if self.pattern is not None else []
        keys += [f"from = {toml_text(self.header)}"] if self.header else []
        if self.hide == "hash":
            keys.append('hash = "sha256"')
        elif self.hide is not None:
            kept = isinstance(self.hide, int)
            keys.append(f"mask = {{ keep_last = {self.hide} }}" if kept else f"mask = {toml_text(self.hide)}")
        return f"{self.name} = {{ {', '.join(keys)} }}"


# --- tables -------------------------------------------------------------------------------------------

class Table:
    def __init__(self, dice):
        self.columns = [Column(dice, number) for number in range(dice.choice([2, 3, 4, 6]))]
        self.header, self.delimiter = dice.random() < 0.6, dice.choice([",", ";", "\t", "|"])
        if not self.header:
            for column in self.columns:
                column.header = None
        self.nulls = dice.sample(NULLS, dice.randrange(3))
        self.nulling = dice.random() < 0.3
        in_silver = [column for column in self.columns if not column.drop]
        keys = [dice.sample(in_silver, dice.randrange(1, min(3, len(in_silver)) + 1)) for _ in range(2)]
        self.unique = keys[:dice.choice([0, 0, 1, 1, 2])]
        self.seen = [{} for _ in self.unique]

    def toml(self):
        lines = [f"delimiter = {toml_text(self.delimiter)}", f"header = {str(self.header).lower()}", f"nulls = {json.dumps(self.nulls)}"]
        lines += ['on_bad_row = "null"'] if self.nulling else []
        names = [[column.name for column in key] for key in self.unique]
        lines += [f"unique = {json.dumps(names[0] if len(names) == 1 else names)}"] if names else []
        return "\n".join([*lines, "", "[columns]", *(column.toml() for column in self.columns)]) + "\n"

    def judged(self, fields, line):
        """The values of a row that is kept, the reason if anything is wrong with it, what became null."""
        if len(fields) != len(self.columns):
            few = "few" if len(fields) < len(self.columns) else "many"
            return None, f"too {few} fields: the layout has {len(self.columns)}, the row {len(fields)}", []
        judged = [(column, *column.judged(*field, self.nulls)) for column, field in zip(self.columns, fields) if not column.drop]
        refused = [(column, reason) for column, _, reason in judged if reason]
        if refused and not (self.nulling and all(not column.required for column, _ in refused)):
            return None, refused[0][1], []
        values = {column: column.fill if reason else value for column, value, reason in judged}
        duplicate = self.duplicate(values, line)
        if duplicate:
            return None, duplicate, []
        row = [column.hidden(value) for column, value in values.items()]
        return row, refused[0][1] if refused else None, [column.name for column, _ in refused]

    def duplicate(self, values, line):
        keys = [tuple(comparable(values[column]) for column in key) for key in self.unique]
        known = [(columns, seen[key]) for columns, seen, key in zip(self.unique, self.seen, keys) if None not in key and key in seen]
        for columns, first in known:
            names = ", ".join(f"`{column.name}`" for column in columns)
            return f"duplicate key: {names} as in " + (f"line {first}" if first else "an earlier row")
        for seen, key in zip(self.seen, keys):
            if None not in key:
                seen[key] = line
        return None

    def next_file(self):
        self.seen = [{key: None for key in seen} for seen in self.seen]


def comparable(value):
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def a_field(dice, column, nulls):
    """What a field means, and whether it stands in quotes."""
    luck = dice.random()
    if luck < 0.1:
        return dice.choice(["", *nulls]), False
    if luck < 0.14:
        return dice.choice(["x", "1-2", "?"]), dice.random() < 0.3
    likely = [value for value in (column.allowed or []) + [column.min, column.max] if value is not None]
    value = dice.choice(likely) if likely and dice.random() < 0.7 else column.kind.make(dice)
    text = column.kind.write(dice, value)
    if column.is_text:
        text = dice.choice(SPACES) + text + dice.choice(SPACES)
    return text, dice.random() < 0.3


def a_row(dice, table, is_first):
    fields = [a_field(dice, column, table.nulls) for column in table.columns]
    # A first row of another length is another layout, and an empty line is no row.
    if is_first or dice.random() >= 0.02:
        return fields
    return [("less", False), *fields[2:]] if dice.random() < 0.5 else [*fields, ("more", False)]


def needs_quotes(text, delimiter):
    return any(character in text for character in (delimiter, '"', "\n", "\r"))


def one_file(dice, table, rows, name):
    """The text, and what must become of it."""
    end = dice.choice(["\n", "\r\n"])
    lines, values, bad, line = [], [], [], 1
    if table.header:
        lines.append(table.delimiter.join(column.header or column.name for column in table.columns))
        line += 1
    for number in range(rows):
        made = a_row(dice, table, is_first=number == 0)
        fields = [(text, quoted or needs_quotes(text, table.delimiter)) for text, quoted in made]
        written = table.delimiter.join('"' + t.replace('"', '""') + '"' if q else t for t, q in fields)
        lines.append(written)
        row, reason, nulled = table.judged(fields, line)
        values += [list(map(canonical, row))] if row is not None else []
        bad += [[line, reason, nulled]] if reason else []
        line += 1 + written.count("\n")
    table.next_file()
    text = "".join(written + end for written in lines)
    return text, {"name": name, "rows": values, "bad": bad}


def write(folder, seed, count):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key").write_bytes(KEY + b"\n")
    for number in range(count):
        dice, name = random.Random(f"{seed}/{number}"), f"r{number:04}"
        table = Table(dice)
        names = [name] if dice.random() < 0.7 else [f"{name}a", f"{name}b"]
        files = []
        for file in names:
            rows = dice.choice([0, 3, 20, 100, 400]) if dice.random() < 0.96 else 12_000
            text, expected = one_file(dice, table, rows, file)
            (folder / f"{file}.csv").write_text(text, newline="")
            files.append(expected)
        (folder / f"{name}.toml").write_text(table.toml())
        (folder / f"{name}.json").write_text(json.dumps(files))


# --- what came out ------------------------------------------------------------------------------------

def canonical(value):
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime.date) else value


def compare(folder, parquet):
    import duckdb
    import pyarrow.parquet
    db = duckdb.connect()
    wrong, values, bad = [], 0, 0
    for expected in (file for path in sorted(folder.glob("*.json")) for file in json.loads(path.read_text())):
        made = parquet / f"{expected['name']}.parquet"
        by_duckdb = db.execute(f"SELECT * FROM '{made}'").fetchall()
        by_pyarrow = [list(row.values()) for row in pyarrow.parquet.read_table(made).to_pylist()]
        for reader, rows in (("duckdb", by_duckdb), ("pyarrow", by_pyarrow)):
            found = [list(map(canonical, row)) for row in rows]
            wrong += differences(f"{expected['name']} by {reader}", expected["rows"], found)
            values += sum(map(len, found))
        rejects = parquet / f"{expected['name']}.rejects.jsonl"
        lines = map(json.loads, rejects.read_text().splitlines()) if rejects.exists() else []
        found = [[line["line"], line["reason"], line["nulled"]] for line in lines]
        wrong += differences(f"{expected['name']}: bad rows", expected["bad"], found)
        bad += len(found)
    print("\n".join(wrong[:20]) or f"{values} values, {bad} bad rows")
    sys.exit(1 if wrong else 0)


def differences(what, wanted, found):
    if wanted == found:
        return
    at = next((n for n, pair in enumerate(zip(wanted, found)) if pair[0] != pair[1]), min(len(wanted), len(found)))
    yield f"{what}: {len(wanted)} wanted, {len(found)} found; the first that differs, {at}: {wanted[at:at + 1]} {found[at:at + 1]}"


def main():
    command, folder, *rest = sys.argv[1:]
    if command == "write":
        write(pathlib.Path(folder), rest[0], int(rest[1]))
    else:
        compare(pathlib.Path(folder), pathlib.Path(rest[0]))


main()

"""Random lakes with random zones, the same for a seed, and a reader that shares nothing with tarn: it
reads every file of every zone and says what is there that must not be, or is not there and should be.

    zones.py write FOLDER SEED          lake.toml and landing/ in FOLDER/0, FOLDER/1, ...; prints how many
    zones.py check FOLDER SEED          exit status 0 when every zone holds what SQL over silver gives it,
                                        and none a column or a value that it is not cleared for

A value of a column that tells of a person holds a token that stands nowhere else, so that it would be
found in any file, whatever the column is called there.
"""

import datetime
import hashlib
import hmac
import json
import pathlib
import random
import sys

import duckdb
import pyarrow.parquet

LAKES = 7
ZONES = 30
LEVELS = ["none", "low", "high"]
TYPES = ["string", "int64", "int32", "date", "decimal(9,2)", "bool", "timestamp(ms)", "float64"]
WORDS = ["red", "green", "blue", "it's", "größe", "100%", "a_b", "", "Red"]


def value(dice, kind, token):
    """A value as a CSV field, by SQL's spelling; nothing now and then."""
    if dice.random() < 0.15:
        return ""
    if kind == "string":
        return token or dice.choice(WORDS)
    if kind in ("int64", "int32"):
        return str(dice.choice([0, 1, 2, 3, -1, dice.randrange(-50, 50)]))
    if kind == "date":
        return str(datetime.date(2026, 1, 1) + datetime.timedelta(days=dice.randrange(-40, 40)))
    if kind == "timestamp(ms)":
        day = datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=dice.randrange(-90, 90))
        return day.isoformat() + "Z"
    if kind.startswith("decimal"):
        return f"{dice.randrange(-500, 500) / 100:.2f}"
    if kind == "bool":
        return dice.choice(["true", "false"])
    return dice.choice(["0.5", "1.25", "-2.0", "10.0"])


def literal(dice, kind):
    text = value(dice, kind, "")
    while text == "" and kind != "string":
        text = value(dice, kind, "")
    if kind == "string":
        return "'" + dice.choice(WORDS).replace("'", "''") + "'"
    if kind == "date":
        return f"DATE '{text}'"
    if kind == "timestamp(ms)":
        return f"TIMESTAMP '{text[:-1].replace('T', ' ')}'"
    return text.upper() if kind == "bool" else text


def test(dice, name, kind):
    shapes = ["compare", "compare", "in", "null"]
    shapes += [] if kind == "bool" else ["between"]
    shapes += ["like", "like"] if kind == "string" else []
    shape, negated = dice.choice(shapes), dice.choice(["", "", "NOT "])
    column = dice.choice([name, f'"{name}"'])
    if shape == "compare":
        signs = ["=", "<>"] if kind == "bool" else ["=", "<>", "<", "<=", ">", ">="]
        sides = [column, literal(dice, kind)]
        dice.shuffle(sides)
        return f"{sides[0]} {dice.choice(signs)} {sides[1]}"
    if shape == "in":
        return f"{column} {negated}IN ({', '.join(literal(dice, kind) for _ in range(dice.randrange(1, 4)))})"
    if shape == "between":
        return f"{column} {negated}BETWEEN {literal(dice, kind)} AND {literal(dice, kind)}"
    if shape == "like":
        return f"{column} {negated}LIKE '{dice.choice(['%e%', 'r_d', '%', 'g%', '%_b', '', '%ö%', 'it''s'])}'"
    return f"{column} IS {negated}NULL"


def condition(dice, columns, depth=2):
    if depth == 0 or dice.random() < 0.4:
        return test(dice, *dice.choice(columns))
    shape = dice.randrange(3)
    if shape == 0:
        return f"NOT ({condition(dice, columns, depth - 1)})"
    joint = " AND " if shape == 1 else " OR "
    return f"({condition(dice, columns, depth - 1)}{joint}{condition(dice, columns, depth - 1)})"


def lake(dice, number):
    """Tables with columns, levels, layouts and folders; zones with parts of them."""
    tables = {}
    for table in range(dice.randrange(2, 4)):
        columns = {}
        for column in range(dice.randrange(3, 7)):
            kind = dice.choice(TYPES) if column else "string"
            columns[f"c{column}"] = (kind, dice.choice(LEVELS + ["none"]))
        columns["plain"] = ("int64", "none")
        folder = dice.random() < 0.4
        if folder:
            columns["folder"] = ("string", "none")
        older = [name for name in columns if name not in ("plain", "folder") and dice.random() < 0.3]
        tables[f"t{number}_{table}"] = {"columns": columns, "folder": folder, "older": older}
    zones = {}
    for zone in range(ZONES):
        parts = {}
        names = list(tables)
        for name in dice.sample(names, dice.randrange(1, len(names) + 1)):
            parts[name] = part(dice, tables[name])
        zones[f"z{zone}"] = {"clearance": dice.choice(LEVELS), "uncleared": dice.choice(["drop", "mask", "hash"]), "parts": parts}
    for zone in zones.values():
        for name, chosen in zone["parts"].items():
            settle(zone, tables[name], chosen)
    return {"tables": tables, "zones": zones}


def part(dice, table):
    names, chosen = list(table["columns"]), {"columns": None, "except": None, "rows": None}
    kept = [name for name in names if dice.random() < 0.6] + ["plain"] + (["folder"] if table["folder"] else [])
    how = dice.randrange(3)
    if how == 0:
        chosen["columns"] = sorted(set(kept))
    elif how == 1 and set(names) - set(kept):
        chosen["except"] = sorted(set(names) - set(kept))
    if dice.random() < 0.6:
        asked = [(name, table["columns"][name][0]) for name in names]
        chosen["rows"] = condition(dice, asked)
    return chosen


def is_cleared(zone, table, column):
    return LEVELS.index(table["columns"][column][1]) <= LEVELS.index(zone["clearance"])


def settle(zone, table, chosen):
    """`columns` may name nothing that is dropped for want of a clearance."""
    if chosen["columns"] and zone["uncleared"] == "drop":
        chosen["columns"] = [name for name in chosen["columns"] if is_cleared(zone, table, name)]


def toml(lake, name):
    lines = ["version = 1", "[lake]", f'name = "{name}"', "[schedule]", "on_arrival = true"]
    for table, said in lake["tables"].items():
        lines += ["[[table]]", f'name = "{table}"', f'files = "{table}_*.csv"', "header = true"]
        lines += ['partition_by = ["folder"]'] if said["folder"] else []
        for since, left_out in [("2020-01-01", said["older"]), ("2026-01-01", [])]:
            lines += ["[[table.layout]]", f"from = {since}", "[table.layout.columns]"]
            for column, (kind, level) in said["columns"].items():
                if column not in left_out:
                    lines.append(f'{column} = {{ type = "{kind}", pii = "{level}" }}')
    for zone, said in lake["zones"].items():
        lines += ["[[zone]]", f'name = "{zone}"', f'clearance = "{said["clearance"]}"', "max_deletions = 1"]
        lines += [f'uncleared = "{said["uncleared"]}"'] if said["clearance"] != "high" else []
        for table, chosen in said["parts"].items():
            lines.append(f"[zone.tables.{table}]")
            for key in ("columns", "except"):
                if chosen[key] is not None:
                    lines.append(f"{key} = [{', '.join(repr(name) for name in chosen[key])}]")
            if chosen["rows"]:
                lines.append(f"rows = {json.dumps(chosen['rows'], ensure_ascii=False)}")
    return "\n".join(lines).replace("_*.csv", "_{date:%Y%m%d}.csv") + "\n"


def csv(dice, table, name, left_out, rows):
    columns = {column: said for column, said in table["columns"].items() if column not in left_out}
    lines = [",".join(columns)]
    for row in range(rows):
        fields = []
        for column, (kind, level) in columns.items():
            token = f"PII-{level}-{name}-{column}-{row}" if level != "none" and kind == "string" else ""
            text = dice.choice(["A", "B", "C d"]) if column == "folder" else value(dice, kind, token)
            fields.append('"' + text + '"' if "," in text else text)
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"


def lakes(seed):
    for number in range(LAKES):
        yield number, lake(random.Random(f"{seed}-{number}"), number)


def write(folder, seed):
    for number, made in lakes(seed):
        home, dice = folder / str(number), random.Random(f"{seed}-{number}-rows")
        (home / "lake" / "landing").mkdir(parents=True)
        (home / "lake.toml").write_text(toml(made, f"random{number}"))
        for name, table in made["tables"].items():
            for day, left_out in [("20210101", table["older"]), ("20260201", [])]:
                text = csv(dice, table, f"{name}-{day}", left_out, dice.randrange(5, 60))
                (home / "lake" / "landing" / f"{name}_{day}.csv").write_text(text)
    print(LAKES)


# --- the judge ------------------------------------------------------------------------------------------


def spelled(column, kind):
    """How SQL writes a value, which is what tarn hashes."""
    if kind.startswith("timestamp"):
        return f"strftime({column}, '%Y-%m-%d %H:%M:%S')"
    return f"CAST({column} AS VARCHAR)"


def plain(text):
    return text


def wanted(zone, table, chosen, key):
    """For each column that the zone sees an expression over silver and what is done to its text."""
    shown = {}
    for column, (kind, _) in table["columns"].items():
        if chosen["columns"] is not None and column not in chosen["columns"]:
            continue
        if chosen["except"] is not None and column in chosen["except"]:
            continue
        if is_cleared(zone, table, column):
            shown[column] = (f'CAST("{column}" AS VARCHAR)', plain)
        elif zone["uncleared"] == "mask":
            masked = f"""CASE WHEN "{column}" IS NULL THEN NULL ELSE '****' END"""
            shown[column] = (masked if kind == "string" else "CAST(NULL AS VARCHAR)", plain)
        elif zone["uncleared"] == "hash":
            shown[column] = (spelled(f'"{column}"', kind), lambda text: hashed(text, key))
    return shown


def hashed(text, key):
    return None if text is None else hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def rows(base, files, columns, where=""):
    select = ", ".join(expression for expression, _ in columns)
    if not files:
        return []
    found = base.execute(
        f"SELECT {select} FROM read_parquet({[str(file) for file in files]!r}, hive_partitioning = true, "
        f"hive_types_autocast = false, union_by_name = true) {where}"
    ).fetchall()
    done = [tuple(then(text) for text, (_, then) in zip(row, columns)) for row in found]
    return sorted(done, key=repr)


def has_column(file, column):
    return f"{column}=" in str(file) or column in pyarrow.parquet.read_schema(file).names


def judge_part(base, home, name, zone, table_name, table, chosen, faults, counts):
    key_file = home / "lake" / "ops" / "zones" / name / "hash.key"
    key = key_file.read_bytes() if key_file.exists() else b""
    shown = wanted(zone, table, chosen, key)
    own = sorted((home / "lake" / "zones" / name / table_name).rglob("*.parquet"))
    silver = sorted((home / "lake" / "silver" / table_name).rglob("*.parquet"))
    for file in own:
        extra = set(pyarrow.parquet.read_schema(file).names) - set(shown)
        if extra:
            faults.append(f"{file} has the columns {sorted(extra)}")
    where = f"WHERE {chosen['rows']}" if chosen["rows"] else ""
    # Every column at least once, so that what an older file does not have is null.
    expected = rows(base, silver, list(shown.values()), where)
    there = [column for column in shown if any(has_column(file, column) for file in own)]
    own_columns = [(f'CAST("{column}" AS VARCHAR)' if column in there else "NULL", plain) for column in shown]
    found = rows(base, own, own_columns)
    if expected != found:
        faults.append(
            f"{home.name}/{name}/{table_name}: {len(found)} rows instead of {len(expected)}, or others, by "
            f"{chosen} under {zone['clearance']}, {zone['uncleared']}: {found[:2]} instead of {expected[:2]}"
        )
    counts["rows"] += len(found)


def judge_bytes(base, file, zone, faults, counts):
    """No token of a level above the zone's in any value, nor in any byte."""
    forbidden = [f"PII-{level}-" for level in LEVELS[LEVELS.index(zone["clearance"]) + 1:]]
    texts = [file.read_bytes().decode("latin-1")]
    if file.suffix == ".parquet":
        for values in base.execute(f"SELECT * FROM read_parquet('{file}')").fetchall():
            texts.extend(str(value) for value in values)
    counts["files"] += 1
    for token in forbidden:
        if any(token in text for text in texts):
            faults.append(f"{file} holds {token}")


def check(folder, seed):
    base = duckdb.connect()
    faults, counts = [], {"zones": 0, "rows": 0, "files": 0}
    for number, made in lakes(seed):
        home = folder / str(number)
        for name, zone in made["zones"].items():
            counts["zones"] += 1
            bucket = home / "lake" / "zones" / name
            for table_name, chosen in zone["parts"].items():
                judge_part(base, home, name, zone, table_name, made["tables"][table_name], chosen, faults, counts)
            for file in sorted(bucket.rglob("*")):
                if file.is_file():
                    judge_bytes(base, file, zone, faults, counts)
            strange = {path.name for path in bucket.iterdir()} - set(zone["parts"]) if bucket.exists() else set()
            if strange:
                faults.append(f"{bucket} holds {strange}")
    print("\n".join(faults[:20]))
    print(f"{counts['zones']} zones, {counts['files']} files, {counts['rows']} rows, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    command, folder, seed = sys.argv[1:]
    {"write": write, "check": check}[command](pathlib.Path(folder), seed)

"""Random tables of values as JSON Lines, written in the ways of many writers, the same for a seed.

    lines.py write FOLDER SEED COUNT       NAME.jsonl or NAME.jsonl.gz, NAME.toml, NAME.json for each table

The values and the comparison are those of tables.py.
"""

import gzip
import json
import pathlib
import random
import re
import sys

import tables

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
PLAIN = {"columns": 0, "alphabet": None, "decimal_comma": False}


def write(folder, seed, count):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        one_table(folder, f"t{number:04}", random.Random(f"{seed}/lines/{number}"))


def one_table(folder, name, dice):
    style = a_style(dice)
    columns = [tables.a_column(dice, number, PLAIN) for number in range(dice.choice([1, 2, 3, 5, 8, 20]))]
    rows = dice.choice([0, 1, 2, 10, 50, 50, 300]) if dice.random() < 0.97 else 20_000
    made = [[a_value(dice, column, style) for column in columns] for _ in range(rows)]
    text = written(dice, style, columns, made)
    packed = gzip.compress(text, mtime=0) if style["gzip"] else text
    (folder / f"{name}.jsonl{'.gz' if style['gzip'] else ''}").write_bytes(packed)
    (folder / f"{name}.toml").write_text(schema(style, columns))
    values = [[row[place][0] for row in made] for place in range(len(columns))]
    kinds = [column["type"] for column in columns]
    (folder / f"{name}.json").write_text(json.dumps({"rows": rows, "types": kinds, "columns": values}))


def a_style(dice):
    return {
        "space": dice.choice(["none", "none", "python", "any"]), "order": dice.choice(["fixed", "fixed", "any"]),
        "ascii": dice.random() < 0.5, "escapes": dice.choice([0, 0, 0.1]), "missing": dice.choice([0, 0.5, 1]),
        "others": dice.choice([0, 0, 0.3]), "odd_keys": dice.choice([0, 0, 0.1]), "bom": dice.random() < 0.1,
        "line_end": dice.choice(["\n", "\n", "\r\n", "mixed"]), "blank": dice.choice([0, 0, 0.1]),
        "ends": dice.random() < 0.8, "gzip": dice.random() < 0.3, "nulls": dice.sample(tables.NULLS, dice.randrange(3)),
    }


# --- values -----------------------------------------------------------------------------------------

def a_value(dice, column, style):
    """The value that must come back, and the JSON that is it; None for a key that is left out."""
    nulls = [*style["nulls"], *column["nulls"]]
    if dice.random() < column["null_share"]:
        if nulls and dice.random() < 0.2:
            return None, as_json(dice, style, dice.choice(nulls), "string")
        return None, None if dice.random() < style["missing"] else "null"
    if column["type"] == "string" and dice.random() < 0.1:
        text = nested(dice, 0)
        if text not in nulls:
            return text, text
    while True:
        value, text = dice.choice(column["few"]) if column["few"] else tables.a_pair(dice, column, PLAIN)
        if text.strip(" \t") not in nulls and text not in nulls:
            return value, as_json(dice, style, text, column["type"])
        column["few"] = None


def as_json(dice, style, text, kind):
    if kind not in ("string", "binary", "bool") and NUMBER.fullmatch(text) and dice.random() < 0.9:
        return text
    if kind == "bool" and text in ("true", "false") and dice.random() < 0.8:
        return text
    if kind not in ("string", "binary") and dice.random() < 0.05:
        text = f" {text}\t"
    return string(dice, style, text)


def string(dice, style, text):
    """Bytes that are no UTF-8 stay bytes: an escape would make half a character of them."""
    is_text = not any(0xd800 <= ord(c) < 0xe000 for c in text)
    quoted = json.dumps(text, ensure_ascii=style["ascii"] and is_text)
    if not style["escapes"] or not is_text:
        return quoted
    return '"' + "".join(a_character(dice, style, c) for c in text) + '"'


def a_character(dice, style, character):
    plain = json.dumps(character, ensure_ascii=style["ascii"])[1:-1]
    if dice.random() >= style["escapes"]:
        return plain
    if character == "/":
        return "\\/"
    units = character.encode("utf-16-be")
    word = dice.choice(["{:04x}", "{:04X}"])
    return "".join("\\u" + word.format(int.from_bytes(units[at:at + 2])) for at in range(0, len(units), 2))


def nested(dice, depth):
    """An object or a list as its text, which must come back as it is."""
    def value():
        if depth < 3 and dice.random() < 0.3:
            return nested(dice, depth + 1)
        return dice.choice(["1", "-2.50", "null", "true", '"x"', '"]}"', r'"\"{"', '"é"', r'"\u00e9"', '""', "1e5"])
    space = dice.choice(["", "", " "])
    count = dice.randrange(4)
    if dice.random() < 0.5:
        return "[" + f",{space}".join(value() for _ in range(count)) + "]"
    return "{" + f",{space}".join(f'"k{number}":{space}{value()}' for number in range(count)) + "}"


# --- lines ------------------------------------------------------------------------------------------

def written(dice, style, columns, made):
    lines = []
    for row in made:
        while dice.random() < style["blank"]:
            lines.append(dice.choice(["", "", "  ", "\t"]))
        lines.append(a_line(dice, style, columns, [text for _, text in row]))
    ends = [dice.choice(["\n", "\r\n"]) if style["line_end"] == "mixed" else style["line_end"] for _ in lines]
    if ends and not style["ends"]:
        ends[-1] = ""
    text = "".join(line + end for line, end in zip(lines, ends)).encode("utf-8", "surrogateescape")
    return b"\xef\xbb\xbf" + text if style["bom"] else text


def a_line(dice, style, columns, texts):
    members = [(a_key(dice, style, column["name"]), text) for column, text in zip(columns, texts) if text is not None]
    if dice.random() < style["others"]:
        # A row of which no key is a column's is a bad row.
        members = members or [(f'"{columns[0]["name"]}"', "null")]
        members.insert(dice.randrange(len(members) + 1), ('"other"', nested(dice, 0)))
    if style["order"] == "any":
        dice.shuffle(members)
    open, colon, comma, close = spaces(dice, style)
    return open + comma().join(f"{key}{colon()}{text}" for key, text in members) + close


def a_key(dice, style, name):
    if dice.random() >= style["odd_keys"]:
        return f'"{name}"'
    return dice.choice([f'"{name.upper()}"', f'"\\u00{ord(name[0]):02x}{name[1:]}"'])


def spaces(dice, style):
    if style["space"] == "none":
        return "{", lambda: ":", lambda: ",", "}"
    if style["space"] == "python":
        return "{", lambda: ": ", lambda: ", ", "}"
    some = lambda: dice.choice(["", "", " ", "  ", "\t", "\r", " \t "])
    return some() + "{" + some(), lambda: f"{some()}:{some()}", lambda: f"{some()},{some()}", some() + "}" + some()


def schema(style, columns):
    lines = ['format = "jsonl"', f"nulls = {json.dumps(style['nulls'])}", "", "[columns]"]
    for column in columns:
        format = f", format = {json.dumps(column['format'])}" if column["format"] else ""
        required = ", required = true" if column["required"] else ""
        nulls = f", nulls = {json.dumps(column['nulls'])}" if column["nulls"] else ""
        lines.append(f"{column['name']} = {{ type = \"{column['type']}\"{format}{required}{nulls} }}")
    return "\n".join(lines) + "\n"


def main():
    _, folder, seed, count = sys.argv[1:]
    write(pathlib.Path(folder), seed, int(count))


main()

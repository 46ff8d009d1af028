"""Random tables of values, the same for a seed: written as text in a random dialect, and compared
with what two foreign readers find in the Parquet files made of it.

    tables.py write FOLDER SEED COUNT      NAME.csv, packed or not, NAME.toml, NAME.json for each table
    tables.py compare FOLDER PARQUET       exit status 0 when DuckDB and PyArrow find every value
"""

import bz2
import datetime
import gzip
import json
import math
import pathlib
import random
import struct
import sys
from decimal import Decimal

EPOCH = datetime.datetime(1970, 1, 1)
NULLS = ["NULL", "\\N", "n/a", "none", "-"]
COLUMN_NULLS = ["-1", "NA", "?", "0", "true", "nil"]
DELIMITERS = [",", ";", "|", "\t", ":", "~", "^", "\x01", " "]
# Delimiters that stand in few values, for tables that have no quotes to hide them in.
RARE_DELIMITERS = ["|", "\t", "^", "\x01"]
QUOTES = ['"'] * 5 + ["'", "|", "~", "\x02", None, None]
COMMENTS = [None, None, "#", "%", "!"]
LINE_ENDS = ["\n", "\r\n", "\r"]
ALPHABET = "abcXYZ0123456789 _-.'\\/#!%~|äß€漢字\U0001f600\u00a0"
# What is declared, how Python calls it, and the part of the alphabet that it has; None is all of it.
ENCODINGS = [
    ("auto", "utf-8", None), ("utf-8", "utf-8", None), ("auto", "utf-16", None), ("utf-16", "utf-16", None),
    ("utf-16le", "utf-16-le", None), ("utf-16be", "utf-16-be", None),
    ("latin1", "latin-1", "abcXYZ 09_-.'\\/#!%~|äßé\u00a0\u0085ÿ¤"), ("windows-1252", "cp1252", "abcXYZ 09_-.'\\/#|äß€Ÿ“”\u00a0"),
    # The second byte of some of these characters is a backslash, a bar or a tilde.
    ("shift-jis", "cp932", "abcXYZ 09_-.'\\/#!%~|漢字日本ソポ表ミゾｱ"),
]


# --- values: what must come back, and one of the ways to write it ------------------------------------

def a_bool(dice, _):
    value = dice.random() < 0.5
    word = dice.choice(["true", "1", "t", "yes"] if value else ["false", "0", "f", "no"])
    return value, dice.choice([word, word.upper(), word.capitalize()])


def an_int(bits):
    def make(dice, _):
        edges = [0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))]
        size = dice.randrange(1, bits)
        value = dice.choice([dice.choice(edges), dice.randrange(1000), dice.randrange(-(2 ** size), 2 ** size)])
        return value, str(value)
    return make


def a_float(width):
    def make(dice, _):
        value = dice.choice([
            0.0, -0.0, float("inf"), float("-inf"), float("nan"), dice.uniform(-1000, 1000),
            round(dice.uniform(0, 1e6), 2), float(dice.randrange(10 ** 6)), some_bits(dice, width),
        ])
        if width == 4:
            value = struct.unpack("f", struct.pack("f", value))[0]
        if math.isnan(value) or math.isinf(value):
            return value.hex() if not math.isnan(value) else "nan", str(value)
        text = dice.choice([repr(value), f"{value:.17e}", f"{value:.20g}"])
        return value.hex(), text
    return make


def some_bits(dice, width):
    value = struct.unpack("d" if width == 8 else "f", dice.randbytes(width))[0]
    return value if math.isfinite(value) else 1.5


def a_decimal(dice, kind):
    precision, scale = map(int, kind[8:-1].split(","))
    size = dice.randrange(precision + 1)
    units = dice.choice([0, 10 ** precision - 1, dice.randrange(10 ** size)]) * dice.choice([1, -1])
    value = Decimal(units).scaleb(-scale, context_of(60))
    text = f"{value:f}"
    if "." in text and dice.random() < 0.3:
        text = text.rstrip("0").rstrip(".") or "0"
    return f"{value:f}".removeprefix("-") if not units else f"{value:f}", text


def context_of(precision):
    import decimal
    return decimal.Context(prec=precision)


def a_day(dice):
    return dice.choice([
        datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(2024, 2, 29), datetime.date(1969, 12, 31),
        datetime.date.fromordinal(dice.randrange(1, datetime.date.max.toordinal())),
        datetime.date(2000, 1, 1) + datetime.timedelta(days=dice.randrange(10_000)),
    ])


def a_date(dice, _, format="iso"):
    day = a_day(dice)
    iso = f"{day.year:04}-{day.month:02}-{day.day:02}"
    text = {"iso": iso, "%d.%m.%Y": f"{day.day:02}.{day.month:02}.{day.year:04}",
            "%Y%m%d": iso.replace("-", "")}[format]
    return (day - EPOCH.date()).days, text


def a_time(dice, kind, format="iso"):
    """The value is in microseconds, whatever the column's unit."""
    digits = 3 if kind == "timestamp(ms)" else 6
    fraction = dice.choice([0, dice.randrange(10 ** digits)]) * 10 ** (6 - digits)
    day, second = a_day(dice), dice.randrange(86_400)
    if format == "epoch_s" or format.startswith("%"):
        fraction = 0
    if format == "epoch_ms":
        fraction = fraction // 1000 * 1000
    micros = ((day - EPOCH.date()).days * 86_400 + second) * 1_000_000 + fraction
    if format.startswith("epoch"):
        return micros, str(micros // (1_000_000 if format == "epoch_s" else 1_000))
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    if format.startswith("%"):
        return micros, f"{day.day:02}.{day.month:02}.{day.year:04} {clock}"
    return iso_time(dice, micros, day, clock, fraction, digits)


def iso_time(dice, micros, day, clock, fraction, digits):
    text = f"{day.year:04}-{day.month:02}-{day.day:02}{dice.choice('T ')}{clock}"
    if fraction:
        text += f".{fraction:06}"[:1 + digits]
    if 1 < day.year < 9999 and dice.random() < 0.3:
        hours, minutes, sign = dice.randrange(15), dice.choice([0, 30]), dice.choice([1, -1])
        text += f"{'+' if sign > 0 else '-'}{hours:02}{dice.choice([':', ''])}{minutes:02}"
        return micros - sign * (hours * 3600 + minutes * 60) * 1_000_000, text
    return micros, text + dice.choice(["", "Z"])


def a_text(dice, _, alphabet=None):
    text = "".join(dice.choice(alphabet or ALPHABET) for _ in range(dice.choice([0, 1, 5, 5, 20, 200])))
    for piece in ['"', "\n", "\r\n", "\r", ",", ";", "|", "\t", '""', " ", "\n\n"]:
        if dice.random() < 0.06:
            place = dice.randrange(len(text) + 1)
            text = text[:place] + piece + text[place:]
    return text, text


def a_binary(dice, _, alphabet=None):
    if alphabet:
        text = "".join(dice.choice(alphabet) for _ in range(dice.choice([1, 4, 40])))
        return text.encode().hex(), text
    data = bytes(byte or 1 for byte in dice.randbytes(dice.choice([1, 4, 40])))
    # Surrogates stand for bytes that are no UTF-8; they become bytes when the file is written.
    return data.hex(), data.decode("utf-8", "surrogateescape")


MAKERS = {"bool": a_bool, "int32": an_int(32), "int64": an_int(64), "float32": a_float(4), "float64": a_float(8),
          "date": a_date, "timestamp(ms)": a_time, "timestamp(us)": a_time, "string": a_text, "binary": a_binary}
FORMATS = {"date": ["iso", "%d.%m.%Y", "%Y%m%d"],
           "timestamp(ms)": ["iso", "epoch_ms", "epoch_s", "%d.%m.%Y %H:%M:%S"],
           "timestamp(us)": ["iso", "epoch_ms", "epoch_s", "%d.%m.%Y %H:%M:%S"]}


# --- tables -----------------------------------------------------------------------------------------

def write(folder, seed, count):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        dice = random.Random(f"{seed}/{number}")
        one_table(folder, f"t{number:04}", dice)


def one_table(folder, name, dice):
    dialect = a_dialect(dice, dice.choice([1, 2, 3, 5, 8, 20]))
    columns = [a_column(dice, number, dialect) for number in range(dialect["columns"])]
    rows = dice.choice([0, 1, 2, 10, 50, 50, 300]) if dice.random() < 0.97 else 20_000
    made = [[a_value(dice, column, dialect) for column in columns] for _ in range(rows)]
    text = written(dice, dialect, columns, made)
    (folder / f"{name}.csv{dialect['packing']}").write_bytes(packed(dice, dialect, text))
    (folder / f"{name}.toml").write_text(schema(dialect, columns))
    values = [[row[place][0] for row in made] for place in range(len(columns))]
    kinds = [column["type"] for column in columns]
    (folder / f"{name}.json").write_text(json.dumps({"rows": rows, "types": kinds, "columns": values}))


def a_column(dice, number, dialect):
    kind = dice.choice([*MAKERS, "decimal", "string"])
    if kind == "decimal":
        precision = dice.choice([1, 9, 10, 18, 19, 38, dice.randrange(1, 39)])
        kind = f"decimal({precision},{dice.choice([0, precision, dice.randrange(precision + 1)])})"
    format = dice.choice(FORMATS[kind]) if kind in FORMATS else None
    required = dice.random() < 0.1
    column = {"name": f"c{number}", "type": kind, "format": format, "required": required,
              "null_share": 0 if required else dice.choice([0, 0.1, 0.5, 1]),
              "nulls": dice.sample(COLUMN_NULLS, dice.choice([0, 0, 1, 2]))}
    column["few"] = [a_pair(dice, column, dialect) for _ in range(3)] if dice.random() < 0.3 else None
    return column


def a_pair(dice, column, dialect):
    kind, format = column["type"], column["format"]
    if kind in ("string", "binary"):
        return MAKERS[kind](dice, kind, dialect["alphabet"])
    if kind.startswith(("decimal", "float")):
        value, text = a_decimal(dice, kind) if kind.startswith("decimal") else MAKERS[kind](dice, kind)
        return value, with_comma(dice, text) if dialect["decimal_comma"] else text
    return MAKERS[kind](dice, kind, format) if format else MAKERS[kind](dice, kind)


def with_comma(dice, text):
    """1234567.8 as 1234567,8 or as 1.234.567,8."""
    whole, comma, rest = text.replace(".", ",").partition(",")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if digits.isdigit() and dice.random() < 0.5:
        first = len(digits) % 3 or 3
        digits = ".".join([digits[:first], *(digits[at:at + 3] for at in range(first, len(digits), 3))])
    return sign + digits + comma + rest


# --- dialects: how a table is written ------------------------------------------------------------------

def a_dialect(dice, columns):
    one = columns == 1
    quote, backslash = dice.choice(QUOTES), dice.random() < 0.3
    taken = [quote, *("\\" if backslash else "")]
    delimiters = DELIMITERS if quote or backslash else RARE_DELIMITERS
    declared, encoding, alphabet = dice.choice([ENCODINGS[0]] * 6 + ENCODINGS)
    return {
        "columns": columns, "quote": quote, "backslash": backslash, "comment": dice.choice(COMMENTS),
        "delimiter": dice.choice([d for d in delimiters if d not in taken]), "header": dice.random() < 0.5,
        "nulls": dice.sample(NULLS, dice.randrange(3)), "decimal_comma": dice.random() < 0.25,
        "declared": declared, "encoding": encoding, "bom": encoding == "utf-8" and dice.random() < 0.15,
        # Where bytes that are no characters cannot be written, a binary column has characters.
        "alphabet": alphabet or (None if encoding == "utf-8" else ALPHABET),
        "packing": dice.choice(["", "", "", ".gz", ".zst", ".bz2"]), "skip_lines": dice.choice([0, 0, 0, 0, 1, 3]),
        # In one column an empty line is a row, so CR before LF would be another table.
        "line_end": dice.choice(LINE_ENDS if one else [*LINE_ENDS, "mixed"]),
        "quotes": dice.choice(["needed", "all", "any"]), "ends": one or dice.random() < 0.8,
    }


def a_value(dice, column, dialect):
    """The value that must come back, and the field that is it."""
    nulls = [*dialect["nulls"], *column["nulls"]]
    first = column["name"] == "c0"
    if dice.random() < column["null_share"]:
        text = dice.choice(["", *nulls])
        return None, text and quoted_or_not(dice, dialect, text, text)
    while True:
        value, text = dice.choice(column["few"]) if column["few"] else a_pair(dice, column, dialect)
        is_text = column["type"] in ("string", "binary")
        if not is_text and text not in nulls and dice.random() < 0.05:
            text = f" {text}\t"
        written = field(dice, dialect, text, is_text, first)
        if text.strip(" \t") not in nulls and text not in nulls and written is not None:
            return value, written
        column["few"] = None


def field(dice, dialect, text, is_text, first):
    """One of the ways to write a text, or None when the dialect has no way."""
    quote, comment, special = dialect["quote"], dialect["comment"], dialect["delimiter"] + "\r\n"
    if quote:
        inside = escaped(dice, text, quote, quote + "#,;") if dialect["backslash"] else text.replace(quote, quote * 2)
    else:
        inside = None
    outside, must = text, any(c in text for c in special)
    if dialect["backslash"]:
        outside, must = escaped(dice, text, special + (quote or ""), "#,;"), False
        if first and comment and outside.startswith(comment):
            outside = "\\" + outside
    elif quote:
        must |= quote in text
    must |= bool(first and comment and outside.startswith(comment)) or is_text and text == ""
    return quoted_or_not(dice, dialect, inside, None if must else outside)


def escaped(dice, text, always, sometimes):
    """With a backslash before what needs one, and sometimes before what does not."""
    return "".join("\\" + c if c in always + "\\" or c in sometimes and dice.random() < 0.3 else c for c in text)


def quoted_or_not(dice, dialect, inside, outside):
    """In quotes where the text has to be, or where the dialect likes them."""
    quote = dialect["quote"]
    if not quote:
        return outside
    chosen = dialect["quotes"] == "all" or dialect["quotes"] == "any" and dice.random() < 0.5
    return f"{quote}{inside}{quote}" if outside is None or chosen else outside


def written(dice, dialect, columns, made):
    lines = []
    if dialect["header"]:
        names = [dice.choice([c["name"], c["name"].upper()]) for c in columns]
        lines.append(dialect["delimiter"].join(names))
    lines += [dialect["delimiter"].join(field for _, field in row) for row in made]
    lines = ["# title, \"of\" a 'report"] * dialect["skip_lines"] + commented(dice, dialect, lines)
    ends = [dice.choice(LINE_ENDS) if dialect["line_end"] == "mixed" else dialect["line_end"] for _ in lines]
    if len(ends) > dialect["skip_lines"] and not dialect["ends"]:
        ends[-1] = ""
    text = "".join(line + end for line, end in zip(lines, ends))
    # Bytes at the front could read as a mark of another encoding.
    risky = dialect["encoding"] == "utf-8" and columns[0]["type"] == "binary" and not dialect["header"]
    mark = "\ufeff" if dialect["bom"] or risky else ""
    return (mark + text).encode(dialect["encoding"], "surrogateescape" if dialect["encoding"] == "utf-8" else "strict")


def commented(dice, dialect, lines):
    """With comments before, between and behind the lines."""
    comment = dialect["comment"]
    if not comment:
        return lines
    found, often = [], dice.choice([0, 0.02, 0.3])
    for line in [*lines, None]:
        while dice.random() < often:
            found.append(comment + dice.choice(["", " note", '"open', ",'", "\\", f"{dialect['delimiter']}{dialect['quote']}"]))
        found += [] if line is None else [line]
    return found


def packed(dice, dialect, text):
    import pyarrow as pa
    packers = {"": None, ".gz": lambda part: gzip.compress(part, dice.choice([1, 6, 9]), mtime=0),
               ".bz2": lambda part: bz2.compress(part, dice.choice([1, 9])),
               ".zst": lambda part: pa.compress(part, "zstd", asbytes=True)}
    pack = packers[dialect["packing"]]
    if not pack:
        return text
    cut = dice.randrange(len(text) + 1)
    return b"".join(pack(member) for member in dice.choice([[text], [text[:cut], text[cut:]]]))


def schema(dialect, columns):
    keys = {"delimiter": dialect["delimiter"], "header": dialect["header"], "nulls": dialect["nulls"],
            "quote": dialect["quote"] or "none", "escape": "backslash" if dialect["backslash"] else "doubled",
            "decimal_comma": dialect["decimal_comma"], "skip_lines": dialect["skip_lines"],
            "encoding": dialect["declared"]}
    if dialect["comment"]:
        keys["comment"] = dialect["comment"]
    lines = [*(f"{key} = {json.dumps(value)}" for key, value in keys.items()), "", "[columns]"]
    for column in columns:
        format = f", format = {json.dumps(column['format'])}" if column["format"] else ""
        required = ", required = true" if column["required"] else ""
        nulls = f", nulls = {json.dumps(column['nulls'])}" if column["nulls"] else ""
        lines.append(f"{column['name']} = {{ type = \"{column['type']}\"{format}{required}{nulls} }}")
    return "\n".join(lines) + "\n"


# --- the foreign readers ----------------------------------------------------------------------------

def compare(folder, parquet):
    import duckdb
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    wrong, values = [], 0
    for file in sorted(folder.glob("*.json")):
        table = json.loads(file.read_text())
        made = parquet / f"{file.stem}.parquet"
        for reader, read in (("duckdb", lambda f, t: by_duckdb(db, f, t)), ("pyarrow", by_pyarrow)):
            found = read(made, table["types"])
            wrong += differences(f"{file.stem} by {reader}", table, found)
            values += sum(map(len, found))
    print("\n".join(wrong[:20]) or f"{values} values")
    sys.exit(1 if wrong else 0)


def differences(name, table, found):
    for number, (kind, wanted, column) in enumerate(zip(table["types"], table["columns"], found, strict=True)):
        if wanted != column:
            pairs = [(w, f) for w, f in zip(wanted, column) if w != f]
            first = f"{pairs[0][0]!r} came back as {pairs[0][1]!r}" if pairs else "the number of rows"
            yield f"{name}: column c{number} {kind}: {len(wanted)} rows, {len(column)} found; {first}"


def by_duckdb(db, file, kinds):
    def expression(number, kind):
        if kind.startswith("timestamp"):
            return f"epoch_us(c{number})"
        return f"datediff('day', DATE '1970-01-01', c{number})" if kind == "date" else f"c{number}"
    columns = ", ".join(expression(number, kind) for number, kind in enumerate(kinds))
    rows = db.execute(f"SELECT {columns} FROM '{file}'").fetchall()
    return [[canonical(row[number], kind) for row in rows] for number, kind in enumerate(kinds)]


def by_pyarrow(file, kinds):
    import pyarrow as pa
    import pyarrow.parquet
    table = pa.parquet.read_table(file)
    found = []
    for kind, column in zip(kinds, table.columns, strict=True):
        if kind.startswith("timestamp"):
            factor = {"ms": 1000, "us": 1}[column.type.unit]
            values = [v if v is None else v * factor for v in column.cast(pa.int64()).to_pylist()]
        else:
            values = (column.cast(pa.int32()) if kind == "date" else column).to_pylist()
        found.append([canonical(value, kind) for value in values])
    return found


def canonical(value, kind):
    if value is None:
        return None
    if kind.startswith("float"):
        return "nan" if math.isnan(value) else value.hex()
    if kind.startswith("decimal"):
        return f"{value:f}" if value else f"{value:f}".removeprefix("-")
    return value.hex() if kind == "binary" else value


def main():
    command, folder, *rest = sys.argv[1:]
    if command == "write":
        write(pathlib.Path(folder), rest[0], int(rest[1]))
    else:
        compare(pathlib.Path(folder), pathlib.Path(rest[0]))


if __name__ == "__main__":
    main()

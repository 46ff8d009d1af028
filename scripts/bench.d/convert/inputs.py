"""Makes the inputs of performance.md, the same bytes on every machine, and keeps them for later runs.

    python inputs.py FOLDER SCALE DATAGEN NAME...

Runs as a process of its own, because the measuring one must stay small: a child's peak of memory
begins at its parent's.
"""

import pathlib
import subprocess
import sys
import tempfile

# Counts up when an input's bytes change.
VERSION = "1"
# Rows for the sizes of performance.md.
EVENTS_ROWS = 19_900_000
PROPERTIES_ORDER = 14_630_000
LINEITEM_ROWS = 3_765_000
WIDE_ROWS = 628_000


def main():
    folder, scale, datagen, *names = sys.argv[1:]
    folder, scale = pathlib.Path(folder), float(scale)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        make(folder, name, scale, datagen)


def make(folder, name, scale, datagen):
    file, mark = folder / name, folder / f".{name}.{VERSION}"
    if mark.exists() and file.exists():
        return
    print(f"making {file}", file=sys.stderr)
    MAKERS[name](file, scale, datagen)
    mark.touch()


def generated(rows, datagen, folder):
    command = [datagen, "retail", "--rows", str(int(rows)), "--seed", "7", "--out", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return pathlib.Path(folder)


def events(file, scale, datagen):
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        (generated(EVENTS_ROWS * scale, datagen, folder) / "events.csv").rename(file)


def item_properties(file, scale, datagen):
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        generated(PROPERTIES_ORDER * scale, datagen, folder)
        parts = sorted(pathlib.Path(folder).glob("item_properties*.csv"))
        with open(file, "wb") as out:
            for number, part in enumerate(parts):
                with open(part, "rb") as text:
                    header = text.readline()
                    out.write(b"" if number else header)
                    while block := text.read(1 << 20):
                        out.write(block)


def events_jsonl(file, scale, datagen):
    """As most writers of JSON do it: no spaces, and null for what is missing."""
    import duckdb
    plain = file.with_suffix(".csv")
    make(file.parent, plain.name, scale, datagen)
    duckdb.execute(f"COPY (FROM '{plain}') TO '{file}' (FORMAT json)")


def events_gz(file, scale, datagen):
    plain = file.with_suffix("")
    make(file.parent, plain.name, scale, datagen)
    with open(file, "wb") as out:
        subprocess.run(["gzip", "-6", "-n", "-c", str(plain)], check=True, stdout=out)


def picked(words, salt):
    return f"list_extract({words!r}, 1 + (hash(i, {salt}) % {len(words)})::INT)"


def number(salt, end):
    return f"(hash(i, {salt}) % {end})"


def a_day(salt):
    return f"strftime(DATE '1992-01-02' + {number(salt, 2500)}::INT, '%Y-%m-%d')"


NOUNS = ["deposits", "requests", "accounts", "packages", "theodolites", "pinto beans", "foxes", "ideas",
         "platelets", "instructions", "asymptotes", "dependencies"]
VERBS = ["sleep", "nag", "haggle", "wake", "cajole", "detect", "integrate", "boost", "doze", "affix"]
ADVERBS = ["quickly", "slyly", "carefully", "blithely", "furiously", "fluffily", "ironic", "final", "bold"]


def sentence(salt):
    return (f"concat_ws(' ', {picked(ADVERBS, salt)}, {picked(NOUNS, salt + 1)}, "
            f"{picked(VERBS, salt + 2)}, {picked(ADVERBS, salt + 3)}, {number(salt + 4, 100000)})")


def lineitem(file, scale, _):
    columns = [
        "1 + i // 4 * 8 + i % 4", f"1 + {number(1, 200000)}", f"1 + {number(2, 10000)}", "1 + i % 4",
        f"1 + {number(3, 50)}", f"printf('%d.%02d', 900 + {number(4, 104000)}, {number(5, 100)})",
        f"printf('0.%02d', {number(6, 11)})", f"printf('0.%02d', {number(7, 9)})",
        picked(["R", "A", "N"], 8), picked(["O", "F"], 9), a_day(10), a_day(11), a_day(12),
        picked(["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"], 13),
        picked(["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"], 14), sentence(15),
    ]
    copy(file, LINEITEM_ROWS * scale, columns, None, "delimiter '|', header false, quote ''")


def wide(file, scale, _):
    from rows import WIDE
    copy(file, WIDE_ROWS * scale, [wide_column(name, salt) for salt, (name, _) in enumerate(WIDE)],
         [name for name, _ in WIDE], "header true")


def wide_column(name, salt):
    salt, kind = salt * 10 + 100, name.rstrip("0123456789")
    value = {
        "id": "1000000 + i",
        "n": number(salt, 10 ** (3 + salt // 10 % 9)),
        "small": number(salt, 500),
        "money": f"printf('%d.%02d', {number(salt, 100000)}, {number(salt + 1, 100)})",
        "rate": f"{number(salt, 1000000)} / 977.0",
        "day": a_day(salt),
        "at": (f"strftime(TIMESTAMP '2024-01-01' + to_microseconds(({number(salt, 31536000000000)})::BIGINT),"
               " '%Y-%m-%d %H:%M:%S.%f')"),
        "flag": f"CASE WHEN {number(salt, 3)} = 0 THEN 'true' ELSE 'false' END",
        "word": picked(["open", "closed", "pending", "returned", "lost, found", "n/a"], salt),
        "note": note(salt),
    }[kind]
    empty = "false" if kind == "id" else f"{number(salt + 9, 10)} = 0"
    return f"CASE WHEN {empty} THEN NULL ELSE {value} END"


def note(salt):
    """Of ten notes, four must be quoted: for a delimiter, a quote, a line break."""
    said = sentence(salt)
    return (f"CASE {number(salt + 7, 10)} WHEN 0 THEN {said} || chr(10) || 'and left' "
            f"WHEN 1 THEN 'said \"hi\" to ' || {said} WHEN 2 THEN {said} || ', then ' || {number(salt + 8, 1000)} "
            f"WHEN 3 THEN 'Grüße, ' || {said} ELSE {said} END")


def copy(file, rows, columns, names, options):
    import duckdb
    names = names or [f"c{number}" for number in range(len(columns))]
    select = ", ".join(f"{value} AS {name}" for value, name in zip(columns, names))
    duckdb.execute(f"COPY (SELECT {select} FROM range({int(rows)}) t(i)) TO '{file}' (FORMAT csv, {options})")


MAKERS = {"events.csv": events, "events.jsonl": events_jsonl, "events.csv.gz": events_gz, "item_properties.csv": item_properties,
          "lineitem.tbl": lineitem, "wide.csv": wide}

if __name__ == "__main__":
    main()

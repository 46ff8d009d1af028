"""Whether Parquet files hold the same rows, value for value, as DuckDB reads them.

    python verify.py ROW JUDGE OTHER...

Small tables are compared by EXCEPT ALL in both directions; large ones by count, and for each column and
for whole rows by the sum of the values' 64-bit hashes in 128 bits, which no order changes. Prints JSON:
{"rows": N, "method": "...", "differences": {"FILE": ["what", ...]}}. A file of another codec differs too.
"""

import json
import sys

import duckdb

from rows import ROWS

FEW_ROWS = 200_000


def main():
    name, judge, *others = sys.argv[1:]
    row = next(row for row in ROWS if row.name == name)
    db = duckdb.connect()
    rows = db.execute(f"SELECT count(*) FROM {read(row, judge)}").fetchone()[0]
    by_rows = rows <= FEW_ROWS
    compare = differences_by_rows if by_rows else differences_by_hash
    method = "EXCEPT ALL both ways" if by_rows else "hash sums of columns and rows, and counts"
    found = {other: compare(db, row, judge, other) + other_codec(db, row, other) for other in others}
    print(json.dumps({"rows": rows, "method": method, "differences": found}))


def typed(name, kind):
    """Peers write one type in different units; a wrong type of another kind does not cast in silence."""
    wanted = {"int64": "BIGINT", "int32": "INTEGER", "string": "VARCHAR", "date": "DATE", "bool": "BOOLEAN",
              "float64": "DOUBLE"}.get(kind, "TIMESTAMP" if kind.startswith("timestamp") else kind.upper())
    return f'"{name}"::{wanted}'


def select(row, file):
    columns = ", ".join(f"{typed(name, kind)} AS {name}" for name, kind in row.columns)
    return f"SELECT {columns} FROM {read(row, file)}"


def read(row, file):
    """Folders are a column that the files do not have."""
    return f"read_parquet('{file}', hive_partitioning = true)" if row.partition_by else f"'{file}'"


def other_codec(db, row, file):
    """Pages that do not get smaller may stay as they are."""
    found = db.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{file}')").fetchall()
    others = sorted({codec for (codec,) in found} - {row.codec.upper(), "UNCOMPRESSED"})
    return [f"compressed by {', '.join(others)} instead of {row.codec}"] if others else []


def differences_by_rows(db, row, judge, other):
    one, two = select(row, judge), select(row, other)
    count = lambda sql: db.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]
    missing, surplus = count(f"{one} EXCEPT ALL {two}"), count(f"{two} EXCEPT ALL {one}")
    return [f"{missing} rows missing, {surplus} surplus"] if missing or surplus else []


def differences_by_hash(db, row, judge, other):
    names = [name for name, _ in row.columns]
    sums = [f"count({name}), sum(hash({name})::HUGEINT)" for name in names]
    sums += ["count(*)", f"sum(hash({', '.join(names)})::HUGEINT)"]
    read = lambda file: db.execute(f"SELECT {', '.join(sums)} FROM ({select(row, file)})").fetchone()
    labels = [f"{what} of {name}" for name in names for what in ("values", "hash sum")]
    labels += ["rows", "hash sum of rows"]
    return [label for label, a, b in zip(labels, read(judge), read(other)) if a != b]


main()

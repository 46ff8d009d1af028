"""Random tables with folders and orders, the same for a seed: written as CSV, and compared with what
two foreign readers find below the folders made of it.

    parts.py write FOLDER SEED COUNT      NAME.csv, NAME.toml, NAME.json for each table
    parts.py compare FOLDER PARQUET       exit status 0 when DuckDB and PyArrow find every row in its
                                          folder, every row group sorted, and no value missed by a filter
"""

import csv
import datetime
import io
import json
import pathlib
import random
import sys
from decimal import Decimal

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq

TEXTS = ["view", "a b", "a/b", "100%", "%2F", "x=y", "..", ".", "~", "ü", "漢字", "\U0001f600", "it's", '"q"', "a\\b",
         "a:b", "[1]", "{x}", "#", "?", "*", "&", "+", "^", "|", ";", ",", "two\nlines", "-rf", "NaN", "None", "NULL",
         "0", "007", "1e3", "true", "2026-01-31", " lead", "trail ", "CON", "a" * 100, "", None]


def a_text(dice):
    return dice.choice(TEXTS)


def an_int(dice):
    return dice.choice([None, 0, -1, 7, 2 ** 31 - 1, -(2 ** 31), dice.randrange(30)])


def a_bool(dice):
    return dice.choice([None, True, False])


def a_date(dice):
    return dice.choice([None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31),
                        datetime.date(2026, 1, 1) + datetime.timedelta(days=dice.randrange(20))])


def a_decimal(dice):
    return dice.choice([None, Decimal("0.00"), Decimal("-0.50"), Decimal("1234.56"), Decimal(dice.randrange(9))])


def a_time(dice):
    base = datetime.datetime(2026, 1, 31, 8, 15)
    return dice.choice([None, base, base + datetime.timedelta(milliseconds=dice.randrange(5))])


MAKERS = {"string": a_text, "int32": an_int, "bool": a_bool, "date": a_date, "decimal(6,2)": a_decimal,
          "timestamp(ms)": a_time}


def spelled(value, kind):
    """As the folder of it reads."""
    match value:
        case None | "":
            return None
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:.2f}"
        case datetime.datetime():
            fraction = f".{value.microsecond // 1000:03}" if value.microsecond else ""
            return f"{value:%Y-%m-%d %H:%M:%S}{fraction}"
        case datetime.date():
            return f"{value.year:04}-{value.month:02}-{value.day:02}"
        case _:
            return str(value)


def written(value):
    return "" if value is None else spelled(value, None) if value != "" else value


def write(folder, seed, count):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        one_table(folder, f"t{number:03}", random.Random(f"{seed}/{number}"))


def one_table(folder, name, dice):
    kinds = [dice.choice(list(MAKERS)) for _ in range(dice.choice([1, 1, 2, 3]))]
    keys = [f"k{place}" for place in range(len(kinds))]
    few = [[MAKERS[kind](dice) for _ in range(dice.choice([1, 3, 8]))] for kind in kinds]
    weights = [dice.choice([1, 1, 30]) for _ in range(8)]
    rows = []
    for number in range(dice.choice([1, 20, 300, 300, 5000])):
        row = [number] + [dice.choices(values, weights[:len(values)])[0] for values in few]
        rows.append(row + [dice.randrange(50) if dice.random() < 0.9 else None, f"w{dice.randrange(400)}"])
    columns = ["id", *keys, "n", "word"]
    types = ["int64", *kinds, "int32", "string"]
    order = list(zip(columns, types))
    places = list(range(len(columns)))
    dice.shuffle(places)
    cluster_by = dice.choice([[], [], ["n"], ["word"], ["n", "word"]])
    schema = f"partition_by = {json.dumps(keys)}\nmax_partitions = 600\n"
    schema += f"cluster_by = {json.dumps(cluster_by)}\n" if cluster_by else ""
    schema += "[columns]\n" + "".join(f'{order[place][0]} = "{order[place][1]}"\n' for place in places)
    text = io.StringIO()
    writer = csv.writer(text, quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
                        lineterminator=dice.choice(["\n", "\r\n"]))
    writer.writerow([columns[place] for place in places])
    # A quoted empty field of a text is the empty text, which as a folder is null all the same.
    writer.writerows([[written(row[place]) for place in places] for row in rows])
    (folder / f"{name}.csv").write_bytes(text.getvalue().encode())
    (folder / f"{name}.toml").write_text(schema)
    wanted = [[spelled(value, None) for value in row] for row in rows]
    document = {"columns": columns, "keys": keys, "cluster_by": cluster_by, "rows": wanted}
    (folder / f"{name}.json").write_text(json.dumps(document))


def ordered(rows):
    return sorted(rows, key=lambda row: [(value is None, value or "") for value in row])


def with_duckdb(folder, columns):
    names = ", ".join(f'"{name}"::VARCHAR' for name in columns)
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    return [list(row) for row in duckdb.sql(f"SELECT {names} FROM {files}").fetchall()]


def with_pyarrow(folder, columns):
    # Types of folders are declared as texts: what a reader would guess of `007` is its own affair.
    import pyarrow as pa
    keys = [name for name in columns if name.startswith("k")]
    folders = ds.partitioning(pa.schema([(key, pa.string()) for key in keys]), flavor="hive")
    table = ds.dataset(folder, format="parquet", partitioning=folders).to_table(columns=columns)
    lists = [[None if value is None else str(value) for value in table[name].to_pylist()] for name in columns]
    return [list(row) for row in zip(*lists)]


def unsorted_groups(file, cluster_by):
    """Row groups that are not in the order that they declare."""
    parquet, wrong = pq.ParquetFile(file), []
    key = lambda row: [(value is None, value) for value in row]
    for number in range(parquet.num_row_groups):
        names = parquet.schema_arrow.names
        declared = [names[by.column_index] for by in parquet.metadata.row_group(number).sorting_columns]
        columns = parquet.read_row_group(number, columns=cluster_by).to_pydict()
        rows = [key(row) for row in zip(*(columns[name] for name in cluster_by))]
        if declared != cluster_by or rows != sorted(rows):
            wrong.append(f"{file}: row group {number} declares {declared}")
    return wrong


def missed_by_filters(file, column):
    """Values of a column that its bloom filters would not find."""
    offsets = duckdb.sql(f"SELECT bloom_filter_offset FROM parquet_metadata('{file}') WHERE path_in_schema = '{column}'")
    if any(offset is None for (offset,) in offsets.fetchall()):
        return [f"{file}: {column} has no filter"]
    found = duckdb.sql(f"SELECT DISTINCT {column} FROM '{file}' WHERE {column} IS NOT NULL").fetchall()
    kind = duckdb.sql(f"SELECT typeof({column}) FROM '{file}' LIMIT 1").fetchall()[0][0]
    groups = pq.ParquetFile(file).num_row_groups
    missed = []
    for (value,) in found[:40]:
        probe = duckdb.sql(f"SELECT count(*) FROM parquet_bloom_probe('{file}', '{column}', '{value}'::{kind}) "
                           "WHERE bloom_filter_excludes").fetchall()[0][0]
        if probe >= groups:
            missed.append(f"{file}: {column} = {value} is in no filter")
    return missed


def compare(folder, parquet):
    faults, rows = [], 0
    for table in sorted(folder.glob("*.json")):
        wanted = json.loads(table.read_text())
        below = parquet / table.stem
        rows += len(wanted["rows"])
        for reader in (with_duckdb, with_pyarrow):
            found = reader(str(below), wanted["columns"])
            if ordered(found) != ordered(wanted["rows"]):
                lost = [row for row in wanted["rows"] if row not in found][:2]
                strange = [row for row in found if row not in wanted["rows"]][:2]
                faults.append(f"{table.stem}, {reader.__name__}: lost {lost}, strange {strange}")
        for file in below.rglob("*.parquet") if wanted["cluster_by"] else ():
            name = str(file).replace("'", "''")
            faults += unsorted_groups(str(file), wanted["cluster_by"])
            faults += missed_by_filters(name, wanted["cluster_by"][0])
    print(f"{rows} rows")
    sys.exit("\n".join(faults[:10]) if faults else 0)


def main():
    command, folder, *rest = sys.argv[1:]
    if command == "write":
        write(pathlib.Path(folder), rest[0], int(rest[1]))
    else:
        compare(pathlib.Path(folder), pathlib.Path(rest[0]))


main()

"""Rows below a folder of Hive partitions as DuckDB and PyArrow read them: hive.py FOLDER COLUMN...

Prints the rows as a JSON list, ordered by all columns, values as text; both readers must agree.
"""

import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds


def with_duckdb(folder, columns):
    names = ", ".join(f'cast("{name}" as varchar)' for name in columns)
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    return [list(row) for row in duckdb.sql(f"select {names} from {files}").fetchall()]


def with_pyarrow(folder, columns):
    partitioning = ds.HivePartitioning.discover(infer_dictionary=False)
    dataset = ds.dataset(folder, format="parquet", partitioning=partitioning)
    table = dataset.to_table(columns=columns)
    lists = [[None if v is None else text(v) for v in table[name].to_pylist()] for name in columns]
    return [list(row) for row in zip(*lists)] if table.num_rows else []


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def ordered(rows):
    return sorted(rows, key=lambda row: [(value is None, value or "") for value in row])


def main():
    folder, *columns = sys.argv[1:]
    one, other = ordered(with_duckdb(folder, columns)), ordered(with_pyarrow(folder, columns))
    if one != other:
        sys.exit(f"DuckDB: {one}\nPyArrow {pa.__version__}: {other}")
    print(json.dumps(one))


if __name__ == "__main__":
    main()

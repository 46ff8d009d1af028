"""Compares gold in a lake's folder with DuckDB: the SQL of each model over the same files of silver.

    gold.py FOLDER MODELS NAME...

FOLDER is the lake's folder, MODELS that of the models' files; each NAME is a model, those first that others
read. Iceberg tables are read by PyIceberg, folders of Parquet by DuckDB. One JSON line tells the counts of
each; exit status 1 where rows are missing or surplus.
"""

import json
import pathlib
import sys

import duckdb
from pyiceberg.table import StaticTable


def query(file):
    """What stands below the header."""
    return file.read_text().split("*/", 1)[-1]


def pointer(folder, name):
    [file] = folder.glob(f"catalog/*/{name}.pointer.json")
    return json.loads(file.read_text())


def register(db, folder, name):
    """Gold as it stands, under a name of its own, and how it is kept."""
    where, found = pointer(folder, name), f"gold_{name}"
    if where.get("metadata"):
        db.register(found, StaticTable.from_metadata(where["metadata"]).scan().to_arrow())
        return found, "iceberg"
    below = where["parquet"].split("/gold/", 1)[1]
    db.execute(f"CREATE VIEW {found} AS FROM read_parquet('{folder}/gold/{below}*.parquet')").fetchall()
    return found, "parquet"


def compared(db, folder, name):
    found, kind = register(db, folder, name)
    count = lambda sql: db.execute(f"SELECT count(*) FROM ({sql})").fetchall()[0][0]
    return {
        "kept_as": kind,
        "rows": count(f"FROM {found}"),
        "missing": count(f"FROM {name} EXCEPT ALL FROM {found}"),
        "surplus": count(f"FROM {found} EXCEPT ALL FROM {name}"),
    }


def main():
    folder, models, *names = sys.argv[1:]
    folder, models = pathlib.Path(folder).absolute(), pathlib.Path(models)
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for table in sorted((folder / "silver").iterdir()):
        if table.is_dir() and any(table.glob("*.parquet")):
            db.execute(f"CREATE VIEW {table.name} AS FROM read_parquet('{table}/*.parquet')").fetchall()
    for name in names:
        db.execute(f"CREATE TABLE {name} AS {query(models / f'{name}.sql')}").fetchall()
    found = {name: compared(db, folder, name) for name in names}
    print(json.dumps(found))
    sys.exit(any(counts["missing"] or counts["surplus"] for counts in found.values()))


main()

"""Compares gold of a local cloud with DuckDB: the SQL of each model over silver. All tables are found through Glue;
Iceberg is read by PyIceberg's own catalog of Glue, folders of Parquet by DuckDB.

    pointed.py ENDPOINT LAKE MODELS NAME...

LAKE is what the databases' names begin with, MODELS the folder of the models' files; each NAME is a model, those
first that others read. One JSON line tells the counts of each; exit status 1 where rows are missing or surplus.
"""

import json
import pathlib
import sys
import tempfile

import boto3
import duckdb
from pyiceberg.catalog import load_catalog

ENDPOINT, LAKE, MODELS, *NAMES = sys.argv[1:]
KEYS = {"access-key-id": "test", "secret-access-key": "test", "region": "us-east-1"}
ACCESS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
S3, GLUE = (boto3.client(name, endpoint_url=ENDPOINT, **ACCESS) for name in ("s3", "glue"))
# The lake's buckets refuse plain HTTP; a proxy that ends TLS says that there was some.
S3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
ICEBERG = load_catalog("gold", type="glue", **{
    f"{service}.{key}": value for service in ("glue", "s3") for key, value in {"endpoint": ENDPOINT, **KEYS}.items()
})


def parquet(db, view: str, table: dict, scratch: pathlib.Path) -> str:
    """What lies below a table's location."""
    bucket, _, prefix = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
    folder = scratch / view
    folder.mkdir()
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix.rstrip("/") + "/"):
        for nth, found in enumerate(page.get("Contents", [])):
            S3.download_file(bucket, found["Key"], str(folder / f"{nth}.parquet"))
    db.execute(f"CREATE VIEW {view} AS FROM read_parquet('{folder}/*.parquet')")
    return "parquet"


def gold(db, name: str, scratch: pathlib.Path) -> str:
    """Registers a model's rows as they stand, and tells how they are kept."""
    table = GLUE.get_table(DatabaseName=f"{LAKE}_gold", Name=name)["Table"]
    if table["Parameters"].get("table_type", "").upper() != "ICEBERG":
        return parquet(db, f"gold_{name}", table, scratch)
    db.register(f"gold_{name}", ICEBERG.load_table((f"{LAKE}_gold", name)).scan().to_arrow())
    return "iceberg"


def compared(db, name: str, scratch: pathlib.Path) -> dict:
    kind = gold(db, name, scratch)
    count = lambda sql: db.execute(f"SELECT count(*) FROM ({sql})").fetchall()[0][0]
    return {
        "kept_as": kind,
        "rows": count(f"FROM gold_{name}"),
        "missing": count(f"FROM {name} EXCEPT ALL FROM gold_{name}"),
        "surplus": count(f"FROM gold_{name} EXCEPT ALL FROM {name}"),
    }


def main():
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory() as scratch:
        for table in GLUE.get_tables(DatabaseName=f"{LAKE}_silver")["TableList"]:
            parquet(db, table["Name"], table, pathlib.Path(scratch))
        for name in NAMES:
            sql = (pathlib.Path(MODELS) / f"{name}.sql").read_text().split("*/", 1)[-1]
            db.execute(f"CREATE TABLE {name} AS {sql}")
        found = {name: compared(db, name, pathlib.Path(scratch)) for name in NAMES}
    print(json.dumps(found))
    sys.exit(any(counts["missing"] or counts["surplus"] for counts in found.values()))


main()

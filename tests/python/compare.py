"""Compares rows as multisets: what a CSV holds, and what the Parquet under an S3 prefix holds.

The reader is DuckDB, which shares no code with tarn. Exit status 0 when equal; one JSON line tells
the counts either way.

    compare.py ENDPOINT BUCKET PREFIX SELECT CSV...

ENDPOINT `-` reads the folder BUCKET/PREFIX of this machine instead.

SELECT is the list of expressions that turns the CSV's columns (all text) into the table's types.
"""

import json
import pathlib
import sys
import tempfile

import boto3
import duckdb


def download(endpoint, bucket, prefix, folder):
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )
    files = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            file = folder / f"{len(files)}.parquet"
            client.download_file(bucket, entry["Key"], str(file))
            files.append(str(file))
    return files


def found(endpoint, bucket, prefix, folder):
    if endpoint == "-":
        return sorted(str(file) for file in (pathlib.Path(bucket) / prefix).rglob("*.parquet"))
    return download(endpoint, bucket, prefix, folder)


def main():
    endpoint, bucket, prefix, select, *csv = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        files = found(endpoint, bucket, prefix, pathlib.Path(folder))
        if not files:
            sys.exit(f"no object under {bucket}/{prefix}")
        db = duckdb.connect()
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"CREATE TABLE wanted AS SELECT {select} FROM read_csv({csv}, all_varchar=true, header=true)")
        db.execute(f"CREATE TABLE found AS SELECT * FROM read_parquet({files})")
        count = lambda sql: db.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]
        counts = {
            "wanted": count("FROM wanted"),
            "found": count("FROM found"),
            "missing": count("FROM wanted EXCEPT ALL FROM found"),
            "surplus": count("FROM found EXCEPT ALL FROM wanted"),
            "types": [row[1] for row in db.execute("DESCRIBE found").fetchall()],
            "files": len(files),
        }
    print(json.dumps(counts))
    sys.exit(1 if counts["missing"] or counts["surplus"] or not counts["wanted"] else 0)


main()

"""Compares what the pipeline wrote, on the cloud and in a folder, with the bare conversion's: the same rows, as often."""

import duckdb

from functions import s3


def differences(endpoint, bare, silver, local):
    """What is different between the bare conversion's Parquet, silver's, which is fetched first, and a folder's."""
    fetch(endpoint, silver)
    due, on_cloud, in_folder = (digest(folder) for folder in (bare, silver, local))
    found = {"silver": on_cloud, "the folder": in_folder}
    return [f"{where} has {rows}, and the bare conversion {due}" for where, rows in found.items() if rows != due]


def fetch(endpoint, silver):
    client = s3(endpoint)
    silver.mkdir(parents=True, exist_ok=True)
    bucket = next(each["Name"] for each in client.list_buckets()["Buckets"] if "-silver-" in each["Name"])
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="events/"):
        for found in page.get("Contents", []):
            client.download_file(bucket, found["Key"], str(silver / found["Key"].rsplit("/", 1)[1]))


def digest(folder):
    """How many rows there are, and a sum over all of them, which no order changes."""
    files = str(folder / "*.parquet")
    statement = "select count(*), sum(hash(e)::hugeint % 1000000007) from read_parquet($files) as e"
    return duckdb.execute(statement, {"files": files}).fetchone()

"""Whether silver holds the same in a bucket and in a folder: the same bytes for each landing key.

    same_silver.py ENDPOINT SILVER BRONZE DIR

An object is called by its source's identity, which has S3's version id in it on one side and a hash of
the content on the other. Bronze says which identity is which landing key, so names are compared with
the key in its place. Prints the number of objects as JSON; exit status 1 with the differences.
"""

import hashlib
import json
import pathlib
import re
import sys

import boto3

ENDPOINT, SILVER, BRONZE, DIR = sys.argv[1:]


def of_bucket(bucket):
    client = boto3.client(
        "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def of_folder(name):
    folder = pathlib.Path(DIR) / name
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def by_landing_key(silver, bronze):
    names = {}
    for key in bronze:
        table, identity, name = key.split("/", 2)
        names[identity] = name
    hashes = {}
    for key, data in silver.items():
        folder, identity = re.fullmatch(r"(.*/)part-([0-9a-f]{32})\.parquet", key).groups()
        hashes[f"{folder}part-<{names[identity]}>.parquet"] = hashlib.sha256(data).hexdigest()
    assert len(hashes) == len(silver), "two objects of one landing key"
    return hashes


def main():
    cloud = by_landing_key(of_bucket(SILVER), of_bucket(BRONZE))
    folder = by_landing_key(of_folder("silver"), of_folder("bronze"))
    differing = sorted(set(cloud.items()) ^ set(folder.items()))
    print(json.dumps({"objects": len(cloud), "differing": differing}))
    sys.exit(1 if differing or not cloud else 0)


main()

"""Whether silver holds the same in a bucket and in a folder: the same bytes for each landing key.

    same_silver.py ENDPOINT SILVER BRONZE DIR

An object is called by its source's identity, which has S3's version id in it on one side and a hash of
the content on the other, or by its key's, which has the landing bucket's name in it. Bronze says which
identity is which file, and landing which keys there are, so names are compared with these in their place. Prints the number of objects as JSON; exit status 1 with the differences.
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


def identity(*parts):
    return hashlib.sha256("".join(f"{part}\0" for part in parts).encode()).hexdigest()[:32]


def by_landing_key(silver, bronze, bucket, landing):
    names = {"key-" + identity(bucket, key): key for key in landing}
    for key in bronze:
        table, source, name = key.split("/", 2)
        names["part-" + source] = name
    hashes = {}
    for key, data in silver.items():
        if key.startswith("_keys/"):
            # What the versions of a key share. It names the source that wrote last.
            table, called = re.fullmatch(r"_keys/(.*)/([0-9a-f]{32})\.json", key).groups()
            hashes[f"_keys/{table}/<{names['key-' + called]}>.json"] = str(json.loads(data)["folders"])
            continue
        folder, kind, called = re.fullmatch(r"(.*/)((part|key)-[0-9a-f]{32})\.parquet", key).group(1, 3, 2)
        hashes[f"{folder}{kind}-<{names[called]}>.parquet"] = hashlib.sha256(data).hexdigest()
    assert len(hashes) == len(silver), "two objects of one landing key"
    return hashes


def main():
    bucket = SILVER.replace("-silver-", "-landing-")
    cloud = by_landing_key(of_bucket(SILVER), of_bucket(BRONZE), bucket, of_bucket(bucket))
    # A folder's buckets are named as those of an account are, in the region "local".
    local = re.sub(r"-\d{12}-.*", "-000000000000-local", bucket)
    folder = by_landing_key(of_folder("silver"), of_folder("bronze"), local, of_folder("landing"))
    differing = sorted(set(cloud.items()) ^ set(folder.items()))
    objects = sum(name.endswith(".parquet") for name in cloud)
    print(json.dumps({"objects": objects, "differing": differing}))
    sys.exit(1 if differing or not cloud else 0)


main()

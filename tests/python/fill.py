"""Fills a versioned bucket with everything that can be left in one, or tries to delete it; says how it went, as JSON.

    fill.py ENDPOINT fill BUCKET VERSIONS MARKERS UPLOADS
    fill.py ENDPOINT delete-bucket BUCKET
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

ENDPOINT, WHAT, BUCKET = sys.argv[1:4]
s3 = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
AWKWARD = ["a b+c%20.csv", "a&b=c;%2F?#.csv", "\U0001f30a/ü.csv", "it's <&>.csv"]


def fill(versions, markers, uploads):
    for n in range(versions):
        # Half of the versions are of few keys, so that a page ends within a key.
        key = AWKWARD[n // 2 % len(AWKWARD)] if n % 2 else f"many/{n:05}.csv"
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for n in range(markers):
        s3.delete_object(Bucket=BUCKET, Key=AWKWARD[n % len(AWKWARD)])
    for n in range(uploads):
        key = AWKWARD[n % len(AWKWARD)]
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)
        if n % 10 == 0:
            s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload["UploadId"], PartNumber=1, Body=b"x")
    return "filled"


def delete_bucket():
    try:
        s3.delete_bucket(Bucket=BUCKET)
        return "deleted"
    except ClientError as error:
        return error.response["Error"]["Code"]


print(json.dumps(fill(*map(int, sys.argv[4:])) if WHAT == "fill" else delete_bucket()))

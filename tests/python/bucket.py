"""Makes or removes a bucket that is not the lake's, to stand in its way; lists the keys of any, as JSON.

    bucket.py ENDPOINT make|remove|keys NAME
"""

import json
import sys

import boto3

ENDPOINT, VERB, NAME = sys.argv[1:4]
client = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
if VERB == "make":
    client.create_bucket(Bucket=NAME)
elif VERB == "keys":
    print(json.dumps([found["Key"] for found in client.list_objects_v2(Bucket=NAME).get("Contents", [])]))
else:
    client.delete_bucket(Bucket=NAME)

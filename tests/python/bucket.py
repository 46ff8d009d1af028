"""Makes or removes a bucket that is not the lake's, to stand in its way.

    bucket.py ENDPOINT make|remove NAME
"""

import sys

import boto3

ENDPOINT, VERB, NAME = sys.argv[1:4]
client = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
if VERB == "make":
    client.create_bucket(Bucket=NAME)
else:
    client.delete_bucket(Bucket=NAME)

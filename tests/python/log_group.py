"""Makes or removes a log group that no stack has, as a function does that is late with its last words.

    log_group.py ENDPOINT make|remove NAME
"""

import sys

import boto3

ENDPOINT, VERB, NAME = sys.argv[1:4]
client = boto3.client(
    "logs", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
if VERB == "make":
    client.create_log_group(logGroupName=NAME)
else:
    client.delete_log_group(logGroupName=NAME)

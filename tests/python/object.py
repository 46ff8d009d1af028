"""Says how an object was written, as JSON.

    object.py ENDPOINT BUCKET KEY
"""

import json
import sys

import boto3

ENDPOINT, BUCKET, KEY = sys.argv[1:4]
s3 = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
head = s3.head_object(Bucket=BUCKET, Key=KEY)
# The ETag of an object of parts ends in their number.
_, _, parts = head["ETag"].strip('"').partition("-")
print(json.dumps({"parts": int(parts or 1), "type": head["ContentType"], "metadata": head["Metadata"]}))

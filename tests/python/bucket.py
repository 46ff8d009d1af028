"""Makes or removes a bucket that is not the lake's, to stand in its way; lists the keys of any, as JSON, or
puts an object into it.

    bucket.py ENDPOINT make|remove|keys|put NAME [KEY]
"""

import json
import sys

import boto3

ENDPOINT, VERB, NAME = sys.argv[1:4]
client = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
# The lake's buckets refuse plain HTTP; this is how a proxy that ends TLS says that there was some.
client.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
if VERB == "make":
    client.create_bucket(Bucket=NAME)
elif VERB == "put":
    client.put_object(Bucket=NAME, Key=sys.argv[4], Body=b"nobody's rows")
elif VERB == "keys":
    print(json.dumps([found["Key"] for found in client.list_objects_v2(Bucket=NAME).get("Contents", [])]))
else:
    client.delete_bucket(Bucket=NAME)

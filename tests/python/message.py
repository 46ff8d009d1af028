"""Puts a message into a queue.

    message.py ENDPOINT QUEUE
"""

import sys

import boto3

ENDPOINT, NAME = sys.argv[1:3]
client = boto3.client(
    "sqs", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
# The queue refuses plain HTTP; this is how a proxy that ends TLS says that there was some.
client.meta.events.register("before-sign.sqs", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
client.send_message(QueueUrl=client.get_queue_url(QueueName=NAME)["QueueUrl"], MessageBody="{}")

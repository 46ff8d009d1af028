"""Calls a function and prints its answer; exit status 1 if it failed.

    invoke.py ENDPOINT FUNCTION INPUT
"""

import sys

import boto3

ENDPOINT, NAME, INPUT = sys.argv[1:4]
client = boto3.client(
    "lambda", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
answer = client.invoke(FunctionName=NAME, Payload=INPUT.encode())
print(answer["Payload"].read().decode())
sys.exit(1 if "FunctionError" in answer else 0)

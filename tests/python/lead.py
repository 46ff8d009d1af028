"""Leads functions to another endpoint for S3, DynamoDB and Glue, by variables of the function's own.

    lead.py ENDPOINT OTHER FUNCTION...
"""

import sys

import boto3

ENDPOINT, OTHER, *FUNCTIONS = sys.argv[1:]
client = boto3.client(
    "lambda", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
for name in FUNCTIONS:
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables |= {f"AWS_ENDPOINT_URL_{service}": OTHER for service in ("S3", "DYNAMODB", "GLUE")}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

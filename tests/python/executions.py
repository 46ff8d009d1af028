"""Lists the executions of a state machine: name and status, as JSON.

    executions.py ENDPOINT STATE_MACHINE
"""

import json
import sys

import boto3

ENDPOINT, NAME = sys.argv[1:3]
client = boto3.client(
    "stepfunctions", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)
arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:{NAME}"
found = client.list_executions(stateMachineArn=arn)["executions"]
print(json.dumps([{"name": run["name"], "status": run["status"]} for run in found]))

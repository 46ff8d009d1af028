"""Makes empty places for the contract suites and says their names, as JSON.

    places.py ENDPOINT bucket|table|database COUNT
"""

import json
import sys
import uuid

import boto3

ENDPOINT, KIND, COUNT = sys.argv[1:4]


def client(service):
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )


def bucket(name):
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def table(name):
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "source_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "source_id", "KeyType": "HASH"}],
    )


def database(name):
    glue.create_database(DatabaseInput={"Name": name})


s3, dynamodb, glue = client("s3"), client("dynamodb"), client("glue")
names = [f"{KIND}-{uuid.uuid4().hex}" for _ in range(int(COUNT))]
for name in names:
    {"bucket": bucket, "table": table, "database": database}[KIND](name)
print(json.dumps(names))

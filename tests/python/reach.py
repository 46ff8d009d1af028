"""What the reader role of each zone of a lake reaches on a local cloud that enforces IAM: the whole matrix.

    reach.py ENDPOINT PREFIX        JSON: {zone: {thing: "ok" | "denied" | "error ..."}}

Things are `list`, `read` and `write` of every bucket of the lake, `catalog` of every database, and `ledger`.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, PREFIX = sys.argv[1:3]
DENIED = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation")


def client(name, credentials=None):
    keys = credentials or {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": None}
    headers = Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"})
    made = boto3.client(
        name, endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"], config=headers,
    )
    # The emulator speaks plain HTTP, which the buckets refuse; as a proxy that ends TLS would.
    made.meta.events.register(f"before-sign.{name}", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
    return made


def tried(call):
    try:
        call()
        return "ok"
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "denied" if code in DENIED else f"error {code}"


def reader_roles():
    roles = {}
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        name = stack["StackName"]
        if name.startswith(f"{PREFIX}-zone-") and "COMPLETE" in stack["StackStatus"] and "DELETE" not in stack["StackStatus"]:
            outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
            roles[name.removeprefix(f"{PREFIX}-zone-")] = outputs["ReaderRoleArn"]
    return roles


def main():
    root = client("s3")
    buckets = [b["Name"] for b in root.list_buckets()["Buckets"] if b["Name"].startswith(f"{PREFIX}-")]
    some = {}
    for bucket in buckets:
        found = root.list_objects_v2(Bucket=bucket).get("Contents", [])
        some[bucket] = found[0]["Key"] if found else "events/nothing.parquet"
    databases = [d["Name"] for d in client("glue").get_databases()["DatabaseList"]]
    databases = [name for name in databases if name.startswith(PREFIX.replace("-", "_") + "_")]
    reached = {}
    for zone, role in reader_roles().items():
        taken = client("sts").assume_role(RoleArn=role, RoleSessionName="reach")["Credentials"]
        s3, glue, dynamo = (client(name, taken) for name in ("s3", "glue", "dynamodb"))
        cells = {}
        for bucket in buckets:
            word = bucket.removeprefix(f"{PREFIX}-").rsplit("-000000000000-", 1)[0]
            cells[f"list {word}"] = tried(lambda: s3.list_objects_v2(Bucket=bucket))
            cells[f"read {word}"] = tried(lambda: s3.get_object(Bucket=bucket, Key=some[bucket])["Body"].read(1))
            cells[f"write {word}"] = tried(lambda: s3.put_object(Bucket=bucket, Key="events/x", Body=b""))
        for database in databases:
            word = database.removeprefix(PREFIX.replace("-", "_") + "_")
            cells[f"catalog {word}"] = tried(lambda: glue.get_table(DatabaseName=database, Name="events"))
        cells["ledger"] = tried(lambda: dynamo.scan(TableName=f"{PREFIX}-ledger", Limit=1))
        key = f"zones/{zone}/events.json"
        ops = next(bucket for bucket in buckets if bucket.startswith(f"{PREFIX}-ops-"))
        cells["notes"] = tried(lambda: s3.get_object(Bucket=ops, Key=key)["Body"].read(1))
        reached[zone] = cells
    print(json.dumps(reached))


main()

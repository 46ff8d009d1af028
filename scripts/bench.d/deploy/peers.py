"""The local cloud's CloudFormation, and who deploys with it: the AWS CLI, and boto3."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections import Counter

import boto3
from botocore.config import Config
from tarn import Failed

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
INLINE = 51_200
POLL = 0.5
TEMPLATES = "templates-of-a-script"
# By which `tarn destroy` takes down what the peers made.
TAGS = [{"Key": "tarn:lake", "Value": "many"}, {"Key": "tarn:environment", "Value": "dev"}]


class Cloud:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.stacks_api = boto3.client("cloudformation", endpoint_url=endpoint, **ROOT)
        self.s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}), **ROOT)
        # The lake's buckets refuse plain HTTP; this is how a proxy that ends TLS says that there was some.
        said = lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")
        self.s3.meta.events.register("before-sign.s3", said)

    def stacks(self):
        """What stands: how many resources of which type each stack has."""
        found = {}
        for page in self.stacks_api.get_paginator("describe_stacks").paginate():
            for stack in page["Stacks"]:
                if stack["StackStatus"].endswith("_COMPLETE") and stack["StackStatus"] != "DELETE_COMPLETE":
                    resources = self.stacks_api.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"])
                    types = Counter(each["ResourceType"] for page in resources for each in page["StackResourceSummaries"])
                    found[stack["StackName"]] = dict(sorted(types.items()))
        return found

    def templates(self, names):
        """Name and template of each stack, as deployed."""
        def body(name):
            told = self.stacks_api.get_template(StackName=name)["TemplateBody"]
            return told if isinstance(told, str) else json.dumps(told)
        return [(name, body(name)) for name in names]

    def template(self, name, body):
        """In the request, or uploaded where it is too large for that."""
        if len(body) <= INLINE:
            return {"TemplateBody": body}
        self.s3.create_bucket(Bucket=TEMPLATES)
        self.s3.put_object(Bucket=TEMPLATES, Key=name, Body=body.encode())
        return {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/{TEMPLATES}/{name}"}

    def handlers(self):
        """Bucket, key and bytes of the archive that the functions run."""
        bucket = next(b["Name"] for b in self.s3.list_buckets()["Buckets"] if "-ops-" in b["Name"])
        key = self.s3.list_objects_v2(Bucket=bucket, Prefix="handlers/")["Contents"][0]["Key"]
        return bucket, key, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def deployed(one, cloud, handlers, templates):
    """Deploys one stack after the other; the archive goes up when the bucket for it stands. Gives the seconds."""
    begin = time.perf_counter()
    for number, (name, body) in enumerate(templates):
        one(cloud, name, body)
        if number == 0 and handlers:
            bucket, key, content = handlers
            cloud.s3.put_object(Bucket=bucket, Key=key, Body=content)
    return time.perf_counter() - begin


def by_boto3(cloud, name, body):
    api = cloud.stacks_api
    asked = {"StackName": name, "ChangeSetName": "deploy", "ChangeSetType": "CREATE", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    made = api.create_change_set(**cloud.template(name, body), Tags=TAGS, **asked)
    settled(lambda: api.describe_change_set(ChangeSetName=made["Id"])["Status"], name)
    api.execute_change_set(ChangeSetName=made["Id"])
    settled(lambda: api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"], name)


def settled(status, name):
    """Looks at once, and then every half second."""
    while not (now := status()).endswith("_COMPLETE"):
        if "FAILED" in now or "ROLLBACK" in now:
            raise Failed(f"{name}: {now}")
        time.sleep(POLL)


def by_cli(cloud, name, body):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "template.json"
        file.write_text(body)
        words = ["--stack-name", name, "--template-file", file, "--capabilities", "CAPABILITY_NAMED_IAM"]
        words += ["--tags", *(f"{tag['Key']}={tag['Value']}" for tag in TAGS)]
        if len(body) > INLINE:
            cloud.s3.create_bucket(Bucket=TEMPLATES)
            words += ["--s3-bucket", TEMPLATES]
        aws = pathlib.Path(sys.executable).parent / "aws"
        done = subprocess.run([aws, "cloudformation", "deploy", *map(str, words)], env=environment(cloud.endpoint),
                              capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"aws cloudformation deploy of {name}: {done.stderr.strip()[-600:]}")


def environment(endpoint):
    return os.environ | {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
    }


PEERS = {
    "boto3": lambda *words: deployed(by_boto3, *words),
    "aws cli": lambda *words: deployed(by_cli, *words),
}

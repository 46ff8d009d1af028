"""Makes MiniStack start a function that never ends by itself and ignores SIGTERM."""

import io
import json
import zipfile

import boto3

BOOTSTRAP = "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, BOOTSTRAP)
    return packed.getvalue()


role = boto3.client("iam").create_role(RoleName="stubborn", AssumeRolePolicyDocument=json.dumps(TRUST))
functions = boto3.client("lambda")
functions.create_function(
    FunctionName="stubborn",
    Runtime="provided.al2023",
    Handler="bootstrap",
    Role=role["Role"]["Arn"],
    Code={"ZipFile": package()},
    Timeout=60,
)
functions.invoke(FunctionName="stubborn", InvocationType="Event")

"""Who copies: tarn's own handler, the AWS CLI, and rclone, each within S3 and with as many copies at once.

s5cmd would be the third of its kind; no registry that this project installs from has it.
"""

import os
import pathlib
import sys

from processes import Failed, measure
from runtime import Call

AT_ONCE = 64
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
BESIDE = pathlib.Path(sys.executable).parent


class Tarn:
    name = "tarn"

    def __init__(self, handlers, _):
        self.handlers = str(handlers)

    def copy(self, cloud, case, target):
        with Call({"run": f"to-{target}", "zone": target, "function": "f"}) as call:
            named = {"TARN_LAKE": cloud.lake, "TARN_ENV": cloud.environment, "TARN_ACCOUNT": cloud.account, "TARN_ZONE": target}
            settings = {**KEYS, **NOBODY, **named, **call.environment("sync"), "AWS_ENDPOINT_URL": cloud.endpoint}
            # After its one event it ends with an error: nobody answers any more.
            cost = measure([self.handlers], settings, ends_well=False)
        if call.error or call.answer is None:
            raise Failed(f"tarn: {call.error or 'no answer'}")
        return cost


class AwsCli:
    name = "aws s3 sync"

    def __init__(self, _, work):
        config = work / "aws.config"
        config.write_text(f"[default]\ns3 =\n  max_concurrent_requests = {AT_ONCE}\n  max_queue_size = 10000\n")
        self.settings = {**KEYS, **NOBODY, "AWS_CONFIG_FILE": str(config)}

    def copy(self, cloud, case, target):
        places = [f"s3://{bucket}/{case.table}/" for bucket in (cloud.silver, cloud.bucket(target))]
        command = [str(BESIDE / "aws"), "--endpoint-url", cloud.endpoint, "s3", "sync", "--only-show-errors", *places]
        return measure(command, self.settings)


class Rclone:
    """By checksums of the listings: by times it would ask for the head of every object."""

    name = "rclone sync"

    def __init__(self, _, work):
        self.settings = {**NOBODY, "RCLONE_CONFIG": str(work / "rclone.conf"), "RCLONE_CONFIG_S_TYPE": "s3"}
        (work / "rclone.conf").touch()

    def copy(self, cloud, case, target):
        remote = {"PROVIDER": "Other", "ENDPOINT": cloud.endpoint, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}
        settings = {**self.settings, **{f"RCLONE_CONFIG_S_{key}": value for key, value in remote.items()}}
        places = [f"s:{bucket}/{case.table}" for bucket in (cloud.silver, cloud.bucket(target))]
        parallel = ["--transfers", str(AT_ONCE), "--checkers", str(AT_ONCE)]
        quick = ["--checksum", "--fast-list", "--s3-no-check-bucket", "--s3-no-head"]
        return measure([str(BESIDE / "rclone"), "sync", *quick, *parallel, *places], settings)


TOOLS = [Tarn, AwsCli, Rclone]


def environment_of_user():
    """Settings of who runs this must not reach a tool."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "RCLONE_", "TARN_")) and name != "TARN_CACHE_DIR":
            del os.environ[name]

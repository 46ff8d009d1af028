"""The functions of the local cloud: plain processes, whose memory and CPU time the kernel counts."""

import contextlib
import json
import os
import pathlib
import threading

import boto3
from botocore.config import Config

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
LOOK_EVERY = 0.1


def s3(endpoint):
    client = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}), **ROOT)
    # The lake's buckets refuse plain HTTP; this is how a proxy that ends TLS says that there was some.
    said = lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")
    client.meta.events.register("before-sign.s3", said)
    return client


class Functions:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.peaks = {}
        self._cpu = {}

    @property
    def cpu(self):
        """The seconds of CPU that all functions took, as far as anybody looked."""
        return sum(self._cpu.values())

    @contextlib.contextmanager
    def watched(self):
        """Looks at every function's process as long as the block lasts."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self._look()

    def _watch(self, ended):
        while not ended.wait(LOOK_EVERY):
            self._look()

    def _look(self):
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self._is_ours(process):
                    name, peak = handler(process), peak_mb(process)
                    self.peaks[name] = max(peak, self.peaks.get(name, 0))
                    self._cpu[process.name] = cpu_seconds(process)

    def _is_ours(self, process):
        """MiniStack keeps the code of functions in a folder that is named by its port."""
        port = self.endpoint.rsplit(":", 1)[1]
        return f"ministack-provided-code-{port}" in str((process / "exe").readlink())

    def at_once(self, calls):
        """Lets no more calls of a list run at once."""
        client = boto3.client("stepfunctions", endpoint_url=self.endpoint, **ROOT)
        for machine in client.list_state_machines()["stateMachines"]:
            known = client.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
            definition = json.loads(known["definition"])
            for state in definition["States"].values():
                if state["Type"] == "Map":
                    state["MaxConcurrency"] = calls
            client.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=json.dumps(definition))

    def memory(self):
        """The memory that each handler has by its template, in MB."""
        pages = boto3.client("lambda", endpoint_url=self.endpoint, **ROOT).get_paginator("list_functions").paginate()
        return {each["Handler"]: each["MemorySize"] for page in pages for each in page["Functions"]}

    def parts(self, run):
        """How many parts of large files the calls of a run wrote, which `gather` then made one file of each."""
        client, bucket = s3(self.endpoint), self.bucket("ops")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"splits/{run}/")
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return sum(key.rsplit("/", 1)[1].startswith("part-") and key.endswith(".parquet") for key in keys)

    def bucket(self, word):
        """The lake's bucket of that word."""
        found = s3(self.endpoint).list_buckets()["Buckets"]
        return next(each["Name"] for each in found if f"-{word}-" in each["Name"])

    def new_bucket(self, name):
        s3(self.endpoint).create_bucket(Bucket=name)
        return name

    def lines(self, run):
        """How many calls of Convert a run had on its lists."""
        client, bucket = s3(self.endpoint), self.bucket("ops")
        lists = [f"runs/{run}/{name}.jsonl" for name in ("surveys", "work", "gathers")]
        bodies = [client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in lists]
        return sum(1 for body in bodies for line in body.splitlines() if json.loads(line))


def handler(process):
    """Which handler a process serves, by the environment it was started with."""
    variables = (process / "environ").read_bytes().split(b"\0")
    return next(each.split(b"=", 1)[1].decode() for each in variables if each.startswith(b"_HANDLER="))


def peak_mb(process):
    status = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def cpu_seconds(process):
    """User and system time: the 14th and 15th of the kernel's fields; the second, a name, ends with a bracket."""
    behind_name = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(behind_name[11]) + int(behind_name[12])) / os.sysconf("SC_CLK_TCK")

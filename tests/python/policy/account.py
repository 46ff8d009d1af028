"""A local cloud with IAM enforced, as its root sees it: roles, functions, buckets."""

import contextlib
import json
import re
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
# How an error says that it was a right that was missing: the handlers' own word, those of AWS, and its status
# where an answer has no words.
DENIED = re.compile(r"access ?denied|forbidden|not authorized|status 403\b", re.IGNORECASE)


class Denied(Exception):
    """A handler was refused something."""


class Broken(Exception):
    """A handler failed, and no right was missing; or a drive did not do what it is for."""


class Account:
    def __init__(self, endpoint: str, prefix: str):
        self.prefix = prefix
        clients = {name: client(endpoint, name) for name in ("dynamodb", "events", "glue", "iam", "lambda", "s3")}
        self.dynamodb, self.events, self.glue = (clients[name] for name in ("dynamodb", "events", "glue"))
        self.iam, self.functions, self.s3 = (clients[name] for name in ("iam", "lambda", "s3"))

    def bucket(self, word: str) -> str:
        return f"{self.prefix}-{word}-{ACCOUNT}-{REGION}"

    def database(self, word: str) -> str:
        return f"{self.prefix}_{word}".replace("-", "_")

    def function(self, word: str) -> str:
        return f"{self.prefix}-{word}"

    def all_functions(self) -> set[str]:
        """The words of every function that the lake has."""
        pages = self.functions.get_paginator("list_functions").paginate()
        names = [found["FunctionName"] for page in pages for found in page["Functions"]]
        return {name.removeprefix(f"{self.prefix}-") for name in names if name.startswith(f"{self.prefix}-")}

    def role_of(self, word: str) -> str:
        found = self.functions.get_function_configuration(FunctionName=self.function(word))
        return found["Role"].rsplit("/", 1)[1]

    def put(self, word: str, key: str, content) -> str:
        body = content if isinstance(content, (str, bytes)) else json.dumps(content)
        return self.s3.put_object(Bucket=self.bucket(word), Key=key, Body=body)["VersionId"]

    def read(self, word: str, key: str) -> str:
        return self.s3.get_object(Bucket=self.bucket(word), Key=key)["Body"].read().decode()

    def keys(self, word: str, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket(word), Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def wipe(self, word: str, prefix: str = "") -> None:
        """Every version under a prefix."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket(word), Prefix=prefix)
        for page in pages:
            for found in page.get("Versions", []) + page.get("DeleteMarkers", []):
                self.s3.delete_object(Bucket=self.bucket(word), Key=found["Key"], VersionId=found["VersionId"])

    def forget(self, database: str, table: str) -> None:
        with contextlib.suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.delete_table(DatabaseName=self.database(database), Name=table)

    def invoke(self, word: str, payload: dict) -> dict:
        """Calls a function; what it is refused, and what it fails with else, is raised."""
        answer = self.functions.invoke(FunctionName=self.function(word), Payload=json.dumps(payload))
        text = answer["Payload"].read().decode()
        if "FunctionError" not in answer:
            return json.loads(text)
        raise failure(f"{word}: {text}")

    def configured(self, word: str, variables: dict[str, str], timeout: int = 0) -> None:
        """Changes a function's settings; its next call begins a new process in any case."""
        name = self.function(word)
        known = self.functions.get_function_configuration(FunctionName=name)
        self.functions.update_function_configuration(
            FunctionName=name, Timeout=timeout or known["Timeout"],
            Environment={"Variables": {**known["Environment"]["Variables"], **variables}},
        )
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def client(endpoint: str, name: str):
    """Root's client. The lake's buckets refuse plain HTTP; a proxy that ends TLS says that there was some."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    settings = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, read_timeout=120)
    made = boto3.client(name, endpoint_url=endpoint, config=settings, **keys)
    said = lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")
    made.meta.events.register(f"before-sign.{name}", said)
    return made


def failure(text: str) -> Exception:
    return Denied(text) if DENIED.search(text) else Broken(text)


@contextlib.contextmanager
def deployed(tarn: Path, folder: Path, lake: Path, environment: str, files: dict[str, str], prepare):
    """A lake on a local cloud of its own, after one run over some files; gives the cloud's addresses. Before the run
    it is prepared."""
    folder.mkdir(parents=True)
    (folder / "lake.toml").write_text(lake.read_text())
    (folder / "models").mkdir()
    for model in (lake.parent / "models").glob("*.sql"):
        (folder / "models" / model.name).write_text(model.read_text())
    for name, text in files.items():
        (folder / "deliveries" / name).parent.mkdir(exist_ok=True)
        (folder / "deliveries" / name).write_text(text)

    def told(*words: str) -> dict:
        command = [tarn.resolve(), *words, "--json", "--env", environment]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"tarn {' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
        return json.loads(done.stdout)

    running = told("local", "start")
    try:
        told("deploy", "--local", "--yes", "--handlers", str(tarn.resolve().parent))
        prepare(running["ministack"]["url"])
        told("push", "--local", "deliveries")
        told("run", "--local")
        yield running["ministack"]["url"], running["moto"]["url"]
    finally:
        told("local", "stop")

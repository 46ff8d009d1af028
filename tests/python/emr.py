"""Stands in for the jobs of EMR Serverless, whose emulator runs none: carries each out by the same Spark, over copies
of the files that its request names, and puts back what it wrote. Equal tokens are one job.

    emr.py ENDPOINT MOTO FUNCTION

Points the function to itself and says `ready`; when its input ends, prints the jobs that it was asked for as JSON,
and ends. Applications are those of moto.
"""

import importlib.util
import json
import pathlib
import sys
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

ROOT = pathlib.Path(__file__).parents[2]
FOREIGN = importlib.util.spec_from_file_location("spark", ROOT / "lambdas/sql/tests/foreign/spark.py")
SPARK = importlib.util.module_from_spec(FOREIGN)
FOREIGN.loader.exec_module(SPARK)

ENDPOINT, MOTO, FUNCTION = sys.argv[1:4]
ACCESS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
S3, LAMBDA = (boto3.client(name, endpoint_url=ENDPOINT, **ACCESS) for name in ("s3", "lambda"))
# The lake's buckets refuse plain HTTP; a proxy that ends TLS says that there was some.
S3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))


def carry_out(script: str, request: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        fetch(root, script)
        asked = json.loads(fetch(root, request).read_text())
        for table in asked["tables"]:
            for group in table["groups"]:
                for file in group["files"]:
                    fetch(root, file)
        before = {file for file in root.rglob("*") if file.is_file()}
        SPARK.carry_out(script, request, root)
        for file in sorted(set(root.rglob("*")) - before):
            if file.is_file() and file.suffix != ".crc" and not file.name.endswith(".moved.json"):
                bucket, _, key = str(file.relative_to(root)).partition("/")
                S3.upload_file(str(file), bucket, key)


def fetch(root: pathlib.Path, address: str) -> pathlib.Path:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    file = root / bucket / key
    file.parent.mkdir(parents=True, exist_ok=True)
    S3.download_file(bucket, key, str(file))
    return file


class Jobs:
    """By their tokens."""

    def __init__(self):
        self.ids, self.jobs, self.lock, self.turn = {}, {}, threading.Lock(), threading.Lock()

    def start(self, application: str, asked: dict) -> dict:
        with self.lock:
            token = asked["clientToken"]
            assert 1 <= len(token) <= 64, token
            if token not in self.ids:
                self.ids[token] = f"job{len(self.ids)}"
                self.jobs[self.ids[token]] = {"asked": asked, "state": "SUBMITTED", "details": ""}
                threading.Thread(target=self.run, args=[self.jobs[self.ids[token]]], daemon=True).start()
            return {"applicationId": application, "jobRunId": self.ids[token], "arn": "arn"}

    def run(self, job: dict) -> None:
        submit = job["asked"]["jobDriver"]["sparkSubmit"]
        with self.turn:
            job["state"] = "RUNNING"
            try:
                carry_out(submit["entryPoint"], submit["entryPointArguments"][0])
                job["state"] = "SUCCESS"
            except Exception as error:
                print(repr(error), file=sys.stderr)
                job |= {"state": "FAILED", "details": str(error)[:256]}

    def seen(self, application: str, name: str) -> dict:
        job = self.jobs[name]
        return {"jobRun": {
            "applicationId": application, "jobRunId": name, "arn": "arn", "createdBy": "c", "createdAt": 0, "updatedAt": 0,
            "executionRole": job["asked"]["executionRoleArn"], "state": job["state"], "stateDetails": job["details"],
            "releaseLabel": "emr-7.14.0", "jobDriver": job["asked"]["jobDriver"],
        }}


JOBS = Jobs()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[2:3] == ["jobruns"]:
            return self.answer(JOBS.seen(parts[1], parts[3]))
        asked = urllib.request.Request(MOTO + self.path, headers={"Authorization": self.headers["Authorization"]})
        with urllib.request.urlopen(asked) as answer:
            self.answer(json.load(answer))

    def do_POST(self):
        application = self.path.strip("/").split("/")[1]
        self.answer(JOBS.start(application, json.loads(self.rfile.read(int(self.headers["content-length"])))))

    def answer(self, what: dict):
        answer = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def main():
    SPARK.prepare()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = LAMBDA.get_function_configuration(FunctionName=FUNCTION)
    here = {"AWS_ENDPOINT_URL_EMR_SERVERLESS": f"http://127.0.0.1:{server.server_port}"}
    LAMBDA.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": {**found["Environment"]["Variables"], **here}})
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps([{**job["asked"], "state": job["state"]} for job in JOBS.jobs.values()]))


main()

"""Stands in for Athena, whose emulator knows no UNLOAD: runs the query by DuckDB over what the catalog says of the
lake's tables, and leaves the rows where the statement wants them. Equal tokens are one statement.

    athena.py ENDPOINT FUNCTION

Points the function to itself and says `ready`; when its input ends, prints what it was asked as JSON, and ends.
"""

import json
import pathlib
import re
import sys
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import duckdb
import pyarrow.parquet
from pyiceberg.table import StaticTable

ENDPOINT, FUNCTION = sys.argv[1:3]
ACCESS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
S3, GLUE, LAMBDA = (boto3.client(name, endpoint_url=ENDPOINT, **ACCESS) for name in ("s3", "glue", "lambda"))
# The lake's buckets refuse plain HTTP; a proxy that ends TLS says that there was some.
S3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
FORM = re.compile(
    r"UNLOAD \((.*)\) TO 's3://([^/]+)/([^']+/)' WITH \(format = 'PARQUET', compression = 'SNAPPY'\)", re.DOTALL
)
READ = re.compile(r'AS \(SELECT \* FROM "([a-z0-9_]+)"\."([a-z0-9_]+)"\)')


def unload(text: str, scratch: pathlib.Path) -> None:
    query, bucket, folder = FORM.fullmatch(text).groups()
    if S3.list_objects_v2(Bucket=bucket, Prefix=folder).get("KeyCount"):
        raise RuntimeError("HIVE_PATH_ALREADY_EXISTS")
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for database, table in READ.findall(query):
        db.execute(f'CREATE SCHEMA IF NOT EXISTS "{database}"')
        rows = rows_of(database, table, scratch)
        db.register("found", rows)
        db.execute(f'CREATE TABLE "{database}"."{table}" AS FROM found')
    # What DuckDB calls a moment that ends with milliseconds.
    made = db.execute(query.replace("AS timestamp(3))", "AS timestamp_ms)")).to_arrow_table()
    file = scratch / "made"
    pyarrow.parquet.write_table(made, file, compression="snappy")
    S3.upload_file(str(file), bucket, f"{folder}20260101_000000_00001_{uuid.uuid4()}")


def rows_of(database: str, name: str, scratch: pathlib.Path):
    """What the catalog's table has: an Iceberg table, or the Parquet below its location."""
    table = GLUE.get_table(DatabaseName=database, Name=name)["Table"]
    if metadata := table["Parameters"].get("metadata_location"):
        access = {"s3.endpoint": ENDPOINT, "s3.access-key-id": "test", "s3.secret-access-key": "test", "s3.region": "us-east-1"}
        return StaticTable.from_metadata(metadata, access).scan().to_arrow()
    bucket, _, prefix = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/") + "/"
    parts = []
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            file = scratch / str(uuid.uuid4())
            S3.download_file(bucket, found["Key"], str(file))
            parts.append(pyarrow.parquet.read_table(file))
    return pyarrow.concat_tables(parts, promote_options="default")


class Statements:
    """By their tokens."""

    def __init__(self):
        self.ids, self.statuses, self.asked, self.lock = {}, {}, [], threading.Lock()

    def start(self, asked: dict) -> dict:
        with self.lock:
            token = asked["ClientRequestToken"]
            assert 32 <= len(token) <= 128, token
            if token not in self.ids:
                self.ids[token] = str(uuid.uuid4())
                self.asked.append({"workgroup": asked["WorkGroup"], "text": asked["QueryString"]})
                self.statuses[self.ids[token]] = self.ended(asked["QueryString"])
            return {"QueryExecutionId": self.ids[token]}

    def ended(self, text: str) -> dict:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                unload(text, pathlib.Path(scratch))
            return {"State": "SUCCEEDED"}
        except Exception as error:
            print(repr(error), file=sys.stderr)
            wrong = {"ErrorCategory": 2, "ErrorType": 1, "Retryable": False}
            return {"State": "FAILED", "StateChangeReason": f"SYNTAX_ERROR: {error}", "AthenaError": wrong}

    def status(self, asked: dict) -> dict:
        name = asked["QueryExecutionId"]
        return {"QueryExecution": {"QueryExecutionId": name, "Status": self.statuses[name]}}


STATEMENTS = Statements()
CALLS = {"StartQueryExecution": STATEMENTS.start, "GetQueryExecution": STATEMENTS.status}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = json.dumps(CALLS[self.headers["x-amz-target"].partition(".")[2]](asked)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = LAMBDA.get_function_configuration(FunctionName=FUNCTION)
    variables = {**found["Environment"]["Variables"], "AWS_ENDPOINT_URL_ATHENA": f"http://127.0.0.1:{server.server_port}"}
    LAMBDA.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(STATEMENTS.asked))


main()

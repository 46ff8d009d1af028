"""The buckets of a benchmark on a local cloud: silver with what is to be copied, a bucket for each copy."""

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class Cloud:
    lake, environment, account = "bench", "dev", "000000000000"

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}), **ROOT)
        self.glue = boto3.client("glue", endpoint_url=endpoint, **ROOT)
        self.silver = self.bucket("silver")
        for word in ("silver", "ops"):
            self._make(self.bucket(word))

    def bucket(self, word):
        return f"{self.lake}-{self.environment}-{word}-{self.account}-us-east-1"

    def _make(self, bucket):
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def fill(self, case):
        """The same bytes on every machine, under names as silver has them, and the mark of change that those
        who write to silver leave."""
        dice = random.Random(case.table)

        def put(content):
            name = hashlib.sha256(content[:64]).hexdigest()[:32]
            self.s3.put_object(Bucket=self.silver, Key=f"{case.table}/part-{name}.parquet", Body=content)

        block = dice.randbytes(case.bytes)
        with ThreadPoolExecutor(8) as pool:
            # One after the other into memory, not all at once.
            for start in range(0, case.objects, 100):
                some = range(start, min(start + 100, case.objects))
                list(pool.map(lambda nth: put(nth.to_bytes(8, "big") + block[8:]), some))
        mark = {"Bucket": self.bucket("ops"), "Key": f"changes/{case.table}.json"}
        self.s3.put_object(**mark, Body=json.dumps({"by": "the bench"}))

    def target(self, word, case):
        """An empty bucket, which is also a zone that has the case's table."""
        self._make(self.bucket(word))
        self.glue.create_database(DatabaseInput={"Name": f"{self.lake}_{self.environment}_{word}"})
        self.s3.put_object(Bucket=self.bucket("ops"), Key=f"runs/to-{word}/lake.json", Body=json.dumps(lake(word, case.table)))

    def remove(self, word):
        bucket = self.bucket(word)
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in page.get("Versions", [])]
            if found:
                self.s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
        self.s3.delete_bucket(Bucket=bucket)

    def state(self, word):
        """Every version of a bucket: what a pass that has nothing to do must leave as it is."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket(word))
        return {(each["Key"], each["VersionId"]) for page in pages for each in page.get("Versions", [])}

    def differences(self, case, word):
        """Keys and sizes, and bytes where the ETags do not say that they are the same: a copy in parts has another."""
        due, found = (self._listed(bucket, case.table) for bucket in (self.silver, self.bucket(word)))
        if due.keys() != found.keys():
            return [f"{word} has {len(found)} objects instead of {len(due)}"]
        doubtful = [key for key in due if due[key] != found[key]]
        return [f"{word}: {key} has other bytes" for key in doubtful if self._hash(self.silver, key) != self._hash(self.bucket(word), key)]

    def _listed(self, bucket, table):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{table}/")
        return {each["Key"]: (each["Size"], each["ETag"]) for page in pages for each in page.get("Contents", [])}

    def _hash(self, bucket, key):
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"]
        return hashlib.file_digest(body, "sha256").hexdigest()


def lake(zone, table):
    """What a run works by, as `tarn deploy` would write it."""
    column = {"name": "id", "type": "int64", "format": "iso", "required": False, "nulls": []}
    csv = {"format": "csv", "delimiter": ",", "quote": '"', "escape": "doubled", "comment": None, "header": True, "skip_lines": 0,
           "encoding": "auto", "compression": "auto", "decimal_comma": False, "nulls": []}
    of_table = {
        "name": table, "description": "", "files": f"{table}*.csv", "csv": csv, "unique": [],
        "bad_rows": {"action": "quarantine", "max_rows": None, "max_share": None},
        "layouts": [{"from": None, "columns": [column]}],
    }
    deployment = dict.fromkeys(("account", "region", "permissions_boundary", "service_role", "lake_formation_admin", "kms_key"))
    days = ("old_versions_days", "runs_days", "query_results_days", "access_logs_days", "logs_days")
    environment = {
        "name": "dev", "protected": False, "deployment": {**deployment, "architecture": "x86_64"},
        "retention": {"landing_days": None, "quarantine_days": None, **dict.fromkeys(days, 30)},
        "alarms": {"emails": [], "silent_hours": None}, "tags": {},
    }
    of_zone = {"name": zone, "description": "", "tables": [table], "readers": [], "scan_limit_gb": 100}
    schedule = {"daily": None, "weekly": None, "monthly": None, "on_arrival": True}
    return {"name": "bench", "description": "", "environment": environment, "schedule": schedule, "readers": [],
            "tables": [of_table], "zones": [of_zone]}

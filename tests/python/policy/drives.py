"""What each handler does in its life, done once by calls of its function, its rare paths included.

A drive begins by making what it needs as root, so that it does not matter how the one before ended.
Names that end in a number are new with every drive. A drive that was not refused anything says so by
what it checks: whoever removes a step from a handler finds a drive that is broken.
"""

import json
import time

from .account import ACCOUNT, Account, Broken, failure
from .standin import Administrators, Aged, Answers

# The last row is a bad one.
EVENTS = """id,kind,amount,mail,person
1,a,1.5,a@example.com,Ann
2,x,2.5,b@example.com,Bob
3,a,much,c@example.com,Eve
"""


class Drives:
    def __init__(self, account: Account, answers: Answers, administrators: Administrators, aged: Aged):
        self.account, self.answers, self.administrators, self.aged = account, answers, administrators, aged
        self.lake = json.loads(account.read("ops", "config/lake.json"))
        # Other numbers in every process, since the names stay in the cloud.
        self.nth = int(time.time()) % 1_000_000 * 1_000

    def drive(self, handler: str) -> None:
        self.nth += 1
        of = {"account": self.account_for}.get(handler) or getattr(self, handler.replace("-", "_"))
        of(self.account, f"drive-{self.nth}")

    def planned(self, run: str) -> list[dict]:
        """Plans a run and gives the files of its work list."""
        self.account.invoke("plan-run", {"run": run})
        lines = self.account.read("ops", f"runs/{run}/work.jsonl").splitlines()
        return [item for line in lines for item in json.loads(line)["files"]]

    def plan_run(self, account: Account, run: str) -> None:
        account.put("landing", f"{run}.of-no-table", "x")
        account.put("ops", "taken/daily.json", {"run": "before", "began_millis": 0})
        found = account.invoke("plan-run", {"run": run})
        check(found["landed"] >= 1, "a file of no table is planned for", found)
        # Planned again, what was planned is read.
        again = account.invoke("plan-run", {"run": run})
        check(again["planned"] == found["planned"], "a run that is planned again is the same", again)

    def convert(self, account: Account, run: str) -> None:
        account.put("landing", f"events_{run}.csv", EVENTS)
        account.put("landing", f"strict_{run}.csv", "id\none\n")
        account.put("landing", "prices.csv", f"id,kind\n{self.nth},{'ab'[self.nth % 2]}\n")
        account.put("landing", f"large_{run}.csv", "id,note\n" + "".join(f"{row},{row:030}\n" for row in range(60)))
        lost = account.put("landing", f"large_gone_{run}.csv", "id,note\n1,x\n")
        items = {item["source"]["key"]: item for item in self.planned(run)}
        account.s3.delete_object(Bucket=account.bucket("landing"), Key=f"large_gone_{run}.csv", VersionId=lost)
        # The secret is read when the function begins.
        account.configured("convert", {})
        first = items[f"events_{run}.csv"]
        files = [first, items[f"strict_{run}.csv"], items["prices.csv"], items[f"large_gone_{run}.csv"]]
        done = account.invoke("convert", {"files": files})
        check((done["done"], done["quarantined"], done["bad_rows"]) == (2, 1, 1), "files are converted", done)
        self.split(items[f"large_{run}.csv"])
        self.converted_again(first)

    def split(self, item: dict) -> None:
        """A file in parts, as the lists of a run have it when it is large."""
        half = item["source"]["size_bytes"] // 2 + 1
        parts = [{"item": item, "nth": nth, "of": 2, "range_bytes": half} for nth in (0, 1)]
        for step in ("survey", "part"):
            for part in parts:
                self.account.invoke("convert", {step: part})
        gathered = self.account.invoke("convert", {"gather": parts[0]})
        check((gathered["done"], gathered["rows"]) == (1, 60), "parts are put together", gathered)

    def converted_again(self, item: dict) -> None:
        """A file whose worker died after it wrote: what is there is found, the rejected rows too."""
        source = self.account.dynamodb.scan(
            TableName=self.account.function("ledger"), FilterExpression="#key = :key",
            ExpressionAttributeNames={"#key": "key"}, ExpressionAttributeValues={":key": {"S": item["source"]["key"]}},
        )["Items"][0]["source_id"]
        self.account.dynamodb.update_item(
            TableName=self.account.function("ledger"), Key={"source_id": source},
            UpdateExpression="SET #status = :failed", ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":failed": {"S": "failed"}},
        )
        # Without bad rows it has to look whether there were some.
        again = self.account.invoke("convert", {"files": [item]})
        check(again["done"] == 1, "a file is converted again", again)

    def commit(self, account: Account, run: str) -> None:
        account.put("ops", f"runs/{run}/lake.json", self.lake)
        item = {"run": run, "table": "events"}
        account.forget("silver", "events")
        made = account.invoke("commit", item)
        check(made["table"] == "created" and made["partitions"] > 1, "a table is registered", made)
        self.changed("silver", "events")
        changed = account.invoke("commit", item)
        check(changed["table"] == "updated" and changed["partitions"] > 1, "a table is updated", changed)
        same = account.invoke("commit", item)
        check(same == {"table": "unchanged", "partitions": 0}, "a table is left as it is", same)

    def model(self, account: Account, run: str) -> None:
        """Models from nothing, one by Athena, one by Spark, one asked for again, some made anew when what they read has changed."""
        for table in ("asked", "kinds", "plain", "sparkling"):
            account.forget("gold", table)
        account.put("ops", f"runs/{run}/lake.json", self.lake)
        account.invoke("model", {"run": run, "model": "plain"})
        made = account.invoke("model", {"run": run, "model": "kinds"})
        check(made["outcome"] == "built", "a model is made", made)
        asked = account.invoke("model", {"run": run, "model": "asked"})
        check(asked["outcome"] == "built", "Athena makes a model", asked)
        sparkling = account.invoke("model", {"run": run, "model": "sparkling"})
        check(sparkling["outcome"] == "built", "Spark makes a model", sparkling)
        again = account.invoke("model", {"run": run, "model": "kinds"})
        check(again == made, "what a call before did is told", again)
        self.more_events(0)
        account.put("ops", f"runs/{run}-more/lake.json", self.lake)
        account.invoke("model", {"run": f"{run}-more", "model": "plain"})
        anew = account.invoke("model", {"run": f"{run}-more", "model": "kinds"})
        check(anew["outcome"] == "built", "a model is made anew", anew)

    def upkeep(self, account: Account, run: str) -> None:
        """Two small files become one, and an old file that nothing names goes, with a version before it."""
        for nth in (1, 2):
            account.put("ops", f"runs/{run}-{nth}/lake.json", self.lake)
            self.more_events(nth)
            made = account.invoke("model", {"run": f"{run}-{nth}", "model": "log"})
            check(made["outcome"] == "built", "a model takes new files", made)
        orphan = f"{self.nth:032x}"
        for _ in range(2):
            account.put("gold", f"log/data/{orphan}.parquet", "x")
        self.aged.mark = orphan
        kept = dict(account.invoke("upkeep", {})["models"])["log"]
        left = account.keys("gold", f"log/data/{orphan}")
        check(kept["compacted"] > 1 and kept["files"] == 1 and not left, "a table is kept", (kept, left))

    def more_events(self, nth: int) -> None:
        """One more object of the table `events`, as if a file had come."""
        silver, some = self.account.bucket("silver"), self.account.keys("silver", "events/")[0]
        more = f"events/kind=x/part-{self.nth * 10 + nth:032x}.parquet"
        self.account.s3.copy_object(Bucket=silver, Key=more, CopySource={"Bucket": silver, "Key": some})

    def run_crawlers(self, account: Account, run: str) -> None:
        account.invoke("run-crawlers", {"run": run, "crawler": account.function("silver")})

    def account_for(self, account: Account, run: str) -> None:
        account.put("landing", f"strict_{run}.csv", "id\n1\n")
        account.put("ops", "taken/daily.json", {"run": "before", "began_millis": 0})
        self.planned(run)
        failed = {"step": "Crawl", "what": "silver", "error": "Internal", "cause": "{}"}
        account.invoke("account", {"run": run, "failed": failed})
        synced = {"copied": 0, "unchanged": 0, "bytes": 0, "deleted": 1, "taken": ["the table t was taken away"]}
        account.put("ops", f"runs/{run}/synced/parts.json", synced)
        account.put("ops", f"runs/{run}/models/kinds.json", {"outcome": "built", "rows": 2})
        told = account.invoke("account", {"run": run})
        check(told["balanced"] and told["failed_steps"] == 1, "a run is accounted for", told)
        check(run in account.read("ops", "taken/daily.json"), "a table that was taken is noted", told)

    def trigger(self, account: Account, run: str) -> None:
        told = account.invoke("trigger", {"Records": [{"messageId": run, "body": "{}"}]})
        check(told["run"], "a run is started", told)

    def sync(self, account: Account, run: str) -> None:
        """A zone from nothing, then with changes of silver, of its notes, and of what it may have."""
        for word, prefix in (("parts", ""), ("ops", "zones/parts/")):
            account.wipe(word, prefix)
        for table in ("events", "large", "prices"):
            account.forget("parts", table)
        account.wipe("silver", "events/kind=only/")
        some = account.bucket("silver"), account.keys("silver", "events/kind=x/")[0]
        lonely = "events/kind=only/part-00000000000000000000000000000000.parquet"
        account.s3.copy_object(Bucket=some[0], Key=lonely, CopySource={"Bucket": some[0], "Key": some[1]})
        account.put("ops", f"runs/{run}/lake.json", self.lake)
        item = {"run": run, "zone": "parts", "function": account.function("sync-parts")}
        first = account.invoke("sync-parts", item)
        check(first["copied"] > 3, "a zone is filled", first)
        # The folder's only object goes, and who took it says so; of another table nothing is noted.
        account.wipe("silver", "events/kind=only/")
        account.put("ops", "changes/events.json", {"by": run})
        account.wipe("ops", "zones/parts/large.json")
        second = account.invoke("sync-parts", item)
        check(second["deleted"] == 1 and second["copied"] == 0, "what is gone goes", second)
        self.changed("parts", "prices")
        account.put("ops", f"runs/{run}-less/lake.json", self.less())
        third = account.invoke("sync-parts", {**item, "run": f"{run}-less"})
        check(len(third["taken"]) == 2, "a table and a column are taken away", third)

    def less(self) -> dict:
        """The lake with a column and a table less in the zone."""
        lake = json.loads(json.dumps(self.lake))
        (zone,) = lake["zones"]
        zone["tables"].remove("large")
        (events,) = (table for table in zone["tables"] if isinstance(table, dict) and table["name"] == "events")
        events["columns"]["only"].remove("person")
        return lake

    def janitor(self, account: Account, run: str) -> None:
        """An orphan of every kind, with a version before it; what the last one reported is read."""
        orphan = f"{self.nth:032x}"
        orphans = [
            ("silver", f"large/part-{orphan}.parquet"), ("ops", f"splits/{run}/{orphan}"),
            ("quarantine", f"rows/large/{orphan}.jsonl"), ("quarantine", f"files/large/{orphan}.json"),
        ]
        for word, key in orphans * 2:
            account.put(word, key, "x")
        self.aged.mark = orphan
        swept = account.invoke("janitor", {})
        left = [key for word, key in orphans if account.keys(word, key)]
        check(swept["objects"] == len(orphans) and not left, "orphans are removed", (swept, left))

    def custom_resource(self, account: Account, run: str) -> None:
        """Every bucket is emptied: versions, delete markers, unfinished uploads. The application of Spark comes, is
        changed, and goes while a job runs; what a drive before left goes first."""
        for word in ("landing", "bronze", "silver", "gold", "quarantine", "parts"):
            self.empty(word, run)
        asked = {"Name": account.prefix, "Release": "emr-7.14.0", "MostCPUs": "64", "MostMemoryGB": "256"}
        asked["Labels"] = {"tarn:lake": "rights", "tarn:environment": "dev"}
        for verb in ("Delete", "Create", "Update", "Delete"):
            known = None if verb == "Create" else f"spark-application:{account.prefix}"
            self.asked("custom-resource", run, verb, "SparkApplication", asked, known)

    def empty(self, word: str, run: str) -> None:
        bucket = self.account.bucket(word)
        for _ in range(2):
            self.account.put(word, "to-empty", "x")
        self.account.s3.delete_object(Bucket=bucket, Key="to-empty")
        self.account.s3.create_multipart_upload(Bucket=bucket, Key="unfinished")
        asked = {"BucketName": bucket, "Protected": "false"}
        self.asked("custom-resource", run, "Delete", "EmptyBucket", asked, f"empty-bucket:{bucket}")
        left = self.account.s3.list_object_versions(Bucket=bucket)
        check("Versions" not in left and "DeleteMarkers" not in left, "a bucket is emptied", left.keys())

    def govern(self, account: Account, run: str) -> None:
        """A bucket is registered, a table is registered, granted and tagged, an administrator is there; and all
        goes."""
        location = {"Location": f"arn:aws:s3:::{run}", "Role": f"arn:aws:iam::{ACCOUNT}:role/{account.prefix}-location"}
        self.asked("govern", run, "Create", "LakeFormationLocation", location)
        gone = f"lake-formation-location:arn:aws:s3:::{run}"
        self.asked("govern", run, "Delete", "LakeFormationLocation", location, gone)
        self.granted(account, run)
        self.tagged(account, run)
        administrator = f"arn:aws:iam::{ACCOUNT}:role/{run}"
        self.administrators.add(administrator)
        gone = f"lake-formation-administrator:{administrator}"
        asked = {"Administrator": administrator, "OfTheLake": "true"}
        self.asked("govern", run, "Delete", "LakeFormationSettings", asked, gone)
        check(administrator not in self.administrators.all(), "an administrator goes", administrator)

    def granted(self, account: Account, run: str) -> None:
        """A shared table is registered before it is granted, and registered anew when it is another."""
        database, role = account.database("silver"), f"arn:aws:iam::{ACCOUNT}:role/{account.prefix}-reader"
        account.forget("silver", "shared")
        table = {"Database": database, "Name": "shared", "Description": "", "Location": "s3://x/"}
        table["Columns"] = [["id", "bigint"]]
        resources = [{"Table": {"Database": database, "Name": "shared"}}, {"Database": {"Name": database}}]
        rights = [["SELECT"], ["DESCRIBE"]]
        grants = [{"Principal": role, "Resource": on, "Permissions": may} for on, may in zip(resources, rights)]
        cells = {"Database": database, "Table": "shared", "Name": run, "Columns": ["id"], "Rows": "id > 0"}
        wish = {"Grants": grants, "Tables": [table], "Filters": [cells], "Governor": "nobody"}
        physical = self.asked("govern", run, "Create", "LakeFormationGrants", wish)["PhysicalResourceId"]
        self.changed("silver", "shared")
        less = {**wish, "Grants": grants[1:], "Filters": [{**cells, "Rows": "id > 1"}]}
        self.asked("govern", run, "Update", "LakeFormationGrants", less, physical, wish)
        self.asked("govern", run, "Delete", "LakeFormationGrants", less, physical)

    def tagged(self, account: Account, run: str) -> None:
        """A column gets a tag and loses it, the key gets a value more and goes."""
        table = {"Database": account.database("silver"), "Name": "events", "Columns": {"id": "high"}}
        wish = {"Key": run, "Values": ["high"], "Tables": [table]}
        physical = self.asked("govern", run, "Create", "LakeFormationTags", wish)["PhysicalResourceId"]
        less = {"Key": run, "Values": ["high", "low"], "Tables": []}
        self.asked("govern", run, "Update", "LakeFormationTags", less, physical, wish)
        self.asked("govern", run, "Delete", "LakeFormationTags", less, physical)

    def backup(self, account: Account, run: str) -> None:
        """A set is made of everything, and what was never finished goes."""
        account.put("ops", f"runs/{run}/report.json", {"run": run})
        dead = "20200101T000000000Z"
        account.put("ops", f"backups/{dead}/ledger.jsonl", "torn")
        made = account.invoke("backup", {})
        check(made["records"] > 0 and made["tables"] > 0, "a set is made", made)
        check(dead in made["too_many"], "what was never finished is found", made)
        check(not account.keys("ops", f"backups/{dead}/"), "and removed", made)
        reports = account.read("ops", f"backups/{made['id']}/runs.jsonl")
        check(run in reports, "a report of a run is in it", reports[:200])

    def asked(self, word: str, run: str, verb: str, kind: str, properties: dict, physical="", old=None) -> dict:
        """Asks a custom resource's function as CloudFormation would."""
        request = {
            "RequestType": verb, "ResponseURL": self.answers.url, "StackId": "stack", "RequestId": f"{run}-{self.nth}",
            "LogicalResourceId": f"Drive{self.nth}", "ResourceType": f"Custom::{kind}",
            "ResourceProperties": properties, "OldResourceProperties": old or {},
        }
        if verb != "Create":
            request["PhysicalResourceId"] = physical
        self.nth += 1
        self.answers.heard.clear()
        self.account.invoke(word, request)
        answer = self.answers.heard.get(request["RequestId"])
        if answer is None:
            raise Broken(f"{word} did not answer")
        if answer["Status"] != "SUCCESS":
            raise failure(f"{word}: {answer['Reason']}")
        return answer

    def changed(self, database: str, table: str) -> None:
        """Somebody else changed a table of the catalog."""
        there = self.account.glue.get_table(DatabaseName=self.account.database(database), Name=table)["Table"]
        kept = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
        changed = {key: there[key] for key in kept if key in there}
        changed["Description"] = "somebody else's"
        self.account.glue.update_table(DatabaseName=self.account.database(database), TableInput=changed)



def check(holds: bool, what: str, told) -> None:
    if not holds:
        raise Broken(f"{what}: {str(told)[:600]}")

"""Servers for the handlers: one hears what they tell CloudFormation; one stands before the emulator of Lake
Formation, which itself asks nobody for a right, and asks the caller's role as AWS would; one stands before
S3 and shows objects older than they are.
"""

import fnmatch
import http.client
import json
import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .account import ACCOUNT, REGION, client

# What a call needs beside the action of its own name.
# Source: Lake Formation's developer guide, "Registering an Amazon S3 location".
ALSO = {"RegisterResource": ["iam:PassRole"]}


class Answers:
    """Hears the answers of custom resources, by the ids of their requests."""

    def __init__(self):
        self.heard = {}
        heard = self.heard

        class Handler(Quiet):
            def do_PUT(self):
                answer = json.loads(self.body())
                heard[answer["RequestId"]] = answer
                self.answer(200, b"")

        self.url = serve(Handler)


class LakeFormation:
    """Hands on what the role may do, by its policy of this moment. Filters the emulator has none of, so they
    are kept here."""

    def __init__(self, emulator: str, statements):
        filters = Filters()

        class Handler(Quiet):
            def do_POST(self):
                call, body = self.path.strip("/"), self.body()
                needed = [f"lakeformation:{call}", *ALSO.get(call, [])]
                allowed = {action for statement in statements() for action in statement["Action"]}
                missing = [action for action in needed if action not in allowed]
                if missing:
                    told = {"Message": f"not authorized to perform {missing[0]}"}
                    return self.answer(403, json.dumps(told).encode(), {"x-amzn-errortype": "AccessDeniedException"})
                if answer := filters.answer(call, json.loads(body)):
                    return self.answer(*answer)
                skipped = ("host", "content-length", "connection")
                headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
                request = urllib.request.Request(emulator + self.path, body, headers, method="POST")
                try:
                    with urllib.request.urlopen(request) as response:
                        self.answer(response.status, response.read())
                except urllib.error.HTTPError as error:
                    kind = error.headers.get("x-amzn-errortype")
                    self.answer(error.code, error.read(), {"x-amzn-errortype": kind} if kind else {})

        self.url = serve(Handler)


class Asker:
    """Asks whoever calls for the rights that AWS would ask for."""

    def __init__(self, statements):
        self.statements = statements

    def refused(self, needed: list[tuple[str, str]]) -> str:
        """The first action that the role may not do there."""
        held = [(action, place) for each in self.statements() for action in each["Action"] for place in each["Resource"]]
        may = lambda action, place: any(action == one and fnmatch.fnmatchcase(place, other) for one, other in held)
        return next((action for action, place in needed if not may(action, place)), "")


class Athena(Asker):
    """Has every statement done at once, by whoever has the rights that Athena asks for, as a model's statement needs
    them. The rows are those of another model of the same columns.

    Source: Athena's user guide, "Fine-grained access to databases and tables in the Glue Data Catalog", "Identity-based
    policy examples" and "UNLOAD".
    """

    GLUE = ("BatchGetPartition", "GetDatabase", "GetPartition", "GetPartitions", "GetTable", "GetTables")
    ROWS_OF = "plain"

    def __init__(self, account, statements):
        super().__init__(statements)
        self.account, self.statuses = account, {}
        athena, workgroup = self, f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{account.prefix}"

        class Handler(Quiet):
            def do_POST(self):
                call, asked = self.headers["x-amz-target"].partition(".")[2], json.loads(self.body())
                if refused := athena.refused([(f"athena:{call}", workgroup)]):
                    told = {"Message": f"not authorized to perform {refused}"}
                    return self.answer(400, json.dumps(told).encode(), {"x-amzn-errortype": "AccessDeniedException"})
                told = athena.start(asked) if call == "StartQueryExecution" else athena.status(asked)
                self.answer(200, json.dumps(told).encode())

        self.url = serve(Handler)

    def needed(self, folder: str) -> list[tuple[str, str]]:
        """What a statement needs beside the right to begin it."""
        glue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
        databases = [self.account.database(word) for word in ("silver", "gold")]
        places = [f"{glue}:catalog", *(f"{glue}:database/{it}" for it in databases), *(f"{glue}:table/{it}/t" for it in databases)]
        ops = f"arn:aws:s3:::{self.account.bucket('ops')}"
        on_bucket = [(f"s3:{call}", ops) for call in ("GetBucketLocation", "ListBucketMultipartUploads")]
        kept = ("AbortMultipartUpload", "ListMultipartUploadParts", "PutObject")
        on_rows = [(f"s3:{call}", f"{ops}/{folder}rows") for call in kept]
        return [
            *((f"glue:{call}", place) for call in self.GLUE for place in places),
            ("lakeformation:GetDataAccess", "*"), *on_bucket, *on_rows,
        ]

    def start(self, asked: dict) -> dict:
        token = asked["ClientRequestToken"]
        if token not in self.statuses:
            folder = re.search(r" TO 's3://[^/]+/([^']+)'", asked["QueryString"])[1]
            self.statuses[token] = {"State": "SUCCEEDED"}
            if refused := self.refused(self.needed(folder)):
                reason = f"PERMISSION_DENIED: not authorized to perform {refused}"
                self.statuses[token] = {"State": "FAILED", "StateChangeReason": reason}
            else:
                self.leave_rows(folder)
        return {"QueryExecutionId": token}

    def leave_rows(self, folder: str) -> None:
        gold = self.account.bucket("gold")
        some = [key for key in self.account.keys("gold", f"{self.ROWS_OF}/") if key.endswith(".parquet")][0]
        source = {"Bucket": gold, "Key": some}
        self.account.s3.copy_object(Bucket=self.account.bucket("ops"), Key=f"{folder}rows", CopySource=source)

    def status(self, asked: dict) -> dict:
        name = asked["QueryExecutionId"]
        return {"QueryExecution": {"QueryExecutionId": name, "Status": self.statuses[name]}}


class Emr(Asker):
    """An EMR Serverless of one application, whose jobs are done at once: each leaves the rows of another model of the
    same columns. A change of the application is there at once.

    Source: Service Authorization Reference, "Amazon EMR Serverless"; user guide, "Grant permissions to use EMR Serverless".
    """

    ROWS_OF = "plain"

    def __init__(self, account, statements):
        super().__init__(statements)
        self.account, self.state, self.jobs = account, "STARTED", {}
        emr = self

        class Handler(Quiet):
            def reply(self, method: str):
                parts = self.path.partition("?")[0].strip("/").split("/")
                told = emr.told(method, parts, json.loads(self.body() or b"{}"))
                if isinstance(told, str):
                    message = json.dumps({"message": f"not authorized to perform {told}"}).encode()
                    return self.answer(403, message, {"x-amzn-errortype": "AccessDeniedException"})
                self.answer(200, json.dumps(told).encode())

            do_GET = lambda self: self.reply("GET")
            do_POST = lambda self: self.reply("POST")
            do_PATCH = lambda self: self.reply("PATCH")
            do_DELETE = lambda self: self.reply("DELETE")

        self.url = serve(Handler)

    def told(self, method: str, parts: list[str], asked: dict) -> dict | str:
        """An answer, or the action that the caller may not do."""
        one = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/app"
        job, role = f"{one}/jobruns/job", f"arn:aws:iam::{ACCOUNT}:role/{self.account.prefix}-spark-{REGION}"
        linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ops.emr-serverless.amazonaws.com/AWSServiceRoleForAmazonEMRServerless"
        rest = parts[2:3] if len(parts) < 4 else ["jobruns/job"]
        calls = {
            ("GET", 1): (self.listed, [("ListApplications", "*")]),
            ("POST", 1): (self.created, [("CreateApplication", "*"), ("TagResource", one), ("iam:CreateServiceLinkedRole", linked)]),
            ("PATCH", 2): (self.changed, [("UpdateApplication", one)]),
            ("DELETE", 2): (self.deleted, [("DeleteApplication", one)]),
            ("POST", "stop"): (self.stopped, [("StopApplication", one)]),
            ("GET", "jobruns"): (self.running, [("ListJobRuns", one)]),
            ("POST", "jobruns"): (self.begun, [("StartJobRun", one), ("iam:PassRole", role)]),
            ("GET", "jobruns/job"): (self.seen, [("GetJobRun", job)]),
            ("DELETE", "jobruns/job"): (self.ended, [("CancelJobRun", job)]),
        }
        answer, needed = calls[method, rest[0] if rest else len(parts)]
        needed = [(name if ":" in name else f"emr-serverless:{name}", place) for name, place in needed]
        return self.refused(needed) or answer(asked)

    def listed(self, _: dict) -> dict:
        known = {"arn": "a", "releaseLabel": "emr-7.14.0", "type": "SPARK", "createdAt": 0, "updatedAt": 0}
        there = [] if self.state == "TERMINATED" else [{"id": "app", "name": self.account.prefix, "state": self.state, **known}]
        return {"applications": there}

    def created(self, _: dict) -> dict:
        self.state = "STARTED"
        return {"applicationId": "app", "arn": "a", "name": self.account.prefix}

    def changed(self, _: dict) -> dict:
        self.state = "STARTED"  # a job began
        application = {"applicationId": "app", "arn": "a", "releaseLabel": "emr-7.14.0", "type": "SPARK"}
        return {"application": {**application, "state": self.state, "createdAt": 0, "updatedAt": 0}}

    def deleted(self, _: dict) -> dict:
        self.state = "TERMINATED"
        return {}

    def stopped(self, _: dict) -> dict:
        self.state = "STOPPED"
        return {}

    def running(self, _: dict) -> dict:
        known = {"applicationId": "app", "id": "job", "arn": "a", "createdBy": "c", "createdAt": 0, "updatedAt": 0}
        return {"jobRuns": [{**known, "executionRole": "r", "state": "RUNNING", "stateDetails": "", "releaseLabel": "emr-7.14.0"}]}

    def ended(self, _: dict) -> dict:
        return {"applicationId": "app", "jobRunId": "job"}

    def begun(self, asked: dict) -> dict:
        folder = asked["jobDriver"]["sparkSubmit"]["entryPoint"].split("/", 3)[3].removesuffix("/model.py")
        some = [key for key in self.account.keys("gold", f"{self.ROWS_OF}/") if key.endswith(".parquet")][0]
        source = {"Bucket": self.account.bucket("gold"), "Key": some}
        self.account.s3.copy_object(Bucket=self.account.bucket("ops"), Key=f"{folder}/rows-1/part-0.parquet", CopySource=source)
        self.account.put("ops", f"{folder}/rows.json", {"rows": "rows-1"})
        return {"applicationId": "app", "jobRunId": "job", "arn": "a"}

    def seen(self, _: dict) -> dict:
        driver = {"sparkSubmit": {"entryPoint": "s"}}
        known = {"applicationId": "app", "jobRunId": "job", "arn": "a", "createdBy": "c", "createdAt": 0, "updatedAt": 0}
        return {"jobRun": {**known, "executionRole": "r", "state": "SUCCESS", "stateDetails": "", "releaseLabel": "e", "jobDriver": driver}}


class Filters:
    """Data cells filters: what is known of them here, and nobody has a right on them."""

    def __init__(self):
        self.kept = {}

    def answer(self, call: str, asked: dict) -> tuple | None:
        """What Lake Formation would say to a call that is about filters."""
        if call == "ListPermissions" and "DataCellsFilter" in asked.get("Resource", {}):
            return self.told({"PrincipalResourcePermissions": []})
        verb, _, rest = call.partition("DataCellsFilter")
        if rest or verb not in ("Create", "Get", "Update", "Delete"):
            return None
        data = asked.get("TableData", asked)
        address = data["DatabaseName"], data["TableName"], data["Name"]
        if verb != "Create" and address not in self.kept:
            return 400, b"{}", {"x-amzn-errortype": "EntityNotFoundException"}
        if verb == "Get":
            return self.told({"DataCellsFilter": self.kept[address]})
        if verb == "Delete":
            del self.kept[address]
        else:
            self.kept[address] = data
        return self.told({})

    def told(self, answer: dict) -> tuple:
        return 200, json.dumps(answer).encode()


class Aged:
    """S3 with the objects of one mark in their names some years older: the emulator has none that is older
    than itself, and what is young the janitor lets alone."""

    def __init__(self, emulator: str):
        self.mark = "none"
        aged, address = self, emulator.removeprefix("http://")

        class Handler(Quiet):
            def hand_on(self):
                cloud = http.client.HTTPConnection(address)
                cloud.request(self.command, self.path, self.body(), dict(self.headers))
                heard = cloud.getresponse()
                skipped = ("content-length", "connection", "transfer-encoding", "date", "server")
                headers = {name: value for name, value in heard.getheaders() if name.lower() not in skipped}
                self.answer(heard.status, aged.older(heard.read()), headers)

            do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = hand_on

        self.url = serve(Handler)

    def older(self, listing: bytes) -> bytes:
        its = rb"(<Key>[^<]*" + self.mark.encode() + rb"[^<]*</Key>.*?<LastModified>)\d{4}"
        return re.sub(its, rb"\g<1>2020", listing, flags=re.DOTALL)


class Administrators:
    """Who administers Lake Formation, as the account's root changes it."""

    def __init__(self, emulator: str):
        self.client = client(emulator, "lakeformation")

    def all(self) -> list[str]:
        return [each["DataLakePrincipalIdentifier"] for each in self._settings()["DataLakeAdmins"]]

    def add(self, principal: str) -> None:
        settings = self._settings()
        settings["DataLakeAdmins"] = [{"DataLakePrincipalIdentifier": each} for each in [*self.all()[-20:], principal]]
        self.client.put_data_lake_settings(CatalogId=ACCOUNT, DataLakeSettings=settings)

    def _settings(self) -> dict:
        return self.client.get_data_lake_settings(CatalogId=ACCOUNT)["DataLakeSettings"]


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def answer(self, status: int, body: bytes, headers: dict | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(handler) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"

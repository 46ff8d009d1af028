"""Two servers for the handlers: one hears what they tell CloudFormation, the other stands before the
emulator of Lake Formation, which itself asks nobody for a right, and asks the caller's role as AWS would.
"""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .account import ACCOUNT, client

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
    """Hands on what the role may do, by its policy of this moment."""

    def __init__(self, emulator: str, statements):
        class Handler(Quiet):
            def do_POST(self):
                call, body = self.path.strip("/"), self.body()
                needed = [f"lakeformation:{call}", *ALSO.get(call, [])]
                allowed = {action for statement in statements() for action in statement["Action"]}
                missing = [action for action in needed if action not in allowed]
                if missing:
                    told = {"Message": f"not authorized to perform {missing[0]}"}
                    return self.answer(403, json.dumps(told).encode(), {"x-amzn-errortype": "AccessDeniedException"})
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
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(handler) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"

"""Runs a handler once without Lambda: the interface that a function asks for its events, on loopback.

The handler is the one that is shipped, and the process does nothing but this call. It ends when it asks
for the next event, since nobody answers any more.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ASKS = "/2018-06-01/runtime/invocation/next"
LASTS_SECONDS = 900


class Call:
    """One event for one process."""

    def __init__(self, event):
        self.event, self.answer, self.error, self.asked = json.dumps(event).encode(), None, None, 0

    def __enter__(self):
        call = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                call.asked += 1
                if self.path != ASKS or call.asked > 1:
                    self.close_connection = True
                    return
                due = int((time.time() + LASTS_SECONDS) * 1000)
                self._say(200, call.event, {"Lambda-Runtime-Aws-Request-Id": "1", "Lambda-Runtime-Deadline-Ms": str(due),
                                            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:0:function:f"})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path.endswith("/response"):
                    call.answer = json.loads(body)
                else:
                    call.error = body.decode()
                self._say(202, b"", {})

            def _say(self, status, body, headers):
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def environment(self, handler):
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}", "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": handler, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        }

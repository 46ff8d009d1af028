"""Shortens the waits of the emulated Step Functions, those before a retry too.

    waits.py ENDPOINT FACTOR
"""

import json
import sys
import urllib.request

ENDPOINT, FACTOR = sys.argv[1:3]
settings = json.dumps({"stepfunctions._SFN_WAIT_SCALE": float(FACTOR)}).encode()
request = urllib.request.Request(f"{ENDPOINT}/_ministack/config", data=settings, method="POST")
with urllib.request.urlopen(request) as answer:
    assert json.load(answer)["applied"], "the emulator does not know the setting"

"""Runs a command as a process of its own and says what it cost."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Cost:
    cpu: float
    wall: float
    peak_mb: float
    answer: dict | list


class Failed(Exception):
    pass


def measure(command, env=None):
    """CPU is user and system time of the child; a child that measured itself is believed instead,
    which takes the interpreter's start and imports off, to the peer's advantage."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if child.returncode != 0:
            raise Failed(err.read().decode(errors="replace").strip()[-600:])
        answer = json.loads(out.read() or b"{}")
    said = answer if isinstance(answer, dict) else {}
    cpu = said.get("cpu", usage.ru_utime + usage.ru_stime)
    return Cost(cpu, said.get("wall", wall), usage.ru_maxrss / 1024, answer)

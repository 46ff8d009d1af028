"""What a process cost. Its peak is looked up while it runs: what the kernel tells at the end is never less than
the memory of who started it, which here is larger than most of what is measured."""

import os
import pathlib
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

LOOK_EVERY = 0.01


@dataclass
class Cost:
    cpu: float
    wall: float
    peak_mb: float


class Failed(Exception):
    pass


def measure(command, environment, ends_well=True):
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **environment})
        peak = Peak(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if ends_well and child.returncode != 0:
            said.seek(0)
            raise Failed(f"{command[0]}: {said.read().decode(errors='replace').strip()[-600:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak.mb)


class Peak:
    """The most memory that a process has had, as the kernel counts it, by the last look before its end."""

    def __init__(self, process):
        self.mb, self._status = 0.0, pathlib.Path(f"/proc/{process}/status")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        try:
            while True:
                lines = self._status.read_text().splitlines()
                self.mb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
                time.sleep(LOOK_EVERY)
        except (OSError, StopIteration):
            return

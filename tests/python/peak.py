"""Runs a command and says how much memory it had at its peak: `peak.py COMMAND...`.

Prints one line of JSON. The peak is the kernel's own count of the process, so it holds whatever
allocated it. This process stays small, because a child's peak begins at its parent's.
"""

import json
import os
import resource
import sys

child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status = os.waitpid(child, 0)
peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "peak_mib": peak_kib / 1024}))

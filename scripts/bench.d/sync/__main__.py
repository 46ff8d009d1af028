"""A zone brought up to date beside `aws s3 sync` and rclone: 10,000 small and 10 large objects, first and again

Each tool copies the same objects of one bucket into buckets of its own, within S3, on one local cloud. tarn is
driven as it is shipped: the handler's binary, asked once by the interface of Lambda, with its notes, the marks
of change and the catalog, which the others do not have: where nothing has changed it lists neither side, and
they must. First copies go into empty buckets; then each looks again where nothing
has changed. Tools take turns, and medians are compared. Every copy is held against its original by key, size and
ETag, and by its bytes where the ETags differ; a pass without work must leave every version as it was.
"""

import argparse
import json
import shutil
import statistics
import sys
from dataclasses import dataclass

from built import BENCH, BUILD, ROOT, release, table
from cloud import Cloud
from processes import Failed
from tools import TOOLS, Tarn, environment_of_user

import tarn as project

KB, MB = 1 << 10, 1 << 20
WORK = BENCH / "sync"
FASTER, FASTER_AGAIN = 1.0, 3.0
# It is not deployed: only the cloud is needed, and `tarn local` wants a lake.
LAKE = """version = 1
[lake]
name = "bench"
[[table]]
name = "events"
files = "events*.csv"
columns = { id = "int64" }
"""


@dataclass(frozen=True)
class Case:
    name: str
    table: str
    objects: int
    bytes: int


CASES = [Case("small", "events", 10_000, 2 * KB), Case("large", "videos", 10, 64 * MB)]


def main():
    options = arguments()
    environment_of_user()
    handlers, binary = built(options)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    tools = [tool(handlers, WORK) for tool in TOOLS]
    runs, wrong = [], []
    for case in CASES:
        if case.name in options.only:
            case = Case(case.name, case.table, max(1, round(case.objects * options.scale)), case.bytes)
            home = project.Tarn(binary, None, WORK / case.name)
            with home.local_cloud(LAKE) as endpoint:
                measured(case, tools, Cloud(endpoint), options, runs, wrong)
    missed = report(runs, tools)
    if wrong:
        sys.exit("\n".join(["bench: something is wrong, so nothing above is a result:", *wrong[:5]]))
    if options.strict and missed:
        sys.exit("bench: a target was missed")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench sync", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="small,large", help="cases, by commas: small, large")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of objects; 0.02 takes a minute (1.0)")
    parser.add_argument("--first", type=int, default=3, help="first copies of each tool (3)")
    parser.add_argument("--again", type=int, default=5, help="passes of each tool over what has not changed (5)")
    parser.add_argument("--handlers", help="the handlers' binary, `bootstrap`, instead of building one")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.only = options.only.split(",")
    return options


def built(options):
    """The handlers as a release; tarn only starts the local cloud."""
    if options.handlers:
        handlers = ROOT / options.handlers
    else:
        release("--bin", "bootstrap")
        handlers = BUILD / "release" / "bootstrap"
    binary = ROOT / "target" / "debug" / "tarn"
    if not binary.exists():
        sys.exit("bench: run scripts/build first; its tarn starts the local cloud")
    return handlers, binary


def measured(case, tools, cloud, options, runs, wrong):
    say(f"{case.name}: {case.objects} objects of {case.bytes} bytes")
    cloud.fill(case)
    stands = {}
    for nth in range(options.first):
        for number, tool in turn(tools, nth):
            target = f"{case.name}{number}x{nth}"
            cloud.target(target, case)
            ran(case, "first", tool, cloud, target, runs)
            wrong += cloud.differences(case, target)
            if tool.name in stands:
                cloud.remove(stands[tool.name])
            stands[tool.name] = target
    before = {name: cloud.state(target) for name, target in stands.items()}
    for nth in range(options.again):
        for _, tool in turn(tools, nth):
            ran(case, "again", tool, cloud, stands[tool.name], runs)
    for name, target in stands.items():
        if cloud.state(target) != before[name]:
            wrong.append(f"{name} wrote where nothing had changed")


def turn(tools, nth):
    """Each pass begins with another tool."""
    numbered = list(enumerate(tools))
    start = nth % len(tools)
    return numbered[start:] + numbered[:start]


def ran(case, kind, tool, cloud, target, runs):
    cost = tool.copy(cloud, case, target)
    say(f"{case.name} {kind}: {tool.name} {cost.wall:.2f} s")
    runs.append({"case": case.name, "pass": kind, "tool": tool.name, "wall": cost.wall, "cpu": cost.cpu, "peak_mb": cost.peak_mb})


def say(what):
    print(what, file=sys.stderr, flush=True)


LEGEND = """\
Medians. wall s: of the whole process. cpu s: of the tool alone, without the emulator's. times: the quickest of the
others over tarn; the target is 1 for a first copy and 3 where nothing has changed."""
HEAD = ["case", "pass", "tool", "passes", "wall s", "cpu s", "peak MB", "times"]


def report(runs, tools):
    """Prints a line for each case, pass and tool; gives the targets that were missed."""
    lines, missed = [], []
    for case, kind in dict.fromkeys((run["case"], run["pass"]) for run in runs):
        costs = {tool.name: median_of(runs, case, kind, tool.name) for tool in tools}
        times = min(cost["wall"] for name, cost in costs.items() if name != Tarn.name) / costs[Tarn.name]["wall"]
        if times < (FASTER if kind == "first" else FASTER_AGAIN):
            missed.append(f"{case} {kind}: {times:.2f}")
        for name, cost in costs.items():
            figures = [f"{cost['wall']:.2f}", f"{cost['cpu']:.2f}", f"{cost['peak_mb']:.0f}"]
            lines.append([case, kind, name, str(cost["passes"]), *figures, f"{times:.2f}" if name == Tarn.name else ""])
    print("\n".join([LEGEND, "", table(HEAD, lines), "", f"targets: {'missed: ' + ', '.join(missed) if missed else 'met'}"]))
    file = BENCH / "sync.json"
    file.write_text(json.dumps(runs, indent=1))
    print(f"all figures: {file.relative_to(ROOT)}")
    return missed


def median_of(runs, case, kind, tool):
    own = [run for run in runs if (run["case"], run["pass"], run["tool"]) == (case, kind, tool)]
    return {"passes": len(own), **{key: statistics.median(run[key] for run in own) for key in ("wall", "cpu", "peak_mb")}}


try:
    main()
except (Failed, project.Failed) as failed:
    sys.exit(f"bench: {failed}")

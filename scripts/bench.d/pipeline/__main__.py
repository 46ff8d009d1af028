"""A run of the pipeline on the local cloud, many small files to one of 2 GB, beside the bare conversion of the same

Each case is a lake of its own on one local cloud: its files are pushed, the pipeline runs over them, and
the same objects are converted by `tarn convert`, from S3 to S3; the same files by `tarn convert` from a
folder to a folder, and by the jobs of the pipeline over a folder, `tarn run --dir`. All end with the same
rows, which DuckDB compares. What the orchestration adds is judged by CPU time, which is what Lambda's bill
comes from: that of all functions of the run, in which planning, ledger, publishing, catalog, account and
the starts of processes are, over that of the bare conversion of the objects, which transfers the same
bytes. As many calls run at once as the machine has cores: in Lambda each has its own. The wall time is
there too, but the emulator's own is in it (its S3 copies every byte through Python, its state machine and
its functions start processes). Over a folder the copy to bronze, which S3 makes by itself, is tarn's own.
Peaks of memory are those that the kernel counts of the functions' processes, beside the memory that the
templates give them.
"""

import argparse
import json
import os
import shutil
import sys
import time

from built import BENCH, BUILD, ROOT, cargo, release, table
from cases import CASES, files_of
from functions import Functions
from measure import measure
from tarn import Failed, Tarn
from verify import differences

MB = 1 << 20
WORK = BENCH / "pipeline"
MOST_ADDED = 0.15
# Files of 64 MB are cut at a row's end, and so a little smaller.
TARGET_FROM = 63 * MB
# From this size on a file is converted in parts (`Portions`).
SPLIT_FROM = 512 * MB
LAKE = """version = 1
[lake]
name = "bench"
[schedule]
daily = "02:30"
[[table]]
name = "events"
files = "events*.csv"

[table.columns]
timestamp = { type = "timestamp(ms)", format = "epoch_ms" }
visitorid = "int64"
event = "string"
itemid = "int64"
transactionid = "int64"
"""


def main():
    options = arguments()
    tarn, handlers = built(options)
    inputs = BENCH / "pipeline-inputs"
    cases = [case for case in CASES if case.name in options.only]
    ran = []
    for case in cases:
        folder = files_of(case, options.scale, inputs)
        pairs = []
        for number in range(options.pairs or case.pairs):
            shutil.rmtree(WORK, ignore_errors=True)
            pairs.append(measured(case, folder, Tarn(tarn, handlers, WORK / case.name), options))
        ran.append(of_pairs(pairs))
    report(ran)
    differ = [line for case in ran for line in case["differences"]]
    if differ:
        sys.exit("\n".join(["bench: the outputs differ, so nothing above is a result:", *differ[:5]]))
    if options.strict and not all(check for case in ran for check in case["checks"].values()):
        sys.exit("bench: a target was missed")


def arguments():
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="scripts/bench pipeline", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(names), help="cases, by commas: " + ", ".join(names))
    parser.add_argument("--scale", type=float, default=1.0,
                        help="of the number of small files and of the sizes of large ones; 0.02 takes a minute (1.0)")
    parser.add_argument("--pairs", type=int, help="how often each case runs (small once, others 3 times)")
    parser.add_argument("--binary", help="a tarn with its handlers beside it, instead of building one")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if not set(options.only) <= set(names):
        parser.error(f"--only names cases, of {', '.join(names)}")
    return options


def built(options):
    """A release of tarn and of the handlers: both are measured."""
    if options.binary:
        return ROOT / options.binary, (ROOT / options.binary).parent
    release("--bin", "tarn", "--bin", "bootstrap")
    cargo("dev", "-p", "xtask")
    folder = BUILD / "release"
    xtask = BUILD / "debug" / "xtask"
    Tarn.run([xtask, "handlers", "--for-this-machine", folder / "bootstrap", folder / "handlers-x86_64.zip"])
    return folder / "tarn", folder


def measured(case, folder, tarn, options):
    files = sorted(folder.glob("events*.csv"))
    size = sum(file.stat().st_size for file in files)
    say(case, f"{len(files)} files of {size / MB:.0f} MB")
    with tarn.local_cloud(LAKE) as endpoint:
        tarn.deploy(created=4)
        say(case, "push")
        tarn.json("push", "--local", str(folder))
        say(case, "run")
        functions = Functions(endpoint)
        functions.at_once(os.cpu_count())
        with functions.watched():
            begin = time.perf_counter()
            account = tarn.json("run", "--local")
            run = time.perf_counter() - begin
        say(case, "bare conversion of the objects")
        bare_objects = objects_converted(tarn, functions, files)
        say(case, "bare conversion of the files")
        bare = converted(tarn, files)
        say(case, "run over a folder")
        local, in_folder = run_in_folder(tarn, files)
        say(case, "compare")
        differ = differences(endpoint, tarn.folder / "bare", tarn.folder / "silver", local / "silver" / "events")
        calls, parts = functions.lines(account["run"]), functions.parts(account["run"])
        memory = functions.memory()
    if account["converted"]["files"] != len(files) or not account["balanced"]:
        differ.append(f"{case.name}: the account is {account}")
    return judged(case, files, size, run, bare_objects, bare, in_folder, calls, parts, functions, memory, differ)


def run_in_folder(tarn, files):
    """The folder of a run without a cloud, and its cost. The files lie there as links: who lands them takes no time."""
    local = tarn.folder / "local"
    (local / "landing").mkdir(parents=True)
    for file in files:
        os.link(file, local / "landing" / file.name)
    words = ["run", "--dir", str(local), "--config", str(tarn.folder / "lake.toml"), "--json"]
    return local, measure([str(tarn.binary), *words])


def converted(tarn, files):
    """The wall and CPU seconds of `tarn convert` over the same files."""
    return conversion(tarn, list(map(str, files)), str(tarn.folder / "bare"))


def objects_converted(tarn, functions, files):
    """The same over the same objects, into a bucket of its own."""
    landing = functions.bucket("landing")
    out = functions.new_bucket("bare-conversion")
    return conversion(tarn, [f"s3://{landing}/{file.name}" for file in files], f"s3://{out}/", "--local")


def conversion(tarn, inputs, out, *words):
    """Of as many inputs in a call as a command line takes."""
    costs = []
    for start in range(0, len(inputs), 1_000):
        config = ["--config", str(tarn.folder / "lake.toml"), "--target-size", "64G", "--json", *words]
        command = ["convert", *inputs[start:start + 1_000], "--table", "events", "--out", out, *config]
        costs.append(measure([str(tarn.binary), *command]))
    return sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs)


def judged(case, files, size, run, bare_objects, bare, in_folder, calls, parts, functions, memory, differ):
    (objects_wall, objects_cpu), (wall, cpu) = bare_objects, bare
    added = {"cpu": functions.cpu / objects_cpu - 1, "wall": run / objects_wall - 1, "folder": in_folder.cpu / cpu - 1}
    checks = {f"memory of {name}": peak <= memory[name] for name, peak in functions.peaks.items() if name in memory}
    if min(file.stat().st_size for file in files) >= TARGET_FROM:
        checks["added"] = added["cpu"] <= MOST_ADDED
    if max(file.stat().st_size for file in files) >= SPLIT_FROM:
        checks["parts"] = parts > len(files)
    return {
        "case": case.name, "files": len(files), "bytes": size, "run": run, "run_cpu": functions.cpu, "bare_objects": objects_wall,
        "bare_objects_cpu": objects_cpu, "bare": wall, "bare_cpu": cpu, "folder": in_folder.wall, "folder_cpu": in_folder.cpu, "added": added, "calls": calls,
        "parts": parts, "peaks": functions.peaks, "memory": memory, "differences": differ, "checks": checks,
    }


def of_pairs(pairs):
    """The run with the median of what was added, with the differences and the peaks of all."""
    by_added = sorted(pairs, key=lambda case: case["added"]["cpu"])
    case = dict(by_added[(len(pairs) - 1) // 2])
    case["added_in_pairs"] = [each["added"]["cpu"] for each in pairs]
    case["differences"] = [line for each in pairs for line in each["differences"]]
    names = {name for each in pairs for name in each["peaks"]}
    case["peaks"] = {name: max(each["peaks"].get(name, 0) for each in pairs) for name in sorted(names)}
    memory = {f"memory of {name}": peak <= case["memory"][name] for name, peak in case["peaks"].items()
              if name in case["memory"]}
    case["checks"] |= memory
    return case


def say(case, what):
    print(f"{case.name}: {what}", file=sys.stderr)


LEGEND = """\
Seconds of CPU, of wall, and what each run adds to the CPU of the bare conversion, `tarn convert` of the same objects, S3 to
S3, or of the same files. Cloud: `tarn run --local`, from its start to the balanced account, with the CPU of its functions
alone; of several runs all are told and the median counts, and the target is 15 % for files of 64 MB and more. Folder: `tarn run --dir`. Calls: of the converting function, with those that cut
large files and gather their parts. Parts: of large files, as they lie in the ops bucket after the run; none where a file is converted whole."""
HEAD = ["case", "files", "MB", "calls", "parts", "files/s", "MB/s", "bare objects", "cloud", "added", "bare files", "folder",
        "added", "convert MB of", "verdict"]


def report(ran):
    print("\n".join([LEGEND, "", table(HEAD, [line(case) for case in ran]), "", "Peaks of memory, MB of MB:"]))
    names = sorted({name for case in ran for name in case["peaks"]})
    for name in names:
        most = max(case["peaks"].get(name, 0) for case in ran)
        print(f"  {name:<16} {most:>6.0f} of {ran[0]['memory'].get(name, 0)}")
    file = BENCH / "pipeline.json"
    file.write_text(json.dumps(ran, indent=1))
    print(f"\nall figures: {file.relative_to(ROOT)}")


def line(case):
    peak, memory = case["peaks"].get("convert", 0), case["memory"].get("convert", 0)
    missed = [name for name, met in case["checks"].items() if not met]
    verdict = "WRONG" if case["differences"] else "missed: " + ", ".join(missed) if missed else "pass"
    return [
        case["case"], str(case["files"]), f"{case['bytes'] / MB:.0f}", str(case["calls"]),
        str(case["parts"]), f"{case['files'] / case['run']:.1f}", f"{case['bytes'] / MB / case['run']:.1f}",
        f"{case['bare_objects_cpu']:.1f}, {case['bare_objects']:.1f}", f"{case['run_cpu']:.1f}, {case['run']:.1f}",
        " ".join(f"{added:+.0%}" for added in case["added_in_pairs"]), f"{case['bare_cpu']:.1f}, {case['bare']:.1f}",
        f"{case['folder_cpu']:.1f}, {case['folder']:.1f}", f"{case['added']['folder']:+.0%}",
        f"{peak:.0f} of {memory}", verdict,
    ]


try:
    main()
except Failed as failed:
    sys.exit(f"bench: {failed}")

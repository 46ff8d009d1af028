"""22 questions of TPC-H's kind as models beside DuckDB and Spark: seconds, CPU, memory, verified

Each engine answers all of them in one process, in order, from the same Parquet files, which tarn converted, and
writes every answer as Parquet; tarn as models, with the function's memory. Ratios are of runs that followed each
other.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
from statistics import median

import trade
from built import BENCH, BUILD, ROOT, release, table
from measure import measure
from verify import differences

QUESTIONS = ROOT / "lambdas" / "sql" / "tests" / "foreign" / "questions.sql"
# What lambdas/gold gives to joins, groups and sorts, of 3,008 MB.
POOL_MB, PEAK_MB = 1792, 3008
TARGETS = {"duckdb": 1 / 1.5, "spark": 5}
WORK = BENCH / "models"


def main():
    options = arguments()
    release("--bin", "tarn", "--example", "questions")
    silver = trade.silver(BUILD / "release" / "tarn", BENCH, options.scale)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    ran, wrong = [], []
    for number in range(options.pairs):
        print(f"run {number + 1} of {options.pairs}", file=sys.stderr)
        costs = {"tarn": ours(silver), **{peer: theirs(peer, silver) for peer in options.peers}}
        ran.append({name: figures(cost) for name, cost in costs.items()})
        count = len(costs["tarn"].answer["seconds"])
        wrong += [f"{peer}: {line}" for peer in options.peers
                  for line in differences(WORK / "tarn" / "gold", WORK / peer, count)]
    met = report(ran, options)
    if wrong:
        sys.exit("\n".join(["bench: answers differ, so nothing above is a result:", *wrong[:5]]))
    if options.strict and not met:
        sys.exit("bench: a target was missed")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench models", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help="how often each engine runs (5)")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H's scale factor (1)")
    parser.add_argument("--peers", default=",".join(TARGETS), help="by commas (duckdb,spark)")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.peers = [peer for peer in options.peers.split(",") if peer]
    return options


def emptied(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def ours(silver):
    folder = emptied("tarn")
    # Links to files, of which each is one; a link to a folder is not followed.
    shutil.copytree(silver, folder / "silver", copy_function=os.link)
    program = BUILD / "release" / "examples" / "questions"
    return measure([program, folder, trade.tables(WORK / "tables.json"), QUESTIONS, str(POOL_MB)])


def theirs(peer, silver):
    script = pathlib.Path(__file__).parent / "peers.py"
    return measure([sys.executable, script, peer, silver, QUESTIONS, emptied(peer)])


def figures(cost):
    seconds = cost.answer["seconds"]
    return {"seconds": seconds, "total": sum(seconds), "peak_mb": cost.answer.get("peak_mb", cost.peak_mb)}


def report(ran, options):
    lines, met = [], True
    for name in ran[0]:
        each = [run[name] for run in ran]
        peak = max(one["peak_mb"] for one in each)
        ahead = median(run[name]["total"] / run["tarn"]["total"] for run in ran)
        missed = peak > PEAK_MB if name == "tarn" else ahead < TARGETS[name]
        met = met and not missed
        lines.append([name, f"{median(one['total'] for one in each):.2f}", f"{ahead:.2f}", f"{peak:.0f}",
                      "missed" if missed else "pass"])
    print("\n".join([LEGEND, "", table(["engine", "seconds", "of tarn's", "peak MB", "verdict"], lines), ""]))
    print(table(["question", *ran[0]], list(by_question(ran))))
    file = BENCH / "models.json"
    file.write_text(json.dumps({"pairs": options.pairs, "scale": options.scale, "runs": ran}, indent=1))
    print(f"\n{options.pairs} runs at scale factor {options.scale:g}; all figures: {file.relative_to(ROOT)}")
    return met


def by_question(ran):
    for nth in range(len(ran[0]["tarn"]["seconds"])):
        yield [str(nth + 1), *(f"{median(run[name]['seconds'][nth] for run in ran):.2f}" for name in ran[0])]


LEGEND = f"""\
Seconds of wall for all questions, medians of runs; how many times tarn's seconds the peer takes; memory at the peak.
Asked: at most 1.5 times DuckDB's seconds, five times ahead of Spark, within {PEAK_MB:,} MB."""

main()

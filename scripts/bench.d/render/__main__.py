"""Templates of a lake beside aws-cdk-lib: the same stacks for 1 to 1,000 zones; time, memory, growth, verified

Each pair runs `tarn render` and then the same lake as an app of aws-cdk-lib (tests/node/lake), which is
what `cdk synth` runs; the start of the cdk command itself and the library's check of its templates are
left out, to the library's advantage, while tarn inspects its templates. Ratios are of pairs.
"""

import argparse
import json
import shutil
import subprocess
import sys
from statistics import median

from built import BENCH, BUILD, ROOT, release, table
from lakes import intent, lake_toml
from measure import measure
from verify import differences

SIZES = [1, 10, 100, 1000]
# Of this many zones aws-cdk-lib runs once: it takes minutes.
ONCE = 1000
SECONDS, AHEAD, PEAK_MB, GROWTH = 1.0, 20, 200, 1.3
WORK = BENCH / "render"


def main():
    options = arguments()
    tarn = options.binary
    if not tarn:
        release("--bin", "tarn")
        tarn = BUILD / "release" / "tarn"
    node = subprocess.check_output([ROOT / "scripts" / "npm"], text=True).strip()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    ran = [measured(zones, tarn, node, options.pairs) for zones in options.zones]
    report(ran, options)
    differ = [difference for size in ran for difference in size["differences"]]
    if differ:
        sys.exit("\n".join(["bench: the stacks differ, so nothing above is a result:", *differ[:3]]))
    if options.strict and not all(check for size in ran for check in size["checks"].values()):
        sys.exit("bench: a target was missed")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench render", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help=f"how often each pair runs, below {ONCE} zones (5)")
    parser.add_argument("--zones", default=",".join(map(str, SIZES)), help="how many zones, by commas (1,10,100,1000)")
    parser.add_argument("--binary", help="a tarn to measure, instead of building a release")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.zones = [int(size) for size in options.zones.split(",")]
    return options


def measured(zones, tarn, node, pairs):
    """All pairs of one size."""
    lake, said = WORK / f"{zones}.toml", WORK / f"{zones}.json"
    lake.write_text(lake_toml(zones))
    said.write_text(json.dumps(intent(zones)))
    ours, theirs = WORK / "tarn", WORK / "cdk"
    render = [tarn, "render", "--config", lake, "--env", "dev", "--out", ours, "--json"]
    synth = ["node", ROOT / "tests" / "node" / "lake", said, "unchecked"]
    library = {"NODE_PATH": f"{node}/node_modules", "CDK_OUTDIR": str(theirs)}
    ran, alone = [], []
    for number in range(pairs):
        again = number > 0 and zones >= ONCE
        print(f"{zones} zones: run {number + 1} of {pairs}{', tarn alone' if again else ''}", file=sys.stderr)
        shutil.rmtree(ours, ignore_errors=True)
        alone.append(measure(render))
        if not again:
            shutil.rmtree(theirs, ignore_errors=True)
            ran.append((alone[-1], measure(synth, library)))
    return judged(zones, ran, alone, differences(ours, theirs, zones))


def judged(zones, pairs, alone, wrong):
    cdk = [cost for _, cost in pairs]
    size = {
        "zones": zones, "pairs": len(pairs), "differences": wrong,
        "tarn": {"wall": median(c.wall for c in alone), "cpu": median(c.cpu for c in alone),
                 "peak_mb": max(c.peak_mb for c in alone)},
        "cdk": {"wall": median(c.wall for c in cdk), "cpu": median(c.cpu for c in cdk),
                "peak_mb": max(c.peak_mb for c in cdk)},
        "times_less_wall": median(cdk.wall / tarn.wall for tarn, cdk in pairs),
        "times_less_cpu": median(cdk.cpu / tarn.cpu for tarn, cdk in pairs),
    }
    size["checks"] = {
        "time": zones > 1000 or size["tarn"]["wall"] < SECONDS,
        "ahead": size["times_less_wall"] >= AHEAD,
        "memory": size["tarn"]["peak_mb"] < PEAK_MB,
    }
    return size


def report(ran, options):
    growth = grown(ran)
    for size, factor in growth.items():
        size_ran = next(each for each in ran if each["zones"] == size)
        size_ran["growth"] = factor
        size_ran["checks"]["growth"] = factor <= GROWTH
    print("\n".join([LEGEND, "", table(HEAD, [line(size) for size in ran])]))
    file = BENCH / "render.json"
    file.write_text(json.dumps({"pairs": options.pairs, "sizes": ran}, indent=1))
    print(f"\n{options.pairs} pairs, one of {ONCE} zones; all figures: {file.relative_to(ROOT)}")


def grown(ran):
    """By what tarn's time grows beyond what the zones do, from each size of 100 and more to the next."""
    large = [size for size in ran if size["zones"] >= 100]
    return {
        after["zones"]: after["tarn"]["wall"] / before["tarn"]["wall"] / (after["zones"] / before["zones"])
        for before, after in zip(large, large[1:])
    }


LEGEND = """\
Seconds of wall and MB of memory at the peak, medians of pairs. Times less: the library's time divided by tarn's, of
wall and of CPU. Growth: by what tarn's time grew more than the zones did; 1 is linear."""
HEAD = ["zones", "tarn s", "cdk s", "times less", "of CPU", "tarn MB", "cdk MB", "growth", "verdict"]


def line(size):
    tarn, cdk = size["tarn"], size["cdk"]
    growth = f"{size['growth']:.2f}" if "growth" in size else "-"
    return [
        f"{size['zones']:,}", f"{tarn['wall']:.3f}", f"{cdk['wall']:.1f}",
        f"{size['times_less_wall']:.0f}", f"{size['times_less_cpu']:.0f}",
        f"{tarn['peak_mb']:.0f}", f"{cdk['peak_mb']:.0f}", growth, judgement(size),
    ]


def judgement(size):
    if size["differences"]:
        return "WRONG"
    missed = [name for name, met in size["checks"].items() if not met]
    return "pass" if not missed else "missed: " + ", ".join(missed)


main()

"""Deploying a lake of 1, 10 and 50 zones beside `aws cloudformation deploy`, stack by stack: wall time, verified

On the local cloud, with what CloudFormation itself takes being the emulator's. Both sides deploy the
same templates, byte for byte: tarn first, then, after a destruction, the peer what tarn had uploaded.
The peers take one stack after the other, in the order that tarn names, as a script would: the AWS CLI
with its own pauses between two looks (30 seconds at a stack), and the same calls by boto3 which looks
every half second, as tarn does. What tarn does beside (rendering, planning, uploads, its lock and its
record of the lake) counts; the peers' uploads count as well.
"""

import argparse
import json
import shutil
import sys
from statistics import median

from built import BENCH, BUILD, ROOT, cargo, release, table
from lakes import lake_toml, zone_block
from peers import PEERS, Cloud, Failed
from tarn import Tarn

SIZES = [1, 10, 50]
AHEAD, GROWTH = 3, 1.5
WORK = BENCH / "deploy"


def main():
    options = arguments()
    tarn, handlers = built(options)
    shutil.rmtree(WORK, ignore_errors=True)
    ran = [measured(zones, Tarn(tarn, handlers, WORK / str(zones)), options) for zones in options.zones]
    report(ran)
    differ = [line for size in ran for line in size["differences"]]
    if differ:
        sys.exit("\n".join(["bench: the stacks differ, so nothing above is a result:", *differ[:5]]))
    if options.strict and not all(check for size in ran for check in size["checks"].values()):
        sys.exit("bench: a target was missed")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench deploy", description=__doc__.splitlines()[0])
    parser.add_argument("--zones", default=",".join(map(str, SIZES)), help="how many zones, by commas (1,10,50)")
    parser.add_argument("--pairs", type=int, default=3, help="how often each side deploys (3)")
    parser.add_argument("--cli-zones", type=int, default=10,
                        help="up to how many zones the AWS CLI deploys, which takes half a minute for each stack (10)")
    parser.add_argument("--binary", help="a tarn with its handlers beside it, instead of building one")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.zones = [int(size) for size in options.zones.split(",")]
    return options


def built(options):
    """A release of tarn; the handlers are those of the tests, since what they do takes no time here."""
    if options.binary:
        return ROOT / options.binary, (ROOT / options.binary).parent
    release("--bin", "tarn")
    cargo("dev", "-p", "tarn-handlers", "-p", "xtask")
    folder = BUILD / "debug"
    Tarn.run([folder / "xtask", "handlers", "--for-this-machine", folder / "bootstrap", folder / "handlers-x86_64.zip"])
    return BUILD / "release" / "tarn", folder


def measured(zones, tarn, options):
    """Every side in its turn on one local cloud, which is empty before each."""
    times = {name: {"deploy": [], "zone": []} for name in ["tarn", *PEERS]}
    destroyed, wrong = [], []
    with tarn.local_cloud(lake_toml(zones)) as endpoint:
        cloud = Cloud(endpoint)
        for number in range(options.pairs):
            say(zones, number, options, "tarn")
            ours, handlers, templates = deploy_ours(tarn, cloud, zones, times["tarn"])
            destroyed.append(tarn.destroy())
            for name, peer in PEERS.items():
                if name == "aws cli" and (zones > options.cli_zones or number > 0):
                    continue
                say(zones, number, options, name)
                deploy_theirs(cloud, peer, handlers, templates, times[name])
                theirs = cloud.stacks()
                wrong += [f"{zones} zones, {name}: {stack}: {ours.get(stack)} and {theirs.get(stack)}"
                          for stack in ours.keys() | theirs.keys() if ours.get(stack) != theirs.get(stack)]
                tarn.destroy()
    return judged(zones, times, destroyed, wrong)


def deploy_ours(tarn, cloud, zones, times):
    """A fresh deploy, and one zone more. Gives the stacks with their resources, and what a peer needs to do the same."""
    tarn.write(lake_toml(zones))
    times["deploy"].append(tarn.deploy(created=zones + 4))
    templates = cloud.templates(tarn.order())
    tarn.write(lake_toml(zones) + "\n" + zone_block("one-more"))
    times["zone"].append(tarn.deploy(created=1))
    last = tarn.order()[-1]
    return cloud.stacks(), cloud.handlers(), templates + cloud.templates([last])


def deploy_theirs(cloud, peer, handlers, templates, times):
    *all_but_last, last = templates
    times["deploy"].append(peer(cloud, handlers, all_but_last))
    times["zone"].append(peer(cloud, None, [last]))


def say(zones, number, options, side):
    print(f"{zones} zones: run {number + 1} of {options.pairs}, {side}", file=sys.stderr)


def judged(zones, times, destroyed, wrong):
    medians = {side: {what: median(seconds) if seconds else None for what, seconds in measures.items()}
               for side, measures in times.items()}
    ahead = {name: ratio(times[name]["deploy"], times["tarn"]["deploy"]) for name in PEERS}
    checks = {} if ahead["aws cli"] is None else {"ahead": ahead["aws cli"] >= AHEAD}
    return {
        "zones": zones, "times": times, "medians": medians, "destroy": median(destroyed), "ahead": ahead,
        "differences": wrong, "checks": checks,
    }


def ratio(theirs, ours):
    """The median of pairs."""
    return median(their / our for their, our in zip(theirs, ours)) if theirs else None


def report(ran):
    alone = ran[0]["medians"]["tarn"]["zone"]
    for size in ran[1:]:
        size["checks"]["one zone"] = size["medians"]["tarn"]["zone"] <= GROWTH * alone
    print("\n".join([LEGEND, "", table(HEAD, [line(size) for size in ran])]))
    file = BENCH / "deploy.json"
    file.write_text(json.dumps(ran, indent=1))
    print(f"\nall figures: {file.relative_to(ROOT)}")


LEGEND = """\
Seconds of wall, medians. Times less: the median over pairs of a peer's time divided by tarn's; the target is of the AWS
CLI. One zone more: tarn's deploy of the whole file, beside the same of that one stack alone."""
HEAD = ["zones", "tarn s", "aws cli s", "times less", "boto3 s", "times less", "one zone more: tarn s", "boto3 s",
        "destroy s", "verdict"]


def line(size):
    medians, ahead = size["medians"], size["ahead"]
    cells = [
        medians["tarn"]["deploy"], medians["aws cli"]["deploy"], ahead["aws cli"], medians["boto3"]["deploy"],
        ahead["boto3"], medians["tarn"]["zone"], medians["boto3"]["zone"], size["destroy"],
    ]
    missed = [name for name, met in size["checks"].items() if not met]
    verdict = "WRONG" if size["differences"] else "missed: " + ", ".join(missed) if missed else "pass"
    return [str(size["zones"]), *("-" if cell is None else f"{cell:.1f}" for cell in cells), verdict]


try:
    main()
except Failed as failed:
    sys.exit(f"bench: {failed}")

"""`python -m constructs`: called by `scripts/constructs`, which installs what it needs.

Renders the example lake with tarn, synthesises the same lake with aws-cdk-lib, compares the two
resource by resource, and breaks tarn's resources to see that the comparison would tell.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

from .compare import compare, properties, shortener
from .listed import Listed
from .mutants import mutants
from .resources import load

ROOT = Path(__file__).resolve().parents[3]
LAKE = ROOT / "examples/retail/lake.toml"
NODE = ROOT / "tests/node"
# What tarn's defaults are in a protected environment, and in another.
PROTECTED = {"logsDays": 365, "oldVersionsDays": 90}
OPEN = {"logsDays": 30, "oldVersionsDays": 30}


def main() -> int:
    arguments = parsed()
    listed = Listed(NODE / "differences.toml")
    bad, told = [], Counter()
    for environment in ("prod", "dev"):
        bad += judged(environment, arguments, listed, told)
    bad += [f"listed, but no difference any more: {each.type} {each.path}" for each in listed.entries if not each.used]
    bad += [f"listed as alone, but not there: {kind}" for kind in listed.alone if not told[f"alone {kind}"]]
    print(*bad, sep="\n", file=sys.stderr)
    verdicts = Counter(each.judgement for each in listed.entries)
    print(f"{told['compared']} resources of {told['types']} types compared in two environments, {told['properties']} "
          f"properties of the library's; tarn sets {told['more']} more")
    print(f"{len(listed.entries)} differences listed: " + ", ".join(f"{n} {word}" for word, n in verdicts.items()))
    print(f"{told['mutants']} faults planted, all seen" if not bad else f"{len(bad)} faults")
    return 1 if bad else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/constructs")
    for name in ("tarn", "node", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser.parse_args()


def judged(environment: str, arguments, listed: Listed, told: Counter) -> list[str]:
    """What is wrong in one environment."""
    words = intent(environment)
    prefix = f"{words['name']}-{environment}"
    ours = load(rendered(environment, arguments), prefix)
    theirs = load(synthesised(words, arguments), prefix)
    short = shortener(prefix, [zone["name"] for zone in words["zones"]])
    bad = [f"tarn's alone, and not listed: {kind} {name}" for kind, name in ours.keys() - theirs.keys()
           if kind not in listed.alone]
    told.update(f"alone {kind}" for kind, _ in ours.keys() - theirs.keys())
    told["types"] = len({kind for kind, _ in theirs})
    for key, cdk in theirs.items():
        tarn = ours.get(key)
        found = list(compare(short, cdk, tarn))
        listed.mark(found)
        bad += [f"{environment}: {shown(each)}" for each in listed.unlisted(found)]
        if tarn:
            counted(told, cdk, tarn)
            bad += survivors(short, listed, cdk, tarn, told)
    return bad


def counted(told: Counter, cdk, tarn):
    said, ours = properties(cdk), properties(tarn)
    told["compared"] += 1
    told["properties"] += len(said)
    told["more"] += len(ours.keys() - said.keys())


def survivors(short, listed: Listed, cdk, tarn, told: Counter) -> list[str]:
    """Planted faults that the comparison does not see, and resources in which none can be planted."""
    planted = [(what, listed.unlisted(compare(short, cdk, mutant))) for what, mutant in mutants(cdk, tarn)]
    told["mutants"] += len(planted)
    unseen = [f"not seen: {cdk.type} {short(cdk.name)} {what}" for what, found in planted if not found]
    return unseen if planted else [f"nothing to plant in {cdk.type} {short(cdk.name)}"]


def shown(each) -> str:
    return f"{each.type} {each.name}: {each.path}\n    cdk:  {each.cdk}\n    tarn: {each.tarn}"


def intent(environment: str) -> dict:
    """What the lake's file says, read without tarn, on purpose."""
    written = tomllib.loads(LAKE.read_text())
    protected = environment == "prod"
    return {
        "name": written["lake"]["name"], "environment": environment, "protected": protected,
        "emptied": not protected, "tables": [table["name"] for table in written["table"]],
        "zones": [{"name": zone["name"], "tables": zone["tables"]} for zone in written["zone"]],
    } | (PROTECTED if protected else OPEN)


def rendered(environment: str, arguments) -> list[Path]:
    out = arguments.work / f"tarn-{environment}"
    command = [arguments.tarn, "render", "--config", LAKE, "--env", environment, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return sorted(out.glob("*.json"))


def synthesised(words: dict, arguments) -> list[Path]:
    out = arguments.work / f"cdk-{words['environment']}"
    said = arguments.work / f"{words['environment']}.json"
    said.write_text(json.dumps(words))
    paths = {"NODE_PATH": str(arguments.node / "node_modules"), "CDK_OUTDIR": str(out)}
    done = subprocess.run(["node", NODE / "lake", said], env=os.environ | paths, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"aws-cdk-lib does not synthesise the lake:\n{done.stderr[-3000:]}")
    return sorted(out.glob("*.template.json"))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m policy check|mutate|random|rights`: called by `scripts/policy`, which installs what it needs."""

import argparse
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import account, checkers, mutate, properties, rights, samples
from .findings import Finding, read_allowed, unargued

ALLOWED = checkers.RULES / "allowed.toml"


def main() -> int:
    arguments = parsed()
    work = arguments.work
    shutil.rmtree(work, ignore_errors=True)
    if arguments.command == "random":
        return random(arguments)
    if arguments.command == "rights":
        return rights.run(arguments.tarn, work, arguments.only)
    files, protected = samples.rendered(arguments.tarn, work / "templates")
    tools = checkers.Tools(Path(sys.executable).parent, arguments.node, arguments.judge, protected)
    if arguments.command == "mutate":
        return mutate.run(files, tools, work, read_allowed(ALLOWED), arguments.only)
    return check(files, tools, arguments.tarn)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/policy")
    parser.add_argument("command", choices=["check", "mutate", "random", "rights"])
    parser.add_argument("--count", type=int, default=25, help="of `random`: how many lakes")
    parser.add_argument("--first", type=int, default=1, help="of `random`: the first seed")
    parser.add_argument("--only", default="*", help="of `mutate`: a pattern of kinds of faults; of `rights`: of functions")
    for name in ("tarn", "judge", "node", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser.parse_args()


def random(arguments: argparse.Namespace) -> int:
    """Random lakes: see `properties`."""
    allowed = read_allowed(ALLOWED)
    tools = checkers.Tools(Path(sys.executable).parent, arguments.node, arguments.judge, frozenset())
    seeds = (arguments.count, arguments.first)
    templates = properties.tried(*seeds, arguments.tarn, arguments.work, tools, allowed)
    print(f"{arguments.count} random lakes from seed {arguments.first}, {templates} templates: all properties hold")
    return 0


def check(files: list[Path], tools: checkers.Tools, tarn: Path) -> int:
    """Runs every checker over every template, side by side, and holds the findings to the list."""
    allowed = read_allowed(ALLOWED)
    print(f"{len(files)} templates of {len(samples.lakes())} lakes in {len(samples.ENVIRONMENTS)} environments")
    bad = []
    with ProcessPoolExecutor() as pool:
        running = {name: pool.submit(timed, name, files, tools) for name in checkers.CHECKERS}
        for name, future in running.items():
            seconds, found = future.result()
            left = unargued(found, allowed)
            bad += left
            argued = len(found) - len(left)
            print(f"  {name:24} {seconds:5.1f} s   argued {argued:4}   not argued {len(left):4}")
    for finding in sorted(set(bad)):
        print(told(finding), file=sys.stderr)
    idle = [entry for entry in allowed if not entry.used]
    for entry in idle:
        print(f"allowed, but found no more: {entry.checker} {entry.rule} {entry.resource}", file=sys.stderr)
    print(f"{len(bad)} findings that nothing argues for, {len(idle)} entries of the list that match nothing")
    asked = samples.checked(tarn, tools.programs)
    print(f"`tarn check` asked {', '.join(asked)} of every lake")
    return 1 if bad or idle else 0


def timed(name: str, files: list[Path], tools: checkers.Tools) -> tuple[float, list[Finding]]:
    start = time.monotonic()
    found = checkers.run(name, files, tools)
    return time.monotonic() - start, found


def told(finding: Finding) -> str:
    place = f"{finding.template} {finding.resource}".strip()
    return f"{finding.checker} {finding.rule}: {place} {finding.type}: {' '.join(finding.message.split())[:200]}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except properties.Wrong as error:
        sys.exit(f"a property does not hold: {error}")
    except account.Broken as error:
        sys.exit(f"a drive is broken: {error}")
    except checkers.Broken as error:
        sys.exit(f"a checker is broken: {error}")

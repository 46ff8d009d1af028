"""Shows every kind of fault to the chain, which must turn red.

The checkers see them one after the other, the quick ones first, and each sees only what no checker
before it has found. So the counts say who found a fault first, not who alone. The slow ones are
spared what the list of survivors argues for anyway.
"""

import json
import os
import time
import tomllib
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import checkers
from .faults import Fault, faults
from .findings import Allowed, glob, unargued
from .templates import load

SURVIVORS = checkers.RULES / "survivors.toml"
# Of a kind, so many are tried, in different places.
OF_A_KIND = 2
# The lakes whose templates get faults: they have everything, and the second keeps no data.
SOURCES = ("retail-prod-", "retail-dev-")
LEAST_KINDS = 100
SLOW = ("checkov", "cfn-lint")


def run(files: list[Path], tools: checkers.Tools, work: Path, allowed: list[Allowed], only: str) -> int:
    chosen = choose(files, only)
    kinds = {fault.kind for fault in chosen.values()}
    print(f"{len(kinds)} kinds of faults, {len(chosen)} templates with one each")
    templates = {file.name: load(file) for file in files}
    for name, fault in chosen.items():
        (work / name).write_text(json.dumps(fault.made(templates[fault.source])))
    left = sorted(chosen)
    protected = frozenset(name for name in left if chosen[name].source in tools.protected)
    tools = replace(tools, protected=protected)
    argued = Argued(kinds)
    for checker in checkers.CHECKERS:
        shown = [name for name in left if checker not in SLOW or chosen[name].kind not in argued.kinds]
        start, found = time.monotonic(), red(checker, shown, tools, work, allowed)
        left = [name for name in left if name not in found]
        seconds = time.monotonic() - start
        print(f"  {checker:24} {seconds:5.1f} s   finds {len(found):5}   leaves {len(left):5}", flush=True)
    survivors = defaultdict(list)
    for name in left:
        survivors[chosen[name].kind].append(chosen[name])
    return verdict(argued, survivors, whole=only == "*")


def choose(files: list[Path], only: str) -> dict[str, Fault]:
    """A few faults of every kind that fits, by the names of their templates."""
    by_kind = defaultdict(list)
    # The small templates first: a fault of many places is shown where it costs least, and once more.
    for file in sorted(files, key=lambda file: file.stat().st_size):
        if file.name.startswith(SOURCES):
            for fault in faults(file.name, load(file)):
                by_kind[fault.kind].append(fault)
    wanted = [each for kind, each in by_kind.items() if glob(only).fullmatch(kind)]
    chosen = [fault for each in wanted for fault in spread(each)]
    return {f"fault-{number:05}.json": fault for number, fault in enumerate(chosen)}


def spread(items: list) -> list:
    """The first of a list and others up to the middle, evenly; behind it are the largest templates."""
    if len(items) <= OF_A_KIND:
        return items
    return [items[len(items) * step // (2 * (OF_A_KIND - 1))] for step in range(OF_A_KIND)]


def red(checker: str, names: list[str], tools: checkers.Tools, work: Path, allowed: list[Allowed]) -> set[str]:
    """The templates in which the checker finds what nothing argues for."""
    if not names:
        return set()
    shares = min(os.cpu_count() or 1, len(names))
    with ProcessPoolExecutor(shares) as pool:
        running = []
        for share in range(shares):
            folder = work / checker / str(share)
            folder.mkdir(parents=True)
            files = [folder / name for name in names[share::shares]]
            for file in files:
                os.link(work / file.name, file)
            running.append(pool.submit(checkers.run, checker, files, tools))
        found = [finding for each in running for finding in each.result()]
    return {finding.template for finding in unargued(found, allowed)}


class Argued:
    """The list of faults that no checker needs to find, against the kinds that there are."""

    def __init__(self, kinds: set[str]):
        self.of = {}  # the entries' texts, each with the kinds that it stands for
        for entry in tomllib.loads(SURVIVORS.read_text()).get("survivor", []):
            if not entry["reason"].strip():
                raise ValueError(f"{entry['kind']}: an entry without a reason")
            for text in entry["kind"]:
                self.of[text] = {kind for kind in kinds if glob(text).fullmatch(kind)}
        self.all = kinds
        self.kinds = set().union(*self.of.values())


def verdict(argued: Argued, survivors: dict[str, list[Fault]], whole: bool) -> int:
    """Compares what no checker found with what is argued."""
    unknown = [text for text, kinds in argued.of.items() if whole and not kinds]
    wrong = [f"listed, but there is no such fault: {text}" for text in unknown]
    wrong += [f"listed, but found now: {kind}" for kind in sorted(argued.kinds - survivors.keys())]
    for kind in sorted(survivors.keys() - argued.kinds):
        places = sorted({f"{fault.source} {fault.resource}" for fault in survivors[kind]})
        wrong.append(f"no checker finds: {kind} ({', '.join(places)})")
    if whole and len(argued.all) < LEAST_KINDS:
        wrong.append(f"only {len(argued.all)} kinds of faults: the templates were not walked")
    for line in wrong:
        print(line)
    found = len(argued.all) - len(survivors)
    print(f"{found} of {len(argued.all)} kinds found, {len(survivors)} not; {len(wrong)} things to see to")
    return 1 if wrong else 0

"""Is any right of a handler granted in vain? Each is taken out of the live role, and what the handler does
must then fail for want of a right.

A lake that uses everything stands on a local cloud that enforces IAM. For every right of every function's
role (an action of a statement on one resource) the right is taken out by calls to IAM, the handler is driven
through all that it does (`drives`), and the right is put back. What no drive misses is argued in
`templates/policy/rights.toml`, or is in vain. Before and after, each drive must go well with all rights.
"""

import subprocess
import time
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from . import checkers
from .account import Account, Broken, Denied, deployed
from .drives import Drives
from .findings import glob
from .policies import OfBucket, OfRole, Right, rights, taken_out
from .standin import Administrators, Aged, Answers, Athena, Emr, LakeFormation

LAKE = Path("tests/policy/rights/lake.toml")
ARGUED = checkers.RULES / "rights.toml"
REPORT = checkers.RULES / "rights.md"
ENVIRONMENT = "dev"
PREFIX = f"rights-{ENVIRONMENT}"
FILES = {
    "events_1.csv": "id,kind,amount,mail,person\n1,a,1.5,a@example.com,Ann\n2,x,2.5,b@example.com,Bob\n",
    "strict_1.csv": "id\n1\n",
    "prices.csv": "id,kind\n1,a\n",
    "large_1.csv": "id,note\n1,x\n2,y\n",
    "daily_1.csv": "id,person\n1,Ann\n",
}
# In the order in which they are driven: the trigger starts runs, and the last one empties the buckets.
FUNCTIONS = {
    "plan-run": "plan-run", "convert": "convert", "commit": "commit", "model": "model", "run-crawlers": "run-crawlers",
    "account": "account", "sync-parts": "sync", "govern": "govern", "janitor": "janitor", "backup": "backup",
    "upkeep": "upkeep",
    "trigger": "trigger", "custom-resource": "custom-resource",
}
# What the bucket of a zone lets a role of another stack do.
BUCKET = "parts (the bucket's policy)"
# Fewer would mean that roles were not read.
LEAST_RIGHTS = 150


@dataclass
class Tried:
    """A right that was taken out, and what came of it."""

    role: str
    right: Right
    found: str = ""  # who was refused what; nothing if all went well

    @property
    def text(self) -> str:
        return self.right.text(self.role)


def run(tarn: Path, work: Path, only: str) -> int:
    argued = Argued()
    with deployed(tarn, work, LAKE, ENVIRONMENT, FILES, ask_outside) as (endpoint, lake_formation):
        account = Account(endpoint, PREFIX)
        # Files that arrive would start runs, which would do what a drive is to do.
        account.events.disable_rule(Name=account.function("arrivals"))
        undriven = account.all_functions() - FUNCTIONS.keys()
        aged = Aged(endpoint)
        drives = Drives(account, Answers(), Administrators(lake_formation), aged)
        policies = {word: OfRole(account, word) for word in FUNCTIONS}
        guard = LakeFormation(lake_formation, policies["govern"].now)
        # Of what the emulator is asked, as much later as the time is over: it tries again for a minute.
        account.configured("govern", {"AWS_ENDPOINT_URL_LAKEFORMATION": guard.url}, timeout=20)
        for word in ("janitor", "upkeep"):
            account.configured(word, {"AWS_ENDPOINT_URL_S3": aged.url})
        reading = LakeFormation(lake_formation, policies["backup"].now)
        account.configured("backup", {"AWS_ENDPOINT_URL_LAKEFORMATION": reading.url})
        policies[BUCKET] = OfBucket(account, "parts")
        handlers = {**FUNCTIONS, BUCKET: "custom-resource"}
        patterns = [glob(text) for text in only.split(",")]
        chosen = [word for word in policies if any(pattern.fullmatch(word) for pattern in patterns)]
        tried = [each for word in chosen for each in of_role(word, handlers[word], policies[word], drives)]
    whole = only == "*"
    if whole:
        REPORT.write_text(report(tried, argued))
        print(f"written: {REPORT}")
    return verdict(tried, argued, undriven, whole)


def ask_outside(endpoint: str) -> None:
    """Has the functions that ask Athena and EMR ask what stands for them, by the rights that they have at the
    moment."""
    account = Account(endpoint, PREFIX)
    of_model = OfRole(account, "model").now
    athena, emr = Athena(account, of_model), Emr(account, of_model)
    account.configured("model", {"AWS_ENDPOINT_URL_ATHENA": athena.url, "AWS_ENDPOINT_URL_EMR_SERVERLESS": emr.url})
    emr = Emr(account, OfRole(account, "custom-resource").now)
    account.configured("custom-resource", {"AWS_ENDPOINT_URL_EMR_SERVERLESS": emr.url})


def of_role(word: str, handler: str, policy, drives: Drives) -> list[Tried]:
    """Takes every right out of a policy, one after the other."""
    drives.drive(handler)
    tried, start = [], time.monotonic()
    for right in rights(policy.document):
        each = Tried(word, right)
        with taken_out(policy, right):
            try:
                drives.drive(handler)
            except Denied as denied:
                each.found = " ".join(str(denied).split())
            except Broken as broken:
                raise Broken(f"without {each.text}: {broken}") from broken
        tried.append(each)
        print(f"  {'found' if each.found else 'NOT FOUND':9} {each.text}", flush=True)
    drives.drive(handler)
    found = sum(1 for each in tried if each.found)
    print(f"{word}: {len(tried)} rights, {found} missed, {time.monotonic() - start:.0f} s", flush=True)
    return tried


class Argued:
    """The list of rights that no drive misses, and why they stay."""

    def __init__(self):
        self.of = []  # patterns, each with its reason
        for entry in tomllib.loads(ARGUED.read_text()).get("right", []):
            if not entry["reason"].strip():
                raise ValueError(f"{entry['right']}: an entry without a reason")
            self.of += [(glob(text), text, entry["class"]) for text in entry["right"]]

    def kind(self, text: str) -> str:
        """The class of the first entry that speaks of it."""
        return next((kind for pattern, _, kind in self.of if pattern.fullmatch(text)), "")


def verdict(tried: list[Tried], argued: Argued, undriven: set[str], whole: bool) -> int:
    """Compares what no drive missed with what is argued."""
    wrong = [f"in vain, and nothing argues for it: {each.text}" for each in tried if not each.found and not argued.kind(each.text)]
    wrong += [f"argued, but missed now: {each.text}" for each in tried if each.found and argued.kind(each.text)]
    if whole:
        wrong += [f"{word}: a function that nothing drives" for word in sorted(undriven)]
        for pattern, text, _ in argued.of:
            if not any(pattern.fullmatch(each.text) for each in tried):
                wrong.append(f"argued, but there is no such right: {text}")
        if len(tried) < LEAST_RIGHTS:
            wrong.append(f"only {len(tried)} rights: the roles were not read")
    for line in wrong:
        print(line)
    missed = sum(1 for each in tried if each.found)
    print(f"{missed} of {len(tried)} rights missed, {len(tried) - missed} not; {len(wrong)} things to see to")
    return 1 if wrong else 0


HEAD = """\
# Is any right granted in vain?

Written by `scripts/policy rights` on {day}, of commit {commit}. Not by hand.

Each handler does its whole work under its own role on a local cloud that enforces IAM, and then once more for
each right of that role (one action on one resource) without it. **found**: it then failed for want of a right.
**argued**: it did not, and [rights.toml](rights.toml) says under that class why the right stays.

{missed} of {all} rights found, {argued} argued, {vain} in vain.
"""


def report(tried: list[Tried], argued: Argued) -> str:
    missed = sum(1 for each in tried if each.found)
    for_it = sum(1 for each in tried if not each.found and argued.kind(each.text))
    told = {"missed": missed, "all": len(tried), "argued": for_it, "vain": len(tried) - missed - for_it}
    lines = [HEAD.format(day=date.today(), commit=commit(), **told)]
    for role in dict.fromkeys(each.role for each in tried):
        lines += [f"## {role}\n", "| statement | action | resource | |", "|---|---|---|---|"]
        lines += [line(each, argued) for each in tried if each.role == role]
        lines.append("")
    return "\n".join(lines)


def line(each: Tried, argued: Argued) -> str:
    kind = argued.kind(each.text)
    outcome = "found" if each.found else f"argued: {kind}" if kind else "**in vain**"
    return f"| {each.right.statement} | {each.right.action} | `{each.right.place}` | {outcome} |"


def commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run(["git", "status", "--porcelain", "templates/*.tera", "lambdas"], capture_output=True, text=True)
    return said.stdout.strip() + (" with changes" if changed.stdout.strip() else "")

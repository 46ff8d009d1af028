"""The checkers: each takes files of templates and gives its findings.

A checker that crashes, or that did not look at every file, raises; it is never passed over. This
module knows how each is called and what it answers, and nothing of what is allowed.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .findings import Finding
from .templates import kind, load, resolved, resources

HERE = Path(__file__).resolve().parents[2] / "policy"  # the scripts for Node
RULES = Path(__file__).resolve().parents[3] / "templates" / "policy"
GUARD_PACKAGE = "node_modules/@cdklabs/cdk-validator-cfnguard"
# Of the rules of Control Tower, those for services that a lake has.
CONTROL_TOWER = [
    "athena", "cloudwatch", "dynamodb", "glue", "identityandaccessmanagement",
    "keymanagementservice", "kinesis", "lambda", "s3", "sqs", "stepfunctions",
]


class Broken(Exception):
    """A checker did not do its work."""


@dataclass(frozen=True)
class Tools:
    """Where the checkers lie, and which templates are of a protected environment."""

    programs: Path  # the folder of programs of the virtual environment, with cfn-guard
    node: Path  # the folder that has `node_modules`
    judge: Path  # tarn-render's example `judge`
    protected: frozenset[str]  # names of templates


def called(command: list, fine: tuple[int, ...], **options) -> str:
    """Runs a program and returns what it printed; any other status than the fine ones raises."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode not in fine:
        raise Broken(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def complete(seen: set[str], files: list[Path]) -> None:
    missing = {file.name for file in files} - seen
    if missing:
        raise Broken(f"did not look at {len(missing)} of {len(files)}, such as {min(missing)}")


def cloudformation_validate(files: list[Path], _: Tools) -> list[Finding]:
    from cloudformation_validate import CompositeEngine

    engine, found = CompositeEngine(), []
    for file in files:
        for each in engine.validate_template(str(file)).diagnostics:
            if each.severity.name in ("INFO", "DEBUG"):
                continue
            resource = (each.entity.logical_id if each.entity else None) or ""
            found.append(Finding("cloudformation-validate", each.rule_id, file.name, resource, message=each.message))
    return found


def cfn_lint(files: list[Path], tools: Tools) -> list[Finding]:
    # I4010 wants a block of metadata for people in every resource.
    options = ["-c", "I", "-i", "I4010", "--format", "json", "--"]
    answer = called([tools.programs / "cfn-lint", *options, *files], (0, 2, 4, 6, 8, 10, 12, 14))
    found = []
    for each in json.loads(answer or "[]"):
        path = each["Location"].get("Path") or []
        resource = str(path[1]) if path[:1] == ["Resources"] and len(path) > 1 else ""
        template = Path(each["Filename"]).name
        found.append(Finding("cfn-lint", each["Rule"]["Id"], template, resource, message=each["Message"]))
    return found


def checkov(files: list[Path], tools: Tools) -> list[Finding]:
    (folder,) = {file.parent for file in files}
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "-o", "json"]
    quiet = {**os.environ, "LOG_LEVEL": "ERROR"}
    answer = json.loads(called([tools.programs / "checkov", "-d", folder, *options], (0, 1), env=quiet))
    results, found = answer["results"], []
    for broken in results.get("parsing_errors", []):
        found.append(Finding("checkov", "refused", Path(broken).name, "", message="cannot be read"))
    for each in results["failed_checks"]:
        resource = each["resource"].rpartition(".")[2]
        template = each["file_path"].lstrip("/")
        found.append(Finding("checkov", each["check_id"], template, resource, message=each["check_name"]))
    if answer["summary"]["resource_count"] < len(files):
        raise Broken(f"saw {answer['summary']['resource_count']} resources in {len(files)} templates")
    return found


def cdk_nag(files: list[Path], tools: Tools) -> list[Finding]:
    answer = called(["node", HERE / "nag.js", tools.node, *files], (0,))
    lines = [json.loads(line) for line in answer.splitlines()]
    complete({line["seen"] for line in lines if "seen" in line}, files)
    return [Finding("cdk-nag", **line) for line in lines if "seen" not in line]


def guard(name: str, rules: list[Path], files: list[Path], tools: Tools) -> list[Finding]:
    """In parts: what Guard needs for a template grows with their number."""
    found = set()
    for start in range(0, len(files), 40):
        part = files[start : start + 40]
        arguments = [word for rule in rules for word in ("-r", rule)]
        arguments += [word for file in part for word in ("-d", file)]
        output = ["-z", "-o", "json", "-S", "none"]
        answer = json.loads(called([tools.programs / "cfn-guard", "validate", *arguments, *output], (0, 19)))
        complete({Path(each["name"]).name for each in answer}, part)
        found |= {one for each in answer for one in violations(name, each)}
    return sorted(found)


def violations(name: str, answer: dict):
    """What Guard says of one template: a finding for each rule and resource."""
    for each in answer["not_compliant"]:
        rule = each["Rule"]
        places = re.findall(r'"/Resources/([A-Za-z0-9]+)', json.dumps(rule["checks"]))
        for resource in sorted(set(places)) or [""]:
            yield Finding(name, rule["name"], Path(answer["name"]).name, resource)


def own_guard(files: list[Path], tools: Tools) -> list[Finding]:
    kept = [file for file in files if file.name in tools.protected]
    return [
        *guard("lake.guard", [RULES / "lake.guard"], files, tools),
        *guard("protected.guard", [RULES / "protected.guard"], kept, tools),
    ]


def control_tower(files: list[Path], tools: Tools) -> list[Finding]:
    root = tools.node / GUARD_PACKAGE / "rules" / "control-tower" / "cfn-guard"
    return guard("control-tower", [root / service for service in CONTROL_TOWER], files, tools)


def asl_validator(files: list[Path], tools: Tools) -> list[Finding]:
    machines = []
    for file in files:
        template = load(file)
        for logical_id, resource in resources(template).items():
            if resource.get("Type") == "AWS::StepFunctions::StateMachine":
                definition = resolved(template, resource.get("Properties", {}).get("Definition", {}))
                machines.append({"template": file.name, "resource": logical_id, "definition": definition})
    answer = called(["node", HERE / "asl.js", tools.node], (0,), input=json.dumps(machines))
    return [
        Finding("asl-validator", message.partition(":")[0], each["template"], each["resource"], message=message)
        for each in json.loads(answer)
        for message in each["messages"]
    ]


def parliament(files: list[Path], _: Tools) -> list[Finding]:
    from parliament import analyze_policy_string

    found, known = [], {}
    for file in files:
        template = load(file)
        for logical_id, document in identity_policies(template):
            text = json.dumps(resolved(template, document), sort_keys=True)
            if text not in known:
                known[text] = analyze_policy_string(text).findings
            for each in known[text]:
                found.append(Finding("parliament", each.issue, file.name, logical_id, message=str(each.detail)))
    return found


def identity_policies(template: dict):
    """The policies of roles; those of resources and of trust have principals, which is another grammar."""
    for logical_id, resource in resources(template).items():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::IAM::Role":
            for policy in resource.get("Properties", {}).get("Policies", []):
                yield logical_id, policy.get("PolicyDocument", {})


def judge(files: list[Path], tools: Tools) -> list[Finding]:
    """What tarn's own tests ask of templates, where Guard cannot say it."""
    answer = json.loads(called([tools.judge, *files], (0,)))
    complete(set(answer), files)
    return [
        Finding("judge", breach["rule"], template, breach["resource"], message=breach["message"])
        for template, breaches in answer.items()
        for breach in breaches
    ]


# In this order mutants are shown to them: those that are quick over many templates come first.
CHECKERS = {
    "judge": judge,
    "cloudformation-validate": cloudformation_validate,
    "lake.guard": own_guard,
    "control-tower": control_tower,
    "asl-validator": asl_validator,
    "cdk-nag": cdk_nag,
    "parliament": parliament,
    "checkov": checkov,
    "cfn-lint": cfn_lint,
}


def run(name: str, files: list[Path], tools: Tools) -> list[Finding]:
    """The findings of one checker, each with the type of its resource."""
    try:
        found = CHECKERS[name](files, tools)
    except Exception as error:
        raise Broken(f"{name}: {error}") from error
    templates = {finding.template: None for finding in found}
    for file in files:
        if file.name in templates:
            templates[file.name] = load(file)
    return [
        Finding(each.checker, each.rule, each.template, each.resource,
                kind(templates[each.template], each.resource), each.message)
        for each in found
    ]

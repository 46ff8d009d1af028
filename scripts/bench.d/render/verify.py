"""Whether two folders of templates hold the same stacks: as many, and in each zone's the same resources."""

import json
from collections import Counter

from lakes import TABLES, zone_names

# What only one side writes, in each zone's stack.
APART = {
    # The library puts the rights of a role beside it.
    "AWS::IAM::Policy": "cdk",
    # The library has a resource for each grant, tarn one with a list.
    "AWS::LakeFormation::PrincipalPermissions": "cdk",
    "Custom::LakeFormationGrants": "tarn",
    # tarn empties a bucket before it goes; the library would too, if asked to.
    "Custom::EmptyBucket": "tarn",
}
# One thing under two names.
ALIKE = {"Custom::LakeFormationLocation": "AWS::LakeFormation::Resource"}
# Foundation, storage, pipeline, consumption.
SHARED = 4


def differences(ours, theirs, zones):
    """What differs; empty if nothing does."""
    tarn, cdk = templates(ours, "*.json", "many-dev-"), templates(theirs, "*.template.json", "")
    wrong = [f"{who}: {len(files)} stacks" for who, files in (("tarn", tarn), ("cdk", cdk))
             if len(files) != zones + SHARED]
    for name in zone_names(zones):
        mine, his = (read(files.get(f"zone-{name}")) for files in (tarn, cdk))
        if counted(mine, "tarn") != counted(his, "cdk"):
            wrong.append(f"{name}: tarn has {counted(mine, 'tarn')}, cdk {counted(his, 'cdk')}")
        if not granted_by_library(his) == len(TABLES) <= granted_by_tarn(mine):
            wrong.append(f"{name}: tarn has {granted_by_tarn(mine)} grants, cdk {granted_by_library(his)}")
        wrong += [f"{name}: {who} lets nobody read {table}" for who, resources in (("tarn", mine), ("cdk", his))
                  for table in TABLES if json.dumps(resources).count(f"/{table}/*") < 2]
    return wrong


def granted_by_tarn(resources):
    return sum(len(each["Properties"]["Grants"]) for each in resources.values()
               if each["Type"] == "Custom::LakeFormationGrants")


def granted_by_library(resources):
    return sum(each["Type"] == "AWS::LakeFormation::PrincipalPermissions" for each in resources.values())


def templates(folder, pattern, prefix):
    """Files by the name of their stack."""
    return {file.name.split(".")[0].removeprefix(prefix): file for file in folder.glob(pattern)}


def read(file):
    return json.loads(file.read_text())["Resources"] if file else {}


def counted(resources, side):
    """Resources of a template by type, without what only this side writes."""
    types = Counter(ALIKE.get(each["Type"], each["Type"]) for each in resources.values())
    return {kind: number for kind, number in sorted(types.items()) if APART.get(kind) != side}

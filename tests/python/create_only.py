"""Prints which properties of resource types CloudFormation cannot change in place, as AWS's own
resource schemas say; cfn-lint brings them along.

    create_only.py TYPE...
"""

import json
import pathlib
import sys

import cfnlint.data.schemas

folder = pathlib.Path(cfnlint.data.schemas.__file__).parent
hashes = json.loads((folder / "providers/us-east-1.json").read_text())


def of(kind):
    schema = json.loads((folder / f"resources/{hashes[kind]}.json").read_text())
    paths = lambda key: sorted(path.removeprefix("/properties/") for path in schema.get(key, []))
    return {"always": paths("createOnlyProperties"), "sometimes": paths("conditionalCreateOnlyProperties")}


print(json.dumps({kind: of(kind) for kind in sys.argv[1:]}, indent=2))

"""Holds JSON documents against a JSON Schema and prints what is wrong with each.

    validate.py SCHEMA DOCUMENTS        the documents are the values of one object
"""

import json
import sys

import jsonschema

schema, documents = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
found = {
    name: [f"{fault.json_path}: {fault.message}"[:300] for fault in validator.iter_errors(document)]
    for name, document in documents.items()
}
print(json.dumps(found))

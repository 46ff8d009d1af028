"""Makes the benchmark's inputs, a seventh of their size: `large_inputs.py BENCHMARK FOLDER DATAGEN`.

Prints as JSON which file has which schema.
"""

import json
import pathlib
import subprocess
import sys

scripts, folder, datagen = sys.argv[1:]
sys.path.insert(0, scripts)
sys.dont_write_bytecode = True
from rows import ROWS

SCALE = "0.15"


def column(name, kind):
    kind, _, form = kind.partition("=")
    return f'{name} = {{ type = "{kind}", format = "{form}" }}' if form else f'{name} = "{kind}"'


def schema(row):
    columns = "\n".join(column(*declared) for declared in row.columns)
    lines = [f'delimiter = "{row.delimiter}"', f"header = {str(row.header).lower()}"]
    if row.input.endswith(".jsonl"):
        lines = ['format = "jsonl"']
    return "\n".join(lines) + f"\n[columns]\n{columns}\n"


rows = {row.input: row for row in ROWS if row.supported}
made = pathlib.Path(scripts) / "inputs.py"
# The two that take longest side by side: that of the generator, and those of DuckDB.
ours = [name for name in rows if not name.startswith(("lineitem", "wide"))]
theirs = [name for name in rows if name not in ours]
processes = [
    subprocess.Popen([sys.executable, "-B", str(made), folder, SCALE, datagen, *names], cwd=scripts)
    for names in (ours, theirs)
]
if any(process.wait() for process in processes):
    sys.exit("the inputs could not be made")
print(json.dumps([{"input": name, "schema": schema(row)} for name, row in rows.items()]))

"""What DuckDB answers to a statement in a folder, as a JSON list of rows, values as text.

    sql.py FOLDER SQL
"""

import json
import os
import sys

import duckdb

os.chdir(sys.argv[1])
rows = duckdb.connect().execute(sys.argv[2]).fetchall()
print(json.dumps([[None if value is None else str(value) for value in row] for row in rows]))

"""What a Parquet file holds, as DuckDB reads it: names, types, and every value as text.

    parquet.py FILE
"""

import json
import sys

import duckdb

db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
columns = db.execute(f"DESCRIBE SELECT * FROM '{sys.argv[1]}'").fetchall()
texts = ", ".join(f'"{name}"::VARCHAR' for name, *_ in columns)
rows = db.execute(f"SELECT {texts} FROM '{sys.argv[1]}'").fetchall()
codecs = db.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{sys.argv[1]}')").fetchall()
print(json.dumps({
    "columns": [f"{name} {kind}" for name, kind, *_ in columns], "rows": rows,
    "codecs": sorted(codec for (codec,) in codecs),
}))

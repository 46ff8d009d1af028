"""Reads Iceberg tables with PyIceberg and compares them with SQL of DuckDB: python tables.py SILVER CASES

CASES is JSON: for each table its metadata file, the SQL that gives its rows, and the same for older
snapshots. What manifests say of files is compared with what DuckDB finds in them.
"""

import json
import sys

import duckdb
import pyarrow.parquet as pq
from pyiceberg.table import StaticTable


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return "bytes " + bytes(value).hex()
    if isinstance(value, float):
        return f"float {value!r}"
    return f"{type(value).__name__} {value}"


def rows(arrow):
    columns = [arrow.column(name).to_pylist() for name in arrow.column_names]
    return sorted([plain(value) for value in row] for row in zip(*columns))


def compare(what, arrow, con, sql):
    wanted = con.sql(sql).to_arrow_table()
    if arrow.column_names != wanted.column_names:
        sys.exit(f"{what}: columns {arrow.column_names}, and DuckDB has {wanted.column_names}")
    ours, theirs = rows(arrow), rows(wanted)
    if ours != theirs:
        other = [(our, their) for our, their in zip(ours, theirs) if our != their][:2]
        sys.exit(f"{what}: {len(ours)} rows, and DuckDB has {len(theirs)}: {other}")
    return len(ours) * len(arrow.column_names)


def path_of(uri):
    return uri.removeprefix("file://")


def judge_files(what, table, con):
    """Counts and bounds of every file, held against its content."""
    fields = {field.field_id: field.name for field in table.schema().fields}
    checked = 0
    files = table.inspect.files().to_pylist()
    for file in files:
        path = path_of(file["file_path"])
        schema = pq.read_schema(path)
        ids = {int(schema.field(nth).metadata[b"PARQUET:field_id"]): schema.field(nth).name for nth in range(len(schema))}
        nulls = dict(file["null_value_counts"])
        known = [(key, ids[key], fields[key]) for key in ids if key in fields]
        parts = [f'count(*) - count("{name}"), min("{name}"), max("{name}")' for _, name, _ in known]
        count, *found = con.execute(f"select count(*), {', '.join(parts)} from read_parquet('{path}')").fetchone()
        if count != file["record_count"]:
            sys.exit(f"{what}: {path} has {count} rows, and its manifest says {file['record_count']}")
        for nth, (key, name, now) in enumerate(known):
            missing, least, most = found[3 * nth : 3 * nth + 3]
            if missing != nulls.get(key, 0):
                sys.exit(f"{what}: {name} of {path} has {missing} nulls, and its manifest says {nulls}")
            if least is None:
                continue
            metric = file["readable_metrics"][now]
            lower, upper = metric["lower_bound"], metric["upper_bound"]
            if lower is None or upper is None:
                sys.exit(f"{what}: {name} of {path} has no bounds")
            if isinstance(least, str):
                least, most, lower, upper = (text.encode() for text in (least, most, lower, upper))
            if not (lower <= least and most <= upper):
                sys.exit(f"{what}: {name} of {path} lies in {least}, {most}, and its bounds are {lower}, {upper}")
            checked += 1
    total = table.current_snapshot().summary.additional_properties
    if int(total["total-data-files"]) != len(files):
        sys.exit(f"{what}: {len(files)} files, and the summary says {total}")
    if int(total["total-records"]) != sum(file["record_count"] for file in files):
        sys.exit(f"{what}: the summary says {total}")
    return checked


def main(silver, cases):
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    values = bounds = 0
    for case in json.load(open(cases)):
        con.execute(f"create or replace view things as select * from read_parquet('{silver}/things/*.parquet')")
        table = StaticTable.from_metadata(case["metadata"])
        what = case["name"]
        values += compare(what, table.scan().to_arrow(), con, case["sql"])
        for snapshot in case["snapshots"]:
            old = table.scan(snapshot_id=snapshot["id"]).to_arrow()
            values += compare(f"{what}, snapshot {snapshot['id']}", old, con, snapshot["sql"])
        for where in case["filters"]:
            found = table.scan(row_filter=where).to_arrow()
            values += compare(f"{what} where {where}", found, con, f"select * from ({case['sql']}) where {where}")
        spec = [f"{field.transform}" for field in table.spec().fields]
        if spec != case["partitions"]:
            sys.exit(f"{what}: partitions {spec}, wanted {case['partitions']}")
        bounds += judge_files(what, table, con)
    print(f"{values} values, {bounds} bounds")


main(*sys.argv[1:])

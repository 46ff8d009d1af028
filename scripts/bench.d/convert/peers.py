"""Converts one file with one peer, at its fastest setting for the same schema and codec.

    python peers.py PEER INPUT OUTPUT ROW

Prints JSON: the CPU and wall seconds of the conversion alone; importing the peer is not charged to it.
"""

import json
import os
import resource
import sys
import time

from rows import ROWS

THREADS = os.cpu_count()


def main():
    peer, source, target, name = sys.argv[1:]
    row = next(row for row in ROWS if row.name == name)
    work = PEERS[peer](source, target, row)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu, "wall": wall}))


def is_epoch(kind):
    return kind.endswith("=epoch_ms")


def duckdb_type(kind):
    words = {"int64": "BIGINT", "int32": "INTEGER", "string": "VARCHAR", "date": "DATE", "bool": "BOOLEAN",
             "float64": "DOUBLE", "timestamp(us)": "TIMESTAMP", "timestamp(ms)=epoch_ms": "BIGINT"}
    return words.get(kind, kind.upper())


def duckdb_select(row):
    return ", ".join(f"make_timestamp_ms({n}) AS {n}" if is_epoch(k) else n for n, k in row.columns)


def duckdb_with(settings):
    def prepared(source, target, row):
        import duckdb
        db = duckdb.connect()
        for setting in settings:
            db.execute(setting)
        columns = {name: duckdb_type(kind) for name, kind in row.columns}
        level = ", COMPRESSION_LEVEL 1" if row.codec == "zstd" else ""
        folders = f", PARTITION_BY ({row.partition_by})" if row.partition_by else ""
        json = f"read_json('{source}', columns={columns}, format='newline_delimited')"
        csv = (f"read_csv('{source}', columns={columns}, auto_detect=false, header={row.header}, "
               f"delim='{row.delimiter}', quote='\"', escape='\"', nullstr='')")
        statement = (
            f"COPY (SELECT {duckdb_select(row)} FROM {json if row.is_json else csv}) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION {row.codec}{level}{folders})")
        return lambda: db.execute(statement)
    return prepared


def polars(source, target, row):
    import polars as pl

    def kind_of(kind):
        if kind.startswith("decimal"):
            precision, scale = map(int, kind[8:-1].split(","))
            return pl.Decimal(precision, scale)
        return {"int64": pl.Int64, "int32": pl.Int32, "string": pl.String, "date": pl.Date, "bool": pl.Boolean,
                "float64": pl.Float64, "timestamp(us)": pl.Datetime("us"), "timestamp(ms)=epoch_ms": pl.Int64}[kind]

    schema = {name: kind_of(kind) for name, kind in row.columns}
    if row.is_json:
        frame = pl.scan_ndjson(source, schema=schema)
    else:
        frame = pl.scan_csv(source, has_header=row.header, separator=row.delimiter, schema=schema)
    epochs = [pl.col(n).cast(pl.Datetime("ms")) for n, k in row.columns if is_epoch(k)]
    frame = frame.with_columns(epochs) if epochs else frame
    level = {"compression_level": 1} if row.codec == "zstd" else {}
    if row.partition_by:
        target = pl.PartitionBy(target, key=row.partition_by, include_key=False)
    return lambda: frame.sink_parquet(target, compression=row.codec, mkdir=True, **level)


def pyarrow(source, target, row):
    import pyarrow as pa
    import pyarrow.csv as text
    import pyarrow.dataset as dataset
    import pyarrow.json as lines
    import pyarrow.parquet as parquet

    def kind_of(kind):
        if kind.startswith("decimal"):
            return pa.decimal128(*map(int, kind[8:-1].split(",")))
        return {"int64": pa.int64(), "int32": pa.int32(), "string": pa.string(), "date": pa.date32(),
                "bool": pa.bool_(), "float64": pa.float64(), "timestamp(us)": pa.timestamp("us"),
                "timestamp(ms)=epoch_ms": pa.int64()}[kind]

    names = [name for name, _ in row.columns]
    types = {name: kind_of(kind) for name, kind in row.columns}
    final = pa.schema([(n, pa.timestamp("ms") if is_epoch(k) else types[n]) for n, k in row.columns])

    def read_csv():
        # The whole table: the reader of batches has one thread, this one has all.
        reading = text.ReadOptions(column_names=names, skip_rows=int(row.header), block_size=8 << 20)
        parsing = text.ParseOptions(delimiter=row.delimiter, newlines_in_values=row.name == "wide")
        converting = text.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
        return text.read_csv(source, reading, parsing, converting)

    def read_json():
        parsing = lines.ParseOptions(explicit_schema=pa.schema(types), unexpected_field_behavior="ignore")
        return lines.read_json(source, lines.ReadOptions(block_size=8 << 20), parsing)

    level = {"compression_level": 1} if row.codec == "zstd" else {}

    def write_folders(table):
        options = dataset.ParquetFileFormat().make_write_options(compression=row.codec, **level)
        folders = dataset.partitioning(pa.schema([final.field(row.partition_by)]), flavor="hive")
        dataset.write_dataset(table, target, format="parquet", partitioning=folders, file_options=options)

    def work():
        table = read_json() if row.is_json else read_csv()
        if row.partition_by:
            return write_folders(table.cast(final))
        with parquet.ParquetWriter(target, final, compression=row.codec, **level) as writer:
            writer.write_table(table.cast(final))
    return work


def datafusion(source, target, row):
    from datafusion import SessionConfig, SessionContext
    words = {"int64": "BIGINT", "int32": "INT", "string": "VARCHAR", "date": "DATE", "bool": "BOOLEAN",
             "float64": "DOUBLE", "timestamp(us)": "TIMESTAMP(6)", "timestamp(ms)=epoch_ms": "BIGINT"}
    columns = ", ".join(f"{name} {words.get(kind, kind.upper())}" for name, kind in row.columns)
    gzip = "'format.compression' 'gzip', " if source.endswith(".gz") else ""
    context = SessionContext(SessionConfig().with_target_partitions(THREADS))
    context.sql(
        f"CREATE EXTERNAL TABLE t ({columns}) STORED AS CSV LOCATION '{source}' OPTIONS ({gzip}"
        f"'format.has_header' '{str(row.header).lower()}', 'format.delimiter' '{row.delimiter}', "
        f"'format.newlines_in_values' '{str(row.name == 'wide').lower()}')")
    select = ", ".join(
        f"arrow_cast({n}, 'Timestamp(Millisecond, None)') AS {n}" if is_epoch(k) else n for n, k in row.columns)
    codec = "zstd(1)" if row.codec == "zstd" else row.codec
    folders = f"PARTITIONED BY ({row.partition_by}) " if row.partition_by else ""
    copy = f"COPY (SELECT {select} FROM t) TO '{target}{'/' * bool(folders)}' STORED AS PARQUET {folders}OPTIONS ('format.compression' '{codec}')"
    return lambda: context.sql(copy).collect()


PEERS = {
    "duckdb": duckdb_with([]),
    "duckdb, tuned": duckdb_with(["SET preserve_insertion_order = false", f"SET threads = {THREADS}"]),
    "polars": polars,
    "pyarrow": pyarrow,
    "datafusion": datafusion,
}

if __name__ == "__main__":
    main()

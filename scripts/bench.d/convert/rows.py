"""What is measured: each row's input, its columns, and what performance.md asks of it."""

from dataclasses import dataclass

EVENTS = [
    ("timestamp", "timestamp(ms)=epoch_ms"), ("visitorid", "int64"), ("event", "string"),
    ("itemid", "int64"), ("transactionid", "int64"),
]
ITEM_PROPERTIES = [
    ("timestamp", "timestamp(ms)=epoch_ms"), ("itemid", "int64"), ("property", "string"), ("value", "string"),
]
LINEITEM = [
    ("orderkey", "int64"), ("partkey", "int64"), ("suppkey", "int64"), ("linenumber", "int32"),
    ("quantity", "decimal(15,2)"), ("extendedprice", "decimal(15,2)"), ("discount", "decimal(15,2)"),
    ("tax", "decimal(15,2)"), ("returnflag", "string"), ("linestatus", "string"), ("shipdate", "date"),
    ("commitdate", "date"), ("receiptdate", "date"), ("shipinstruct", "string"), ("shipmode", "string"),
    ("comment", "string"),
]
# Sixty: of each kind several, a tenth of most columns null.
WIDE = (
    [("id", "int64")]
    + [(f"n{i}", "int64") for i in range(11)] + [(f"small{i}", "int32") for i in range(4)]
    + [(f"money{i}", "decimal(12,2)") for i in range(8)] + [(f"rate{i}", "float64") for i in range(6)]
    + [(f"day{i}", "date") for i in range(6)] + [(f"at{i}", "timestamp(us)") for i in range(4)]
    + [(f"flag{i}", "bool") for i in range(4)] + [(f"word{i}", "string") for i in range(8)]
    + [(f"note{i}", "string") for i in range(8)]
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    input: str
    columns: list
    delimiter: str = ","    # of JSON Lines `jsonl`
    header: bool = True
    codec: str = "zstd"
    ratio: float = 1.0      # to DuckDB, CPU and wall, at most
    peak_mb: int = 0        # at most
    supported: bool = True
    # None for all of them.
    peers: tuple = None
    # The column whose values are Hive folders; the output is a folder then.
    partition_by: str = ""

    def files(self, output):
        """The Parquet files of an output, as DuckDB names them."""
        return f"{output}/**/*.parquet" if self.partition_by else str(output)

    @property
    def is_parallel(self):
        """A member of gzip is unpacked by one thread, whatever the others do."""
        return not self.input.endswith(".gz")

    @property
    def is_json(self):
        return self.delimiter == "jsonl"


ROWS = [
    Row("events", "events.csv", EVENTS, ratio=0.16, peak_mb=128),
    Row("events, snappy", "events.csv", EVENTS, codec="snappy", ratio=0.18, peak_mb=128),
    Row("events by event=", "events.csv", EVENTS, ratio=0.25, peak_mb=160, partition_by="event"),
    Row("item_properties", "item_properties.csv", ITEM_PROPERTIES, ratio=0.25, peak_mb=160),
    Row("lineitem", "lineitem.tbl", LINEITEM, delimiter="|", header=False, ratio=0.22, peak_mb=256),
    Row("wide", "wide.csv", WIDE, ratio=0.32, peak_mb=320),
    # performance.md has no target for it; these are our own.
    Row("events.jsonl", "events.jsonl", EVENTS, delimiter="jsonl", ratio=0.25, peak_mb=160,
        peers=("duckdb", "duckdb, tuned", "polars", "pyarrow")),
    Row("events.gz", "events.csv.gz", EVENTS, ratio=0.28, peak_mb=160),
]
# Ahead of the fastest peer of the row by this factor.
AHEAD = 2.5
# Two threads are so much faster than one, on idle cores.
THREADS = 1.8

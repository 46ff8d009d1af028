"""The trade that is asked about: TPC-H's own data, as tables of silver that tarn converted."""

import json
import pathlib
import shutil
import subprocess
import sys

# The columns of each table in the words of the questions: name, type in lake.toml, column of TPC-H.
TABLES = {
    "region": [("r_key", "int64", "r_regionkey"), ("r_name", "string", "r_name")],
    "nation": [("n_key", "int64", "n_nationkey"), ("n_name", "string", "n_name"),
               ("n_region", "int64", "n_regionkey")],
    "supplier": [("s_key", "int64", "s_suppkey"), ("s_name", "string", "s_name"),
                 ("s_nation", "int64", "s_nationkey"), ("s_balance", "decimal(12,2)", "s_acctbal"),
                 ("s_comment", "string", "s_comment")],
    "customer": [("c_key", "int64", "c_custkey"), ("c_name", "string", "c_name"),
                 ("c_nation", "int64", "c_nationkey"), ("c_phone", "string", "c_phone"),
                 ("c_balance", "decimal(12,2)", "c_acctbal"), ("c_segment", "string", "c_mktsegment")],
    "part": [("p_key", "int64", "p_partkey"), ("p_name", "string", "p_name"), ("p_maker", "string", "p_mfgr"),
             ("p_brand", "string", "p_brand"), ("p_type", "string", "p_type"), ("p_size", "int32", "p_size"),
             ("p_container", "string", "p_container"), ("p_price", "decimal(12,2)", "p_retailprice")],
    "partsupp": [("ps_part", "int64", "ps_partkey"), ("ps_supplier", "int64", "ps_suppkey"),
                 ("ps_available", "int32", "ps_availqty"), ("ps_cost", "decimal(12,2)", "ps_supplycost")],
    "orders": [("o_key", "int64", "o_orderkey"), ("o_customer", "int64", "o_custkey"),
               ("o_status", "string", "o_orderstatus"), ("o_total", "decimal(12,2)", "o_totalprice"),
               ("o_date", "date", "o_orderdate"), ("o_priority", "string", "o_orderpriority"),
               ("o_comment", "string", "o_comment")],
    "lineitem": [("l_order", "int64", "l_orderkey"), ("l_part", "int64", "l_partkey"),
                 ("l_supplier", "int64", "l_suppkey"), ("l_line", "int32", "l_linenumber"),
                 ("l_quantity", "decimal(12,2)", "l_quantity"), ("l_price", "decimal(12,2)", "l_extendedprice"),
                 ("l_discount", "decimal(12,2)", "l_discount"), ("l_tax", "decimal(12,2)", "l_tax"),
                 ("l_returned", "string", "l_returnflag"), ("l_status", "string", "l_linestatus"),
                 ("l_shipped", "date", "l_shipdate"), ("l_committed", "date", "l_commitdate"),
                 ("l_received", "date", "l_receiptdate"), ("l_instruct", "string", "l_shipinstruct"),
                 ("l_mode", "string", "l_shipmode")],
}
KINDS = {"int64": "BIGINT", "int32": "INTEGER", "string": "VARCHAR"}


def silver(tarn, folder, scale):
    """Makes the tables, if they are not there: of TPC-H's generator, each as a CSV file that tarn converts, since that
    is what models read. Of DuckDB's own Parquet every engine needed half as much time again."""
    target = folder / f"trade-{scale:g}" / "silver"
    if (target.parent / "converted").exists():
        return target
    shutil.rmtree(target.parent, ignore_errors=True)
    generated = target.parent / "generated"
    generated.mkdir(parents=True)
    print(f"making TPC-H's data at scale factor {scale:g}", file=sys.stderr)
    generator = pathlib.Path(sys.executable).parent / "tpchgen-cli"
    command = [generator, "parquet", "-s", f"{scale:g}", f"--output-dir={generated}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, columns in TABLES.items():
        convert(tarn, generated, name, columns, target / name)
    shutil.rmtree(generated)
    (target.parent / "converted").touch()
    return target


def convert(tarn, generated, name, columns, into):
    text, schema = generated / f"{name}.csv", generated / f"{name}.toml"
    picked = ", ".join(f"{old}::{KINDS.get(kind, kind)} AS {new}" for new, kind, old in columns)
    copy = f"COPY (SELECT {picked} FROM '{generated}/{name}.parquet') TO '{text}' (FORMAT csv)"
    # In a process of its own: what is measured begins with the peak of whoever starts it.
    subprocess.run([sys.executable, "-c", f"import duckdb; duckdb.execute({copy!r})"], check=True)
    kinds = ", ".join(f'{new} = "{kind}"' for new, kind, _ in columns)
    schema.write_text(f"columns = {{ {kinds} }}\n")
    command = [tarn, "convert", text, "--schema", schema, "--out", into]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    text.unlink()


def tables(file):
    """Writes what tarn must know of them."""
    csv = {"delimiter": ",", "header": True, "nulls": []}
    said = []
    for name, columns in TABLES.items():
        columns = [{"name": new, "type": kind, "format": "iso", "required": False} for new, kind, _ in columns]
        layouts = [{"from": None, "columns": columns}]
        said.append({"name": name, "description": "", "files": "*", "csv": csv, "layouts": layouts})
    file.write_text(json.dumps(said))
    return file

"""Compares answers with DuckDB's to the same SQL: python answers.py SILVER QUERIES ANSWERS [in any order]

ANSWERS holds a Parquet file for each query, in the order of its rows unless they may have any.
"""

import decimal
import math
import os
import sys

import duckdb
import pyarrow.parquet as pq


def same(ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, float) or isinstance(theirs, float):
        # One sums floats in another order than the other, and averages decimals as floats.
        return math.isclose(float(ours), float(theirs), rel_tol=1e-6, abs_tol=1e-6)
    if isinstance(ours, decimal.Decimal) or isinstance(theirs, decimal.Decimal):
        return decimal.Decimal(ours) == decimal.Decimal(theirs)
    return ours == theirs


def known(row):
    """Numbers in few digits, so that rows have one order whoever computed them."""
    number = (int, float, decimal.Decimal)
    return [(value is None, f"{float(value):030.3f}" if isinstance(value, number) else str(value)) for value in row]


def main(silver, queries, answers, order=None):
    con = duckdb.connect()
    for table in sorted(os.listdir(silver)):
        con.execute(f"create view {table} as select * from read_parquet('{silver}/{table}/*.parquet')")
    texts = [text.strip() for text in open(queries).read().split(";") if text.strip()]
    values = 0
    for number, text in enumerate(texts, 1):
        theirs = con.execute(text).fetchall()
        ours = list(zip(*pq.read_table(f"{answers}/{number:02}.parquet").to_pydict().values()))
        if order:
            ours, theirs = sorted(ours, key=known), sorted(theirs, key=known)
        if not theirs or theirs == [(None,)]:
            sys.exit(f"query {number} says nothing: choose another trade")
        if len(ours) != len(theirs):
            sys.exit(f"query {number}: {len(ours)} rows, and DuckDB has {len(theirs)}")
        for row, (our, their) in enumerate(zip(ours, theirs)):
            if not all(map(same, our, their)):
                sys.exit(f"query {number}, row {row}: {our}, and DuckDB has {their}")
            values += len(our)
    print(f"{len(texts)} queries, {values} values")


main(*sys.argv[1:])

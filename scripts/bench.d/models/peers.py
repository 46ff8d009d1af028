"""Answers all questions with one peer, each into a Parquet file of its own.

    python peers.py PEER SILVER QUESTIONS.sql ANSWERS

Prints JSON: the seconds of each question, CPU and memory of all. Starting the peer is not charged to it.
"""

import json
import os
import pathlib
import re
import resource
import sys
import time

THREADS = os.cpu_count()


def main():
    peer, silver, questions, answers = sys.argv[1:]
    texts = [text.strip() for text in open(questions).read().split(";") if text.strip()]
    ask, peak_mb = PEERS[peer](pathlib.Path(silver))
    seconds = []
    for number, text in enumerate(texts, 1):
        begin = time.perf_counter()
        ask(text, f"{answers}/question_{number:02}")
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))
    sys.stdout.flush()
    os._exit(0)


def duckdb(silver):
    import duckdb
    db = duckdb.connect()
    db.execute(f"SET threads = {THREADS}")
    for folder in silver.iterdir():
        db.execute(f"CREATE VIEW {folder.name} AS SELECT * FROM read_parquet('{folder}/*.parquet')")

    def ask(text, target):
        os.makedirs(target)
        db.execute(f"COPY ({text}) TO '{target}/part-0.parquet' (FORMAT parquet, COMPRESSION zstd)")

    return ask, lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def spark(silver):
    """On all cores, with room for all of it in memory; the shuffle has a partition for each core, which is
    its fastest setting here."""
    from pyspark.sql import SparkSession
    settings = {
        "spark.driver.memory": "6g", "spark.sql.shuffle.partitions": THREADS, "spark.ui.enabled": "false",
        "spark.sql.parquet.compression.codec": "zstd", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.sql.legacy.parquet.nanosAsLong": "false",
    }
    builder = SparkSession.builder.master(f"local[{THREADS}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for folder in silver.iterdir():
        session.read.parquet(str(folder)).createOrReplaceTempView(folder.name)
    process = session.sparkContext._gateway.proc.pid

    def peak_mb():
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text())[1]) / 1024

    return lambda text, target: session.sql(text).coalesce(1).write.parquet(target), peak_mb


PEERS = {"duckdb": duckdb, "spark": spark}
if __name__ == "__main__":
    main()

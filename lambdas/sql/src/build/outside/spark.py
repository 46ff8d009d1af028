"""Carries out what a model asks of Spark: python model.py REQUEST.json

The request names tables with their files, the query, and where its rows go: into a folder that no other job has.
Last of all `rows.json` says which one that is.
"""

import json
import sys
import uuid

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col
from pyspark.sql.types import StructType

SETTINGS = {
    # Names in double quotes, errors instead of nulls: as everywhere in a lake.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
    # A moment has no zone.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # Columns of Iceberg are found by their ids, and those that a file has not yet are null.
    "spark.sql.parquet.fieldId.read.enabled": "true",
    "spark.sql.parquet.fieldId.read.ignoreMissing": "true",
}


def main(request: str) -> None:
    spark = SparkSession.builder.getOrCreate()
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    asked = json.loads(bytes(spark.read.format("binaryFile").load(request).first()["content"]))
    for table in asked["tables"]:
        rows_of(spark, table).createOrReplaceTempView(table["name"])
    folder = f"rows-{uuid.uuid4().hex}"
    spark.sql(asked["sql"]).write.parquet(f"{asked['to']}/{folder}", compression="snappy")
    put(spark, f"{asked['to']}/rows.json", json.dumps({"rows": folder}).encode())
    spark.stop()


def rows_of(spark: SparkSession, table: dict) -> DataFrame:
    columns = table["columns"]
    found = spark.createDataFrame([], schema_of(columns, [column["type"] for column in columns]))
    for group in table["groups"]:
        # A value in a folder's name may look like a pattern of names, and is none.
        reader = spark.read.option("basePath", table["root"]).option("__globPaths__", "false")
        rows = reader.schema(schema_of(columns, group["types"])).parquet(*group["files"])
        found = found.union(rows.select([col(one["name"]).cast(one["type"]) for one in columns]))
    return found


def schema_of(columns: list, types: list) -> StructType:
    schema = StructType()
    for column, kind in zip(columns, types):
        ids = {"parquet.field.id": column["id"]} if "id" in column else None
        schema.add(column["name"], kind, True, ids)
    return schema


def put(spark: SparkSession, url: str, content: bytes) -> None:
    path = spark._jvm.org.apache.hadoop.fs.Path(url)
    file = path.getFileSystem(spark._jsc.hadoopConfiguration()).create(path, True)
    try:
        file.write(bytearray(content))
    finally:
        file.close()


main(sys.argv[1])

"""What a restoration has to give back of a lake in a local cloud, as JSON: the Glue catalog with its
partitions, and every record of the ledger. Asked of the services themselves.

    kept.py ENDPOINT PREFIX
"""

import json
import sys

import boto3

ENDPOINT, PREFIX = sys.argv[1:3]


def client(service):
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )


def pages(api, verb, **arguments):
    return api.get_paginator(verb).paginate(**arguments)


def catalog():
    glue = client("glue")
    names = [d["Name"] for page in pages(glue, "get_databases") for d in page["DatabaseList"]]
    ours = sorted(name for name in names if name.startswith(PREFIX.replace("-", "_") + "_"))
    return {name: tables(glue, name) for name in ours}


# What says when, and by whom, something was registered.
LEFT_OUT = {"CreateTime", "UpdateTime", "CreatedBy", "VersionId", "CatalogId", "LastAccessTime", "DatabaseName",
            "IsRegisteredWithLakeFormation", "CreationTime", "LastAnalyzedTime", "Owner", "Retention"}


def plain(entry):
    return {key: value for key, value in entry.items() if key not in LEFT_OUT and value not in ({}, [], "", None)}


def tables(glue, database):
    found = {}
    for page in pages(glue, "get_tables", DatabaseName=database):
        for table in page["TableList"]:
            found[table["Name"]] = {"table": plain(table), "partitions": partitions(glue, database, table["Name"])}
    return found


def partitions(glue, database, table):
    listed = pages(glue, "get_partitions", DatabaseName=database, TableName=table)
    found = [(p["Values"], p["StorageDescriptor"]["Location"]) for page in listed for p in page["Partitions"]]
    return sorted(found)


def ledger():
    items = [i for page in pages(client("dynamodb"), "scan", TableName=f"{PREFIX}-ledger") for i in page["Items"]]
    return sorted(items, key=lambda item: item["source_id"]["S"])


print(json.dumps({"catalog": catalog(), "ledger": ledger()}, sort_keys=True))

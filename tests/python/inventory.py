"""Lists everything in the local cloud whose name begins with a prefix, kind by kind, as JSON.

It asks each service itself, and shares nothing with what `tarn destroy` looks at.

    inventory.py ENDPOINT PREFIX MOTO

The last is where Lake Formation and EMR Serverless listen.
"""

import json
import sys

import boto3

ENDPOINT, PREFIX, MOTO = sys.argv[1:4]
UNDERSCORED = PREFIX.replace("-", "_")


def client(service):
    return boto3.client(
        service, endpoint_url=MOTO if service in ("lakeformation", "emr-serverless") else ENDPOINT, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )


def pages(service, operation, key, **arguments):
    api = client(service)
    if api.can_paginate(operation):
        for page in api.get_paginator(operation).paginate(**arguments):
            yield from page.get(key, [])
    else:
        yield from getattr(api, operation)(**arguments).get(key, [])


def last(arn):
    return arn.replace("/", ":").split(":")[-1]


LISTINGS = {
    "stacks": lambda: [s["StackName"] for s in pages("cloudformation", "list_stacks", "StackSummaries")
                       if s["StackStatus"] != "DELETE_COMPLETE"],
    "buckets": lambda: [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
    "roles": lambda: [r["RoleName"] for r in pages("iam", "list_roles", "Roles")],
    "log groups": lambda: [g["logGroupName"] for g in pages("logs", "describe_log_groups", "logGroups")],
    "databases": lambda: [d["Name"] for d in pages("glue", "get_databases", "DatabaseList")],
    "crawlers": lambda: [c["Name"] for c in pages("glue", "get_crawlers", "Crawlers")],
    "functions": lambda: [f["FunctionName"] for f in pages("lambda", "list_functions", "Functions")],
    "event source mappings": lambda: [last(m["FunctionArn"]) for m in
                                      pages("lambda", "list_event_source_mappings", "EventSourceMappings")],
    "tables": lambda: list(pages("dynamodb", "list_tables", "TableNames")),
    "queues": lambda: [last(u) for u in pages("sqs", "list_queues", "QueueUrls")],
    "topics": lambda: [last(t["TopicArn"]) for t in pages("sns", "list_topics", "Topics")],
    "state machines": lambda: [m["name"] for m in pages("stepfunctions", "list_state_machines", "stateMachines")],
    "workgroups": lambda: [w["Name"] for w in pages("athena", "list_work_groups", "WorkGroups")],
    "rules": lambda: [r["Name"] for r in pages("events", "list_rules", "Rules")],
    "schedules": lambda: [s["Name"] for s in pages("scheduler", "list_schedules", "Schedules")],
    "alarms": lambda: [a["AlarmName"] for a in pages("cloudwatch", "describe_alarms", "MetricAlarms")],
    # By whose they are: a role of the lake.
    "grants": lambda: [last(g["Principal"]["DataLakePrincipalIdentifier"]) for g in
                       pages("lakeformation", "list_permissions", "PrincipalResourcePermissions",
                             CatalogId="000000000000")],
    "locations": lambda: [last(r["ResourceArn"]) for r in
                          pages("lakeformation", "list_resources", "ResourceInfoList")],
    "tags": lambda: [t["TagKey"] for t in
                     pages("lakeformation", "list_lf_tags", "LFTags", CatalogId="000000000000")],
    # One has no name of its own; its description says whose it is.
    "secrets": lambda: [s["Description"].split()[5] for s in pages("secretsmanager", "list_secrets", "SecretList")],
    "spark applications": lambda: [a["name"] for a in pages("emr-serverless", "list_applications", "applications")
                                   if a["state"] != "TERMINATED"],
    "key aliases": lambda: [a["AliasName"] for a in pages("kms", "list_aliases", "Aliases")],
}


def ours(name):
    for lead in ("/aws/lambda/", "/aws/vendedlogs/states/", "/aws-glue/crawlers/", "alias/"):
        name = name.removeprefix(lead)
    return name.startswith(PREFIX) or name.startswith(UNDERSCORED)


print(json.dumps({kind: sorted(filter(ours, listing())) for kind, listing in LISTINGS.items()}))

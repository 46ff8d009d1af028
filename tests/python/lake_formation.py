"""Lake Formation of a local cloud: gives it a past, and shows what it holds, as JSON.

    lake_formation.py ENDPOINT seed DATABASE
    lake_formation.py ENDPOINT show [DATABASE]
    lake_formation.py ENDPOINT revoke PRINCIPAL PERMISSION
    lake_formation.py ENDPOINT forget PRINCIPAL BUCKET
    lake_formation.py ENDPOINT untag KEY DATABASE TABLE COLUMN

The past is an account that others share: five administrators (a user and a role of single sign-on
among them), one who only reads, parameters, grants, a registered bucket, tags of a steward on DATABASE,
on a table and on a column of it. DATABASE is open to whom
IAM allows, as AWS opens a new one.
"""

import json
import sys

import boto3

ENDPOINT, VERB = sys.argv[1:3]
ACCOUNT = "000000000000"
IAM = f"arn:aws:iam::{ACCOUNT}"

api = boto3.client(
    "lakeformation", endpoint_url=ENDPOINT, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
)


def principal(arn):
    return {"DataLakePrincipalIdentifier": arn}


def seed(database):
    roles = ["ci", "steward", "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef", "old"]
    everything = [{"Principal": principal("IAM_ALLOWED_PRINCIPALS"), "Permissions": ["ALL"]}]
    api.put_data_lake_settings(CatalogId=ACCOUNT, DataLakeSettings={
        "DataLakeAdmins": [principal(f"{IAM}:user/ada"), *(principal(f"{IAM}:role/{role}") for role in roles)],
        "ReadOnlyAdmins": [principal(f"{IAM}:role/auditor")],
        "CreateDatabaseDefaultPermissions": everything,
        "CreateTableDefaultPermissions": everything,
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
        "TrustedResourceOwners": ["111122223333"],
        "AllowExternalDataFiltering": True,
        "ExternalDataFilteringAllowList": [principal("444455556666")],
    })
    other = {"Database": {"CatalogId": ACCOUNT, "Name": "somebody_elses"}}
    ours = {"Database": {"CatalogId": ACCOUNT, "Name": database}}
    for whom, resource, permissions in [
        (f"{IAM}:role/steward", other, ["ALTER", "DESCRIBE"]),
        (f"{IAM}:role/auditor", ours, ["DESCRIBE"]),
        ("IAM_ALLOWED_PRINCIPALS", other, ["ALL"]),
        ("IAM_ALLOWED_PRINCIPALS", ours, ["ALL"]),
    ]:
        api.grant_permissions(
            CatalogId=ACCOUNT, Principal=principal(whom), Resource=resource, Permissions=permissions,
        )
    api.register_resource(ResourceArn="arn:aws:s3:::somebody-elses", RoleArn=f"{IAM}:role/steward")
    # moto forgets what a column was tagged with when it is tagged again: not on a column of ours.
    api.create_lf_tag(CatalogId=ACCOUNT, TagKey="stage", TagValues=["raw", "done"])
    for resource, value in zip(places_of(database), ["raw", "done", "raw"]):
        api.add_lf_tags_to_resource(
            CatalogId=ACCOUNT, Resource=resource, LFTags=[{"TagKey": "stage", "TagValues": [value]}],
        )


def column_of(database, table, column):
    return {"TableWithColumns": {
        "CatalogId": ACCOUNT, "DatabaseName": database, "Name": table, "ColumnNames": [column],
    }}


def places_of(database):
    """Where the steward's tags are."""
    return [
        {"Database": {"CatalogId": ACCOUNT, "Name": database}},
        {"Table": {"CatalogId": ACCOUNT, "DatabaseName": database, "Name": "customers"}},
        column_of(database, "events", "visitorid"),
    ]


def tags_of(resource):
    answer = api.get_resource_lf_tags(CatalogId=ACCOUNT, Resource=resource, ShowAssignedLFTags=True)
    return {key: value for key, value in answer.items() if key.startswith("LFTag")}


def tags(database):
    keys = api.list_lf_tags(CatalogId=ACCOUNT)["LFTags"]
    columns = [("customers", "mail"), ("customers", "city")]
    return {
        "keys": sorted([key["TagKey"], sorted(key["TagValues"])] for key in keys),
        "foreign": [tags_of(place) for place in places_of(database)],
        "columns": {column: tags_of(column_of(database, table, column)) for table, column in columns},
    }


def untag(key, database, table, column):
    resource = column_of(database, table, column)
    for found in tags_of(resource)["LFTagsOnColumns"][0]["LFTags"]:
        if found["TagKey"] == key:
            api.remove_lf_tags_from_resource(CatalogId=ACCOUNT, Resource=resource, LFTags=[found])


def seeded():
    """The database that the auditor may describe."""
    return next(
        grant["Resource"]["Database"]["Name"]
        for grant in api.list_permissions(CatalogId=ACCOUNT)["PrincipalResourcePermissions"]
        if grant["Principal"]["DataLakePrincipalIdentifier"].endswith("/auditor")
    )


def show(database=None):
    grants = [
        {
            "principal": grant["Principal"]["DataLakePrincipalIdentifier"],
            "resource": grant["Resource"],
            "permissions": sorted(grant["Permissions"]),
            "grantable": sorted(grant.get("PermissionsWithGrantOption") or []),
        }
        for grant in api.list_permissions(CatalogId=ACCOUNT)["PrincipalResourcePermissions"]
    ]
    settings = api.get_data_lake_settings(CatalogId=ACCOUNT)["DataLakeSettings"]
    return {
        "settings": settings,
        "grants": sorted(grants, key=lambda grant: json.dumps(grant, sort_keys=True)),
        "locations": {r["ResourceArn"]: r["RoleArn"] for r in api.list_resources()["ResourceInfoList"]},
        "tags": tags(database or seeded()),
    }


def revoke(whom, permission):
    for grant in api.list_permissions(CatalogId=ACCOUNT)["PrincipalResourcePermissions"]:
        if whom in grant["Principal"]["DataLakePrincipalIdentifier"] and permission in grant["Permissions"]:
            api.revoke_permissions(
                CatalogId=ACCOUNT, Principal=grant["Principal"], Resource=grant["Resource"],
                Permissions=[permission],
            )


def forget(whom, bucket):
    settings = api.get_data_lake_settings(CatalogId=ACCOUNT)["DataLakeSettings"]
    settings["DataLakeAdmins"] = [
        admin for admin in settings["DataLakeAdmins"] if whom not in admin["DataLakePrincipalIdentifier"]
    ]
    api.put_data_lake_settings(CatalogId=ACCOUNT, DataLakeSettings=settings)
    for resource in api.list_resources()["ResourceInfoList"]:
        if bucket in resource["ResourceArn"]:
            api.deregister_resource(ResourceArn=resource["ResourceArn"])


VERBS = {"seed": seed, "show": show, "revoke": revoke, "forget": forget, "untag": untag}
print(json.dumps(VERBS[VERB](*sys.argv[3:])))

//! What no emulator says: failures inside of an answer, pages, the other shape of a right; and what
//! goes over the wire.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tarn_core::ports::{
    AccountSettings, Administration, Filters, Locations, Right, Rights, TableColumn, Tags,
};
use tarn_core::{Kind, Result};
use tarn_lake::{CellsFilter, Columns, Governed, Permission};

use super::LakeFormation;
use crate::stand_in::{StandIn, ok};

const ACCOUNT: &str = "123456789012";
const READER: &str = "arn:aws:iam::123456789012:role/reader";

fn answering(answers: impl IntoIterator<Item = Value>) -> (StandIn, LakeFormation) {
    let server = StandIn::answering(answers.into_iter().map(|answer| ok(&answer.to_string())));
    let account = LakeFormation::new(&server.config(), ACCOUNT);
    (server, account)
}

/// What a request says: its target, and its body.
fn said(request: &str) -> (&str, Value) {
    let (target, body) = request.split_once(" HTTP/1.1 ").unwrap();
    (target, serde_json::from_str(body).unwrap())
}

fn right(resource: Governed, permission: Permission) -> Right {
    Right { principal: READER.into(), resource, permission, grantable: false }
}

fn some_rights(count: usize) -> BTreeSet<Right> {
    let database = |n| Governed::Database { name: format!("database_{n}") };
    (0..count).map(|n| right(database(n), Permission::Describe)).collect()
}

fn failing(code: &str, message: &str) -> Value {
    let entry = json!({"Id": "0", "Principal": {"DataLakePrincipalIdentifier": READER}});
    json!({"Failures": [{"RequestEntry": entry, "Error": {"ErrorCode": code, "ErrorMessage": message}}]})
}

fn refused(result: Result<()>) -> (Kind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.chain())
}

#[tokio::test]
async fn a_location_is_registered_under_our_role_alone() {
    let (server, account) = answering([json!({})]);
    account.register("arn:aws:s3:::silver", "arn:role").await.unwrap();
    let requests = server.requests();
    let expected = json!({
        "ResourceArn": "arn:aws:s3:::silver", "RoleArn": "arn:role",
        "UseServiceLinkedRole": false, "HybridAccessEnabled": false,
    });
    assert_eq!(said(&requests[0]), ("POST /RegisterResource", expected));
}

#[tokio::test]
async fn settings_are_sent_as_they_were_read() {
    let settings = r#"{"Z":[1,{"y":null}],"DataLakeAdmins":[],"Parameters":{"B":"2","A":"1"}}"#;
    let answers = [ok(&format!(r#"{{"DataLakeSettings":{settings}}}"#)), ok("{}")];
    let server = StandIn::answering(answers);
    let account = LakeFormation::new(&server.config(), ACCOUNT);
    Administration::replace(&account, &account.settings().await.unwrap()).await.unwrap();
    let sent = format!(r#"{{"CatalogId":"{ACCOUNT}","DataLakeSettings":{settings}}}"#);
    let requests = server.requests();
    assert_eq!(requests[1], format!("POST /PutDataLakeSettings HTTP/1.1 {sent}"));
}

/// By then another lake may have written, and a repetition would take that back.
#[tokio::test]
async fn settings_are_never_sent_twice() {
    let failed = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = StandIn::answering([failed.to_owned(), ok("{}"), ok("{}")]);
    let account = LakeFormation::new(&server.config(), ACCOUNT);
    assert_eq!(
        refused(Administration::replace(&account, &AccountSettings::default()).await).0,
        Kind::Unavailable
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn settings_that_are_not_there_are_an_error() {
    for answer in [json!({}), json!({"DataLakeSettings": null})] {
        let (_server, account) = answering([answer]);
        assert_eq!(account.settings().await.unwrap_err().kind(), Kind::Internal);
    }
}

#[tokio::test]
async fn a_failure_inside_of_an_answer_is_an_error() {
    let busy = failing("ConcurrentModificationException", "another change is under way");
    let (_server, account) = answering([busy.clone(), busy]);
    for refused in
        [refused(account.grant(&some_rights(1)).await), refused(account.revoke(&some_rights(1)).await)]
    {
        assert_eq!(refused.0, Kind::Conflict);
        assert!(refused.1.contains("another change") && refused.1.contains(READER), "{}", refused.1);
    }
}

#[tokio::test]
async fn what_is_gone_can_be_revoked_and_not_granted() {
    let gone = failing("EntityNotFoundException", "Table not found");
    let (_server, account) = answering([gone.clone(), gone]);
    account.revoke(&some_rights(1)).await.unwrap();
    assert_eq!(refused(account.grant(&some_rights(1)).await).0, Kind::NotFound);
}

#[tokio::test]
async fn a_failure_of_a_later_batch_is_found() {
    let (server, account) =
        answering([json!({"Failures": []}), failing("InvalidInputException", "Invalid principal")]);
    assert_eq!(refused(account.grant(&some_rights(25)).await).0, Kind::Invalid);
    let requests = server.requests();
    let entries = |request: &String| said(request).1["Entries"].as_array().unwrap().len();
    assert_eq!(requests.iter().map(entries).collect::<Vec<_>>(), [20, 5]);
}

#[tokio::test]
async fn rights_of_one_principal_on_one_thing_are_one_entry() {
    let (server, account) = answering([json!({})]);
    let columns = Columns::Except(["email".to_owned()].into());
    let table = Governed::Table { database: "silver".into(), name: "events".into(), columns };
    let tables = Governed::Tables { database: "zone".into() };
    let rights = [
        right(tables.clone(), Permission::Select),
        right(tables, Permission::Describe),
        right(table, Permission::Select),
    ];
    account.grant(&rights.into()).await.unwrap();
    let requests = server.requests();
    let principal = json!({"DataLakePrincipalIdentifier": READER});
    let expected = json!([
        {
            "Id": "0", "Principal": principal, "Permissions": ["DESCRIBE", "SELECT"],
            "Resource": {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "zone", "TableWildcard": {}}},
        },
        {
            "Id": "1", "Principal": principal, "Permissions": ["SELECT"],
            "Resource": {"TableWithColumns": {
                "CatalogId": ACCOUNT, "DatabaseName": "silver", "Name": "events",
                "ColumnWildcard": {"ExcludedColumnNames": ["email"]},
            }},
        },
    ]);
    assert_eq!(said(&requests[0]).1["Entries"], expected);
}

/// AWS gives a right to read back on columns, whatever it was granted on, and on pages.
#[tokio::test]
async fn a_right_to_read_comes_back_in_another_shape() {
    let principal = json!({"DataLakePrincipalIdentifier": READER});
    let page = |resource: Value, permission: &str, next: Value| {
        let entry = json!({
            "Principal": principal, "Resource": resource,
            "Permissions": [permission, "A_RIGHT_OF_NEXT_YEAR"], "PermissionsWithGrantOption": [],
        });
        json!({"PrincipalResourcePermissions": [entry], "NextToken": next})
    };
    let all = |shape: &str, wildcard: &str| json!({shape: {"CatalogId": ACCOUNT, "DatabaseName": "zone", "Name": "ALL_TABLES", wildcard: {}}});
    let tag = json!({"LFTag": {"TagKey": "k", "TagValues": ["v"]}});
    let foreign = json!({"Database": {"CatalogId": "999999999999", "Name": "zone"}});
    let (server, account) = answering([
        page(foreign, "DESCRIBE", Value::Null),
        page(all("Table", "TableWildcard"), "DESCRIBE", "more".into()),
        page(all("TableWithColumns", "ColumnWildcard"), "SELECT", Value::Null),
        page(tag, "DESCRIBE", Value::Null),
    ]);
    let tables = Governed::Tables { database: "zone".into() };
    let expected = [right(tables.clone(), Permission::Describe), right(tables, Permission::Select)];
    assert_eq!(account.granted().await.unwrap(), expected.into());
    assert_eq!(said(&server.requests()[2]).1["NextToken"], "more");
}

fn columns(names: &[&str]) -> BTreeSet<TableColumn> {
    let column = |name: &&str| TableColumn {
        database: "silver".into(),
        table: "people".into(),
        column: (*name).to_owned(),
    };
    names.iter().map(column).collect()
}

fn of_columns(names: &[&str]) -> Value {
    json!({"TableWithColumns": {
        "CatalogId": ACCOUNT, "DatabaseName": "silver", "Name": "people", "ColumnNames": names,
    }})
}

/// A column may have tags of others, and inherits what its table has: neither is asked for.
#[tokio::test]
async fn of_all_tags_of_a_column_its_own_of_our_key_is_read() {
    let tag = |key: &str, value: &str| json!({"CatalogId": ACCOUNT, "TagKey": key, "TagValues": [value]});
    let answer = json!({
        "LFTagsOnTable": [tag("shop_pii", "low")],
        "LFTagsOnColumns": [
            {"Name": "mail", "LFTags": [tag("stage", "raw"), tag("shop_pii", "high")]},
            {"Name": "city", "LFTags": [tag("stage", "raw")]},
        ],
    });
    let (server, account) = answering([answer, json!({})]);
    let both = columns(&["city", "mail"]);
    let assigned = account.assigned("shop_pii", &both).await.unwrap();
    assert_eq!(assigned.into_values().collect::<Vec<_>>(), ["high"]);
    account.assign("shop_pii", "low", &both).await.unwrap();
    let requests = server.requests();
    let asked =
        json!({"CatalogId": ACCOUNT, "ShowAssignedLFTags": true, "Resource": of_columns(&["city", "mail"])});
    assert_eq!(said(&requests[0]), ("POST /GetResourceLFTags", asked));
    let put = json!({
        "CatalogId": ACCOUNT, "Resource": of_columns(&["city", "mail"]), "LFTags": [tag("shop_pii", "low")],
    });
    assert_eq!(said(&requests[1]), ("POST /AddLFTagsToResource", put));
}

#[tokio::test]
async fn a_tag_that_fails_inside_of_an_answer_is_an_error_and_one_that_is_gone_needs_no_taking() {
    let failing = |code: &str| json!({"Failures": [{"Error": {"ErrorCode": code, "ErrorMessage": "words"}}]});
    let (busy, gone) = (failing("ConcurrentModificationException"), failing("EntityNotFoundException"));
    let (_server, account) = answering([busy.clone(), busy, gone.clone(), gone, failing("SomethingNew")]);
    let mail = columns(&["mail"]);
    for refused in [
        refused(account.assign("shop_pii", "low", &mail).await),
        refused(account.unassign("shop_pii", "low", &mail).await),
    ] {
        assert_eq!(refused.0, Kind::Conflict);
        assert!(refused.1.contains("shop_pii") && refused.1.contains("words"), "{}", refused.1);
    }
    account.unassign("shop_pii", "low", &mail).await.unwrap();
    assert_eq!(refused(account.assign("shop_pii", "low", &mail).await).0, Kind::NotFound);
    assert_eq!(refused(account.unassign("shop_pii", "low", &mail).await).0, Kind::Internal);
}

#[tokio::test]
async fn a_key_is_not_there_by_the_name_of_the_error_alone() {
    let error = |status: &str, code: &str| {
        let body = json!({"__type": code, "Message": "words"}).to_string();
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let server = StandIn::answering([
        error("400 Bad Request", "EntityNotFoundException"),
        error("400 Bad Request", "AccessDeniedException"),
        error("400 Bad Request", "SomethingNew"),
    ]);
    let account = LakeFormation::new(&server.config(), ACCOUNT);
    assert_eq!(account.values("shop_pii").await.unwrap(), None);
    assert_eq!(account.values("shop_pii").await.unwrap_err().kind(), Kind::AccessDenied);
    assert_eq!(account.values("shop_pii").await.unwrap_err().kind(), Kind::Internal);
}

fn filter() -> CellsFilter {
    CellsFilter {
        database: "silver".into(),
        table: "people".into(),
        name: "shop-dev-ads".into(),
        columns: ["city".to_owned(), "id".to_owned()].into(),
        rows: "\"id\" = 1".into(),
    }
}

/// No emulator has filters: what goes over the wire is AWS's own example, by its documentation.
#[tokio::test]
async fn a_filter_is_made_read_changed_and_deleted_in_lake_formations_words() {
    let cells = json!({
        "TableCatalogId": ACCOUNT, "DatabaseName": "silver", "TableName": "people", "Name": "shop-dev-ads",
        "RowFilter": {"FilterExpression": "\"id\" = 1"}, "ColumnNames": ["city", "id"],
    });
    let (server, account) = answering([json!({}), json!({ "DataCellsFilter": cells }), json!({}), json!({})]);
    account.create(&filter()).await.unwrap();
    assert_eq!(account.found(&filter()).await.unwrap(), Some(filter()));
    Filters::replace(&account, &filter()).await.unwrap();
    account.delete(&filter()).await.unwrap();
    let address = json!({
        "TableCatalogId": ACCOUNT, "DatabaseName": "silver", "TableName": "people", "Name": "shop-dev-ads",
    });
    let requests = server.requests();
    let said: Vec<_> = requests.iter().map(|request| said(request)).collect();
    let wanted = [
        ("POST /CreateDataCellsFilter", json!({ "TableData": cells })),
        ("POST /GetDataCellsFilter", address.clone()),
        ("POST /UpdateDataCellsFilter", json!({ "TableData": cells })),
        ("POST /DeleteDataCellsFilter", address),
    ];
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn rights_on_a_filter_are_asked_for_by_the_filter() {
    let on = json!({"DataCellsFilter": {
        "TableCatalogId": ACCOUNT, "DatabaseName": "silver", "TableName": "people", "Name": "shop-dev-ads",
    }});
    let entry = |resource: Value| {
        json!({
            "Principal": {"DataLakePrincipalIdentifier": READER}, "Resource": resource, "Permissions": ["SELECT"],
            "PermissionsWithGrantOption": [],
        })
    };
    let table = json!({"Table": {"CatalogId": ACCOUNT, "DatabaseName": "silver", "Name": "people"}});
    let page = json!({"PrincipalResourcePermissions": [entry(on.clone()), entry(table)]});
    let (server, account) = answering([page, json!({})]);
    let select = right(filter().governed(), Permission::Select);
    assert_eq!(account.granted_on(&filter()).await.unwrap(), [select.clone()].into());
    account.grant(&[select].into()).await.unwrap();
    let requests = server.requests();
    assert_eq!(said(&requests[0]).1["Resource"], on);
    assert_eq!(said(&requests[1]).1["Entries"][0]["Resource"], on);
}

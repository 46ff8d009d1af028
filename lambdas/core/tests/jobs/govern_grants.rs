//! The list of grants of a stack: granted, changed, revoked, and nobody else's touched.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tarn_core::CustomResourceRequest;
use tarn_core::jobs::AnswerStatus;
use tarn_core::ports::{Catalog, Right, Rights, WHOM_IAM_ALLOWS};
use tarn_core::testing::{MemoryCatalog, MemoryGovernance};
use tarn_lake::{Governed, Permission};

use crate::govern::{Resource, answered_over, picture, role, survives_every_fault};

const KIND: &str = "Custom::LakeFormationGrants";

fn grant(to: &str, resource: Value, permissions: &[&str]) -> Value {
    json!({"Principal": role(to), "Resource": resource, "Permissions": permissions})
}

fn on_database() -> Value {
    grant("reader", json!({"Database": {"Name": "zone"}}), &["DESCRIBE"])
}

fn on_tables(permissions: &[&str]) -> Value {
    grant("reader", json!({"Tables": {"Database": "zone"}}), permissions)
}

fn on_columns() -> Value {
    let columns = json!({"Except": ["email"]});
    let table = json!({"Table": {"Database": "silver", "Name": "events", "Columns": columns}});
    grant("reader", table, &["SELECT"])
}

fn request(kind: &str, verb: &str, properties: &Value) -> CustomResourceRequest {
    serde_json::from_value(json!({
        "RequestType": verb, "ResponseURL": "https://secret.example", "StackId": "stack", "RequestId": verb,
        "LogicalResourceId": "Governed", "ResourceType": kind, "ResourceProperties": properties,
        "OldResourceProperties": properties, "PhysicalResourceId": "lake-formation-grants",
    }))
    .unwrap()
}

fn list(grants: &[Value]) -> Value {
    json!({"ServiceToken": "arn", "Grants": grants})
}

fn resource() -> Resource {
    Resource::new(KIND, list(&[on_database(), on_tables(&["DESCRIBE", "SELECT"]), on_columns()]))
}

fn right(principal: &str, resource: Governed, permission: Permission) -> Right {
    Right { principal: principal.to_owned(), resource, permission, grantable: false }
}

fn zone() -> Governed {
    Governed::Database { name: "zone".into() }
}

fn tables() -> Governed {
    Governed::Tables { database: "zone".into() }
}

/// Rights of others, on what is ours too, and to whom is ours.
async fn shared() -> MemoryGovernance {
    let account = MemoryGovernance::default();
    let reader = role("reader");
    let theirs = BTreeSet::from([
        right(&role("auditor"), zone(), Permission::Describe),
        right(&role("auditor"), tables(), Permission::Select),
        right(&reader, zone(), Permission::Alter),
        right(WHOM_IAM_ALLOWS, Governed::Database { name: "other".into() }, Permission::All),
    ]);
    account.grant(&theirs).await.unwrap();
    account
}

fn of(account: &MemoryGovernance, principal: &str) -> Vec<(Governed, Permission)> {
    let rights = account.rights_now().into_iter().filter(|right| right.principal == principal);
    rights.map(|right| (right.resource, right.permission)).collect()
}

#[tokio::test]
async fn a_list_is_granted_and_revoked_and_nobody_elses_rights_are_touched() {
    let account = shared().await;
    let before = picture(&account);
    let mut resource = resource();
    let created = resource.create(&account).await;
    assert_eq!(created.physical_resource_id, "lake-formation-grants:Governed");
    assert_eq!(account.rights_now().len(), 4 + 4);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before, "already gone is gone");
}

#[tokio::test]
async fn a_changed_list_grants_what_is_new_and_revokes_what_is_gone() {
    let account = shared().await;
    let mut resource = resource();
    resource.create(&account).await;
    let id = resource.id.clone();
    resource.update(&account, list(&[on_database(), on_tables(&["SELECT", "INSERT"])])).await;
    assert_eq!(resource.id, id);
    let now = of(&account, &role("reader"));
    let expected = [
        (zone(), Permission::Alter),
        (zone(), Permission::Describe),
        (tables(), Permission::Insert),
        (tables(), Permission::Select),
    ];
    assert_eq!(now, expected, "ALTER was somebody else's");
}

/// A right that may be handed on is the same right to whoever has it.
#[tokio::test]
async fn a_right_that_may_be_handed_on_comes_and_goes() {
    let account = MemoryGovernance::default();
    let mut handed = on_database();
    handed["Grantable"] = json!("true");
    let mut resource = Resource::new(KIND, list(&[handed]));
    resource.create(&account).await;
    assert!(account.rights_now().iter().all(|right| right.grantable));
    resource.update(&account, list(&[on_database()])).await;
    assert!(account.rights_now().iter().all(|right| !right.grantable));
    let upgraded = account.rights_now().into_iter().map(|right| Right { grantable: true, ..right }).collect();
    account.revoke(&account.rights_now()).await.unwrap();
    account.grant(&upgraded).await.unwrap();
    resource.update(&account, list(&[on_database()])).await;
    assert_eq!(account.rights_now(), upgraded, "more than enough is enough");
    resource.delete(&account).await;
    assert!(account.rights_now().is_empty());
}

/// Grants are idle as long as whom IAM allows may do everything.
#[tokio::test]
async fn the_default_right_of_whom_iam_allows_goes_and_comes_back_before_the_database_goes() {
    let account = shared().await;
    let open = BTreeSet::from([
        right(WHOM_IAM_ALLOWS, zone(), Permission::All),
        right(WHOM_IAM_ALLOWS, tables(), Permission::All),
    ]);
    account.grant(&open).await.unwrap();
    let mut resource = resource();
    resource.create(&account).await;
    let others = Governed::Database { name: "other".into() };
    assert_eq!(of(&account, WHOM_IAM_ALLOWS), [(others.clone(), Permission::All)]);
    resource.update(&account, list(&[on_database()])).await;
    resource.delete(&account).await;
    assert_eq!(of(&account, WHOM_IAM_ALLOWS), [(others, Permission::All), (zone(), Permission::All)]);
}

#[tokio::test]
async fn a_new_role_and_a_lagging_listing_are_waited_for() {
    let account = shared().await;
    account.knows_no_principal_for(4);
    account.listings_lag(5);
    let mut resource = resource();
    resource.create(&account).await;
    assert_eq!(account.rights_now().len(), 4 + 4);
    account.listings_lag(5);
    resource.delete(&account).await;
    assert_eq!(account.rights_now().len(), 4);
}

#[tokio::test]
async fn a_principal_that_is_no_more_is_told_and_the_rollback_succeeds() {
    let account = shared().await;
    let before = picture(&account);
    account.delete_principal(&role("reader"));
    let mut resource = resource();
    let refused = resource.answer(&account, "Create").await;
    assert_eq!(refused.status, AnswerStatus::Failed);
    assert!(refused.reason.contains(&role("reader")), "{}", refused.reason);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_changes_nothing() {
    for bad in [json!({}), json!({"Grants": [{"Principal": "x"}]}), json!({"Grants": "x"}), Value::Null] {
        let account = shared().await;
        let before = picture(&account);
        let mut resource = Resource::new(KIND, bad);
        assert_eq!(resource.answer(&account, "Create").await.status, AnswerStatus::Failed);
        resource.delete(&account).await;
        assert_eq!(picture(&account), before);
    }
}

#[tokio::test]
async fn whatever_call_fails_nothing_is_left_and_nothing_foreign_is_lost() {
    survives_every_fault(async || (MemoryGovernance::default(), resource())).await;
    survives_every_fault(async || {
        (shared().await, Resource::new(KIND, list(&[on_database(), on_columns()])))
    })
    .await;
}

#[tokio::test]
async fn a_table_that_is_granted_by_name_is_registered_before() {
    let (account, catalog) = (MemoryGovernance::default(), MemoryCatalog::default());
    let mut properties =
        list(&[on_columns(), grant("governor", json!({"Tables": {"Database": "silver"}}), &["ALTER"])]);
    properties["Governor"] = json!(role("governor"));
    properties["Tables"] = json!([{
        "Database": "silver", "Name": "events", "Description": "", "Location": "s3://silver/events/",
        "Columns": [["id", "bigint"], ["email", "string"]], "PartitionKeys": [],
    }]);
    let request = |verb| request(KIND, verb, &properties);
    assert_eq!(answered_over(&account, &catalog, &request("Create")).await.status, AnswerStatus::Success);
    let registered = catalog.tables();
    assert_eq!((registered.len(), registered[0].columns.len()), (1, 2));
    assert_eq!(account.rights_now().len(), 2);

    let mut wider = registered[0].clone();
    wider.columns.push(("later".into(), "string".into()));
    catalog.update(&wider).await.unwrap();
    assert_eq!(answered_over(&account, &catalog, &request("Update")).await.status, AnswerStatus::Success);
    assert_eq!(catalog.tables(), registered, "it has the columns that the grant names, and no others");
    assert_eq!(answered_over(&account, &catalog, &request("Delete")).await.status, AnswerStatus::Success);
    assert_eq!((catalog.tables().len(), account.rights_now().len()), (1, 0), "a table is not ours to remove");
}

fn filter(name: &str, rows: &str) -> Value {
    json!({
        "Database": "silver", "Table": "people", "Name": name, "Columns": ["id", "city"], "Rows": rows,
    })
}

fn on_filter(name: &str) -> Value {
    let on = json!({"Filter": {"Database": "silver", "Table": "people", "Name": name}});
    grant("reader", on, &["SELECT"])
}

fn filtered(name: &str, rows: &str) -> Value {
    let mut properties = list(&[on_database(), on_filter(name)]);
    properties["Filters"] = json!([filter(name, rows)]);
    properties
}

/// A filter stands before the right on it, and goes after it; the stand-in refuses any other order.
#[tokio::test]
async fn a_filter_is_made_changed_and_taken_away_with_its_rights() {
    let account = shared().await;
    let before = picture(&account);
    let mut resource = Resource::new(KIND, filtered("shop-dev-ads", "\"id\" = 1"));
    resource.create(&account).await;
    let rows = |account: &MemoryGovernance| -> Vec<(String, String)> {
        account.filters_now().into_iter().map(|filter| (filter.name, filter.rows)).collect()
    };
    assert_eq!(rows(&account), [("shop-dev-ads".to_owned(), "\"id\" = 1".to_owned())]);
    let with_it = picture(&account);
    let narrower = filtered("shop-dev-ads", "\"id\" = 2");
    resource.update(&account, narrower).await;
    assert_eq!(rows(&account)[0].1, "\"id\" = 2");
    assert_ne!(picture(&account), with_it);
    resource.update(&account, filtered("shop-dev-bi", "\"id\" = 2")).await;
    assert_eq!(rows(&account), [("shop-dev-bi".to_owned(), "\"id\" = 2".to_owned())]);
    resource.update(&account, list(&[on_database()])).await;
    assert_eq!(rows(&account), []);
    resource.update(&account, filtered("shop-dev-ads", "\"id\" = 1")).await;
    assert_eq!(picture(&account), with_it);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

#[tokio::test]
async fn whatever_call_fails_no_filter_is_left() {
    survives_every_fault(async || {
        (shared().await, Resource::new(KIND, filtered("shop-dev-ads", "\"id\" = 1")))
    })
    .await;
}

//! The list of tags of a lake: assigned, changed, taken away, and nobody else's touched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tarn_core::jobs::{AnswerStatus, missing_tags};
use tarn_core::ports::{Catalog, TableColumn, Tags};
use tarn_core::testing::{MemoryCatalog, MemoryGovernance};

use crate::govern::{Resource, answered_over, catalog, good, picture, survives_every_fault};

const KIND: &str = "Custom::LakeFormationTags";
const KEY: &str = "shop_dev_pii";

fn table(columns: Value) -> Value {
    json!({"Database": "silver", "Name": "people", "Columns": columns})
}

fn list(tables: &[Value]) -> Value {
    json!({"ServiceToken": "arn", "Key": KEY, "Values": ["low", "high"], "Tables": tables})
}

fn resource() -> Resource {
    Resource::new(KIND, list(&[table(json!({"mail": "high", "city": "low", "country": "low"}))]))
}

fn column(name: &str) -> TableColumn {
    TableColumn { database: "silver".into(), table: "people".into(), column: name.into() }
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A steward's own key, on the table's columns too.
async fn shared() -> MemoryGovernance {
    let account = MemoryGovernance::default();
    account.create_key("stage", &texts(&["raw", "done"])).await.unwrap();
    account.assign("stage", "raw", &[column("mail"), column("id")].into()).await.unwrap();
    account
}

/// What is tagged with our key, by column.
fn ours(account: &MemoryGovernance) -> BTreeMap<String, String> {
    let tagged = account.tags_now().1.into_iter().filter(|((key, _), _)| key == KEY);
    tagged.map(|((_, column), value)| (column.column, value)).collect()
}

fn told(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_list_is_assigned_and_taken_away_and_nobody_elses_tags_are_touched() {
    let account = shared().await;
    let before = picture(&account);
    let mut resource = resource();
    let created = resource.create(&account).await;
    assert_eq!(created.physical_resource_id, "lake-formation-tags:shop_dev_pii");
    assert_eq!(ours(&account), told(&[("city", "low"), ("country", "low"), ("mail", "high")]));
    assert_eq!(account.tags_now().0[KEY], texts(&["high", "low"]));
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before, "already gone is gone");
}

#[tokio::test]
async fn a_changed_list_tags_anew_what_changed_and_takes_away_what_left() {
    let account = shared().await;
    let mut resource = resource();
    resource.create(&account).await;
    let id = resource.id.clone();
    resource.update(&account, list(&[table(json!({"mail": "low", "country": "low", "id": "low"}))])).await;
    assert_eq!(resource.id, id);
    assert_eq!(ours(&account), told(&[("country", "low"), ("id", "low"), ("mail", "low")]));
    resource.update(&account, list(&[])).await;
    assert_eq!(ours(&account), told(&[]));
    assert_eq!(account.tags_now().1.len(), 2, "the steward's");
}

/// What a person took away, or changed, comes back with a list that did not change: a repair.
#[tokio::test]
async fn what_somebody_changed_is_as_it_was_after_the_same_list() {
    let account = shared().await;
    let mut resource = resource();
    resource.create(&account).await;
    let before = picture(&account);
    account.unassign(KEY, "low", &[column("city")].into()).await.unwrap();
    account.assign(KEY, "low", &[column("mail")].into()).await.unwrap();
    let tables = serde_json::from_value::<Vec<tarn_lake::TaggedTable>>(resource.properties["Tables"].clone());
    let tables = tables.unwrap();
    let missing = missing_tags(&account, &catalog().await, KEY, &tables).await.unwrap();
    assert_eq!(missing, [(column("city"), "low".to_owned()), (column("mail"), "high".to_owned())].into());
    let same = resource.properties.clone();
    resource.update(&account, same).await;
    assert_eq!(picture(&account), before);
    assert_eq!(missing_tags(&account, &catalog().await, KEY, &tables).await.unwrap(), BTreeMap::new());
    let nowhere = missing_tags(&account, &MemoryCatalog::default(), KEY, &tables).await.unwrap();
    assert_eq!(nowhere.len(), 3, "a table that is not there has no tags");
}

#[tokio::test]
async fn a_key_that_is_there_is_taken_and_gets_the_values_that_it_lacks() {
    for (there, left) in [
        (&["low", "high"][..], &[][..]),
        (&["low"], &[]),
        (&["some"], &["some"]),
        (&["low", "some"], &["some"]),
    ] {
        let account = shared().await;
        account.create_key(KEY, &texts(there)).await.unwrap();
        let mut resource = resource();
        resource.create(&account).await;
        assert_eq!(ours(&account).len(), 3);
        assert!(texts(&["low", "high"]).is_subset(&account.tags_now().0[KEY]));
        let deleted = resource.delete(&account).await;
        assert_eq!(account.tags_now().0.get(KEY).cloned().unwrap_or_default(), texts(left), "{there:?}");
        assert_eq!(deleted.reason.contains("some"), !left.is_empty(), "{}", deleted.reason);
        assert_eq!(ours(&account), told(&[]));
    }
}

/// A value of ours on somebody else's column, under a key that others gave values: it stays, and is told.
#[tokio::test]
async fn values_that_others_use_stay_with_a_key_that_stays() {
    let account = shared().await;
    account.create_key(KEY, &texts(&["some"])).await.unwrap();
    let mut resource = resource();
    resource.create(&account).await;
    let foreign = TableColumn { table: "theirs".into(), ..column("mail") };
    account.assign(KEY, "high", &[foreign].into()).await.unwrap();
    let deleted = resource.delete(&account).await;
    assert!(deleted.reason.contains("stays, because others gave it values: some"), "{}", deleted.reason);
    assert_eq!(ours(&account), told(&[("mail", "high")]), "theirs");
}

/// A table of a list that left the lake, or a column of its layout, takes its tags along.
#[tokio::test]
async fn what_is_gone_needs_no_taking_and_what_is_wanted_must_be_there() {
    let account = shared().await;
    let mut properties = list(&[table(json!({"mail": "high"}))]);
    let mut resource = Resource::new(KIND, properties.clone());
    resource.create(&account).await;
    let empty = MemoryCatalog::default();
    properties["Tables"] = json!([]);
    let old = std::mem::replace(&mut resource.properties, properties);
    good(answered_over(&account, &empty, &resource.request("Update", &old)).await);

    let absent = Resource::new(KIND, list(&[table(json!({"phone": "high"}))]));
    let answer = answered_over(&account, &catalog().await, &absent.request("Create", &Value::Null)).await;
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(answer.reason.contains("no column phone of silver.people"), "{}", answer.reason);
    let answer = answered_over(&account, &empty, &absent.request("Create", &Value::Null)).await;
    assert!(answer.reason.contains("no column phone of silver.people"), "{}", answer.reason);
}

/// A new layout adds a column: it is registered by the grants, which come before, and then tagged.
#[tokio::test]
async fn a_column_of_a_new_layout_is_tagged() {
    let (account, catalog) = (shared().await, catalog().await);
    let mut resource = resource();
    good(answered_over(&account, &catalog, &resource.request("Create", &Value::Null)).await);
    let mut wider = catalog.tables()[0].clone();
    wider.columns.push(("phone".into(), "string".into()));
    catalog.update(&wider).await.unwrap();
    let columns = json!({"mail": "high", "city": "low", "country": "low", "phone": "high"});
    let old = std::mem::replace(&mut resource.properties, list(&[table(columns)]));
    good(answered_over(&account, &catalog, &resource.request("Update", &old)).await);
    assert_eq!(ours(&account).len(), 4);
}

#[tokio::test]
async fn refusals_for_a_while_are_waited_for() {
    let account = shared().await;
    account.knows_no_principal_for(5);
    let mut resource = resource();
    resource.create(&account).await;
    assert_eq!(ours(&account).len(), 3);
    account.knows_no_principal_for(5);
    resource.delete(&account).await;
    assert_eq!(account.tags_now().0.len(), 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_changes_nothing() {
    for bad in [json!({}), json!({"Key": KEY}), json!({"Key": KEY, "Values": [], "Tables": "x"}), Value::Null]
    {
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
    survives_every_fault(async || (shared().await, resource())).await;
    survives_every_fault(async || {
        let account = shared().await;
        account.create_key(KEY, &texts(&["some"])).await.unwrap();
        (account, resource())
    })
    .await;
}

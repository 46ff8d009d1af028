//! The contract of the four ports to Lake Formation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tarn_lake::{CellsFilter, Columns, Governed, Permission};

use super::kind_of;
use crate::Kind;
use crate::ports::{
    AccountSettings, Administration, Filters, Locations, Office, Right, Rights, TableColumn, Tags,
};

/// An account in which nothing is registered or granted.
pub struct GovernanceUnderTest<G> {
    /// Its Lake Formation.
    pub governance: G,
    /// Whether it remembers that a right may be handed on.
    pub grantable: bool,
    /// Whether it knows which tags there are, and keeps one tag of a column apart from another, and one
    /// column's from another's.
    pub tags_apart: bool,
    /// Whether it has data cells filters.
    pub filters: bool,
}

/// Runs every case.
pub async fn governance<G>(make: impl AsyncFn() -> GovernanceUnderTest<G>)
where
    G: Administration + Filters + Locations + Rights + Tags,
{
    settings_come_back_whole(&make().await.governance).await;
    a_location_is_registered_once(&make().await.governance).await;
    rights_are_granted_and_revoked(&make().await).await;
    what_nobody_has_can_be_revoked(&make().await.governance).await;
    more_rights_than_one_call_takes_are_granted_and_revoked(&make().await.governance).await;
    a_key_has_values(&make().await.governance).await;
    a_column_has_one_value_of_a_key(&make().await.governance).await;
    let place = make().await;
    if place.tags_apart {
        tags_of_several_columns_and_keys_do_not_mix(&place.governance).await;
    }
    if place.filters {
        a_filter_is_made_granted_changed_and_deleted(&make().await.governance).await;
    }
}

fn settings(administrators: &[&str]) -> AccountSettings {
    let administrators: Vec<Value> =
        administrators.iter().map(|arn| json!({"DataLakePrincipalIdentifier": arn})).collect();
    let by_default = json!([
        {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}
    ]);
    AccountSettings(Map::from_iter([
        ("ReadOnlyAdmins".to_owned(), json!([{"DataLakePrincipalIdentifier": role("auditor")}])),
        ("CreateDatabaseDefaultPermissions".to_owned(), by_default),
        ("CreateTableDefaultPermissions".to_owned(), json!([])),
        ("Parameters".to_owned(), json!({"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": "TRUE"})),
        ("DataLakeAdmins".to_owned(), administrators.into()),
        ("TrustedResourceOwners".to_owned(), json!(["111122223333"])),
        ("AllowExternalDataFiltering".to_owned(), json!(true)),
        ("AFieldOfNextYear".to_owned(), json!({"Nested": [1, null, "\u{fc}"]})),
    ]))
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// To the letter, and in the same order: what is not ours must not be touched.
async fn settings_come_back_whole(place: &impl Administration) {
    let (ada, bob) = (role("ada"), "arn:aws:iam::123456789012:user/bob");
    let before = settings(&[&ada, bob]);
    place.replace(&before).await.unwrap();
    assert_eq!(json(&place.settings().await.unwrap()), json(&before));

    let tarn = role("tarn");
    let with = place.settings().await.unwrap().with(Office::All, &tarn);
    place.replace(&with).await.unwrap();
    let now = place.settings().await.unwrap();
    assert_eq!(now.administrators(), [&ada, bob, &tarn]);
    place.replace(&now.without(Office::All, &[&tarn])).await.unwrap();
    assert_eq!(json(&place.settings().await.unwrap()), json(&before));
}

fn json(settings: &AccountSettings) -> String {
    Value::Object(settings.0.clone()).to_string()
}

async fn a_location_is_registered_once(place: &impl Locations) {
    let (location, ours) = ("arn:aws:s3:::contract-silver", role("location"));
    assert_eq!(place.role_of(location).await.unwrap(), None);
    assert_eq!(kind_of(place.deregister(location).await), Some(Kind::NotFound));
    place.register(location, &ours).await.unwrap();
    assert_eq!(place.role_of(location).await.unwrap(), Some(ours));
    assert_eq!(kind_of(place.register(location, &role("other")).await), Some(Kind::Conflict));
    place.deregister(location).await.unwrap();
    assert_eq!(place.role_of(location).await.unwrap(), None);
}

fn rights(principal: &str, resource: Governed, permissions: &[Permission]) -> BTreeSet<Right> {
    let right = |permission: &Permission| Right {
        principal: role(principal),
        resource: resource.clone(),
        permission: *permission,
        grantable: false,
    };
    permissions.iter().map(right).collect()
}

fn table(columns: Columns) -> Governed {
    Governed::Table { database: "silver".into(), name: "events".into(), columns }
}

async fn rights_are_granted_and_revoked(place: &GovernanceUnderTest<impl Rights>) {
    let GovernanceUnderTest { governance: place, grantable, .. } = place;
    use Permission::{Alter, CreateTable, DataLocationAccess, Describe, Select};
    assert_eq!(place.granted().await.unwrap(), BTreeSet::new());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let each = [
        rights("ada", Governed::Database { name: "silver".into() }, &[CreateTable, Describe]),
        rights("ada", Governed::Tables { database: "silver".into() }, &[Alter, Describe, Select]),
        rights("ada", table(Columns::All), &[Describe, Select]),
        rights("ada", Governed::Location { arn: "arn:aws:s3:::silver".into() }, &[DataLocationAccess]),
        rights("bob", table(Columns::Only(names(&["at", "what"]))), &[Select]),
        rights("eve", table(Columns::Except(names(&["who"]))), &[Select]),
        rights("eve", table(Columns::All), &[Describe])
            .into_iter()
            .map(|right| Right { grantable: *grantable, ..right })
            .collect(),
    ];
    let mut expected: BTreeSet<Right> = each.iter().flatten().cloned().collect();
    place.grant(&expected).await.unwrap();
    assert_eq!(place.granted().await.unwrap(), expected);
    for some in each {
        place.revoke(&some).await.unwrap();
        expected.retain(|right| !some.contains(right));
        assert_eq!(place.granted().await.unwrap(), expected);
    }
}

async fn what_nobody_has_can_be_revoked(place: &impl Rights) {
    let rights = rights("ada", table(Columns::All), &[Permission::Select]);
    place.revoke(&rights).await.unwrap();
    place.grant(&rights).await.unwrap();
    place.revoke(&rights).await.unwrap();
    place.revoke(&rights).await.unwrap();
    assert_eq!(place.granted().await.unwrap(), BTreeSet::new());
}

async fn more_rights_than_one_call_takes_are_granted_and_revoked(place: &impl Rights) {
    let database = |n: usize| Governed::Database { name: format!("database_{n}") };
    let many = (0..50).flat_map(|n| rights("ada", database(n), &[Permission::Describe])).collect();
    place.grant(&many).await.unwrap();
    assert_eq!(place.granted().await.unwrap(), many);
    place.revoke(&many).await.unwrap();
    assert_eq!(place.granted().await.unwrap(), BTreeSet::new());
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn column(name: &str) -> TableColumn {
    TableColumn { database: "silver".into(), table: "events".into(), column: name.into() }
}

async fn a_key_has_values(place: &impl Tags) {
    assert_eq!(place.values("shop_pii").await.unwrap(), None);
    place.create_key("shop_pii", &texts(&["high"])).await.unwrap();
    place.create_key("stage", &texts(&["raw"])).await.unwrap();
    assert_eq!(place.values("shop_pii").await.unwrap(), Some(texts(&["high"])));
    place.add_values("shop_pii", &texts(&["low", "some"])).await.unwrap();
    assert_eq!(place.values("shop_pii").await.unwrap(), Some(texts(&["high", "low", "some"])));
    place.remove_values("shop_pii", &texts(&["some"])).await.unwrap();
    assert_eq!(place.values("shop_pii").await.unwrap(), Some(texts(&["high", "low"])));
    place.delete_key("shop_pii").await.unwrap();
    assert_eq!(place.values("shop_pii").await.unwrap(), None);
    assert_eq!(place.values("stage").await.unwrap(), Some(texts(&["raw"])));
}

async fn a_column_has_one_value_of_a_key(place: &impl Tags) {
    let (mail, both) = ([column("mail")].into(), [column("mail"), column("city")].into());
    place.create_key("shop_pii", &texts(&["high", "low"])).await.unwrap();
    assert_eq!(place.assigned("shop_pii", &both).await.unwrap(), BTreeMap::new());
    for value in ["low", "high", "high"] {
        place.assign("shop_pii", value, &mail).await.unwrap();
        let wanted = BTreeMap::from([(column("mail"), value.to_owned())]);
        assert_eq!(place.assigned("shop_pii", &both).await.unwrap(), wanted);
    }
    place.unassign("shop_pii", "high", &mail).await.unwrap();
    assert_eq!(place.assigned("shop_pii", &both).await.unwrap(), BTreeMap::new());
    place.assign("shop_pii", "low", &mail).await.unwrap();
    place.delete_key("shop_pii").await.unwrap();
    place.create_key("shop_pii", &texts(&["high", "low"])).await.unwrap();
    assert_eq!(place.assigned("shop_pii", &both).await.unwrap(), BTreeMap::new(), "the key took it along");
}

async fn tags_of_several_columns_and_keys_do_not_mix(place: &impl Tags) {
    let (mail, both) = ([column("mail")].into(), [column("mail"), column("city")].into());
    place.create_key("shop_pii", &texts(&["high", "low"])).await.unwrap();
    place.create_key("stage", &texts(&["raw"])).await.unwrap();
    place.assign("stage", "raw", &both).await.unwrap();
    place.assign("shop_pii", "low", &both).await.unwrap();
    place.unassign("shop_pii", "low", &mail).await.unwrap();
    place.unassign("shop_pii", "low", &mail).await.unwrap();
    let left = BTreeMap::from([(column("city"), "low".to_owned())]);
    assert_eq!(place.assigned("shop_pii", &both).await.unwrap(), left);
    assert_eq!(kind_of(place.remove_values("shop_pii", &texts(&["low"])).await), Some(Kind::Invalid));
    place.delete_key("shop_pii").await.unwrap();
    assert_eq!(kind_of(place.delete_key("shop_pii").await), Some(Kind::NotFound));
    assert_eq!(place.assigned("stage", &both).await.unwrap().len(), 2);
    assert!(kind_of(place.assign("nobodys", "low", &mail).await).is_some());
}

async fn a_filter_is_made_granted_changed_and_deleted(place: &(impl Filters + Rights)) {
    let filter = CellsFilter {
        database: "silver".into(),
        table: "events".into(),
        name: "shop-dev-ads".into(),
        columns: texts(&["at", "what"]),
        rows: "\"what\" = 'view'".into(),
    };
    let other = CellsFilter { name: "shop-dev-bi".into(), ..filter.clone() };
    let select = rights("ada", filter.governed(), &[Permission::Select]);
    assert_eq!(place.found(&filter).await.unwrap(), None);
    assert_eq!(place.granted_on(&filter).await.unwrap(), BTreeSet::new());
    assert!(kind_of(place.grant(&select).await).is_some(), "there is no filter yet");
    assert_eq!(kind_of(place.replace(&filter).await), Some(Kind::NotFound));
    place.create(&filter).await.unwrap();
    place.create(&other).await.unwrap();
    assert!(kind_of(place.create(&filter).await).is_some());
    let wider = CellsFilter { rows: "\"what\" IN ('view', 'buy')".into(), columns: texts(&["at"]), ..filter };
    assert_ne!(place.found(&wider).await.unwrap().as_ref(), Some(&wider));
    place.grant(&select).await.unwrap();
    place.replace(&wider).await.unwrap();
    assert_eq!(place.found(&wider).await.unwrap().as_ref(), Some(&wider));
    assert_eq!(place.granted_on(&wider).await.unwrap(), select);
    assert_eq!(place.granted_on(&other).await.unwrap(), BTreeSet::new());
    place.revoke(&select).await.unwrap();
    place.delete(&wider).await.unwrap();
    assert_eq!(kind_of(place.delete(&wider).await), Some(Kind::NotFound));
    assert_eq!(place.found(&other).await.unwrap().as_ref(), Some(&other));
}

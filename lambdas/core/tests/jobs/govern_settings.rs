//! Lake Formation's administrators: what is not ours stays to the letter.

use serde_json::{Map, Value, json};
use tarn_core::jobs::AnswerStatus;
use tarn_core::ports::{AccountSettings, Office};
use tarn_core::testing::MemoryGovernance;

use crate::govern::{Resource, picture, role, survives_every_fault};

const KIND: &str = "Custom::LakeFormationSettings";
const SSO: &str =
    "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1";
const USER: &str = "arn:aws:iam::123456789012:user/ada";

fn settings(administrators: &[&str]) -> AccountSettings {
    let administrators: Vec<Value> =
        administrators.iter().map(|arn| json!({"DataLakePrincipalIdentifier": arn})).collect();
    AccountSettings(Map::from_iter([
        ("DataLakeAdmins".to_owned(), administrators.into()),
        ("ReadOnlyAdmins".to_owned(), json!([{"DataLakePrincipalIdentifier": role("auditor")}])),
        ("CreateTableDefaultPermissions".to_owned(), json!([])),
        ("TrustedResourceOwners".to_owned(), json!(["111122223333"])),
        ("AllowExternalDataFiltering".to_owned(), json!(true)),
        (
            "ExternalDataFilteringAllowList".to_owned(),
            json!([{"DataLakePrincipalIdentifier": "111122223333"}]),
        ),
        ("Parameters".to_owned(), json!({"CROSS_ACCOUNT_VERSION": "4"})),
        ("AFieldOfNextYear".to_owned(), json!([true, null])),
    ]))
}

/// An account that five administrators share.
fn account() -> MemoryGovernance {
    let others = [SSO, USER, &role("ci"), &role("steward"), &role("old-lake")].map(str::to_owned);
    MemoryGovernance::with(settings(&others.each_ref().map(String::as_str)))
}

fn ours() -> Resource {
    Resource::new(KIND, json!({"Administrator": role("tarn"), "OfTheLake": "true"}))
}

fn brought() -> Resource {
    Resource::new(KIND, json!({"Administrator": role("steward")}))
}

#[tokio::test]
async fn one_administrator_more_and_after_the_deletion_everything_is_as_it_was() {
    let (account, mut resource) = (account(), ours());
    let before = picture(&account);
    let created = resource.create(&account).await;
    assert_eq!(created.reason, "");
    let now = account.settings_now();
    assert_eq!(now.administrators().len(), 6);
    assert_eq!(now.administrators()[5], role("tarn"));
    assert_ne!(picture(&account), before);
    resource.update(&account, json!({"Administrator": role("tarn"), "OfTheLake": "true", "New": "x"})).await;
    assert_eq!(account.settings_now(), now, "an update of nothing changes nothing");
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before, "already gone is gone");
}

/// Who backs up sees everything and changes nothing.
#[tokio::test]
async fn one_who_only_sees_is_no_administrator() {
    let properties = json!({"Administrator": role("backup"), "OfTheLake": "true", "ReadOnly": "true"});
    let (account, mut resource) = (account(), Resource::new(KIND, properties));
    let before = picture(&account);
    resource.create(&account).await;
    let now = account.settings_now();
    assert_eq!(now.holding(Office::Reading), [role("auditor"), role("backup")]);
    assert_eq!(now.administrators().len(), 5);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

#[tokio::test]
async fn an_administrator_who_was_there_before_stays() {
    let (account, mut resource) = (account(), brought());
    let before = picture(&account);
    resource.create(&account).await;
    resource.update(&account, json!({"Administrator": role("steward"), "New": "x"})).await;
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

/// Else it would be a dead administrator, and every later change would fail.
#[tokio::test]
async fn a_role_of_the_lake_goes_although_somebody_listed_it_before() {
    let account = MemoryGovernance::with(settings(&[USER, &role("tarn")])).called_by(&role("tarn"));
    let mut resource = ours();
    resource.create(&account).await;
    resource.delete(&account).await;
    assert_eq!(account.settings_now(), settings(&[USER]));
}

#[tokio::test]
async fn another_administrator_is_another_resource() {
    let (account, mut resource) = (account(), ours());
    resource.create(&account).await;
    resource.update(&account, json!({"Administrator": role("tarn-2"), "OfTheLake": "true"})).await;
    let now = account.settings_now();
    assert_eq!(now.administrators()[5..], [role("tarn-2")]);
}

#[tokio::test]
async fn dead_administrators_are_reported_and_skipped() {
    let account = account();
    account.delete_principal(&role("old-lake"));
    account.delete_principal(USER);
    let mut resource = ours();
    let created = resource.create(&account).await;
    for dead in [role("old-lake"), USER.to_owned()] {
        assert!(created.reason.contains(&dead), "{}", created.reason);
    }
    assert_eq!(account.settings_now().administrators(), [SSO, &role("ci"), &role("steward"), &role("tarn")]);
}

/// A name within a longer name is another principal.
#[tokio::test]
async fn the_living_are_never_taken_for_the_dead() {
    let account = MemoryGovernance::with(settings(&[&role("data"), &role("data-2"), &role("data.old")]));
    account.delete_principal(&role("data-2"));
    ours().create(&account).await;
    let now = account.settings_now();
    assert_eq!(now.administrators(), [role("data"), role("data.old"), role("tarn")]);
}

#[tokio::test]
async fn a_role_that_is_not_known_yet_is_tried_again() {
    let account = account();
    account.knows_no_principal_for(5);
    ours().create(&account).await;
    assert_eq!(account.settings_now().administrators().len(), 6, "nobody was taken for dead");
}

/// Two lakes read the same list, and the slower one writes over the faster one.
#[tokio::test]
async fn a_lake_that_was_overwritten_adds_itself_again() {
    let account = account();
    let other = account.settings_now().with(Office::All, &role("other-lake"));
    account.overwrite_after_next_write(other);
    let mut resource = ours();
    resource.create(&account).await;
    let now = account.settings_now();
    assert_eq!(now.administrators()[5..], [role("other-lake"), role("tarn")]);

    // The slower one knew us still when we went.
    account.overwrite_after_next_write(now.with(Office::All, &role("third-lake")));
    resource.delete(&account).await;
    assert_eq!(account.settings_now().administrators()[5..], [role("other-lake"), role("third-lake")]);
}

#[tokio::test]
async fn who_may_not_change_the_settings_is_told_who_may() {
    let account = account().called_by(&role("tarn"));
    let before = picture(&account);
    let mut resource = ours();
    let refused = resource.answer(&account, "Create").await;
    assert_eq!(refused.status, AnswerStatus::Failed);
    let command = format!(
        "jq '{{DataLakeSettings: (.DataLakeSettings | .DataLakeAdmins += [{{DataLakePrincipalIdentifier: \"{}\"}}])}}'",
        role("tarn")
    );
    for part in [SSO, USER, &role("steward"), &role("tarn"), "Data lake administrators", &command] {
        assert!(refused.reason.contains(part), "{part}: {}", refused.reason);
    }
    assert!(serde_json::to_vec(&refused).unwrap().len() <= 4_096);
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

/// However many there are, what to do comes first and is not cut off.
#[tokio::test]
async fn a_long_list_of_administrators_leaves_room_for_the_way_out() {
    let many: Vec<String> = (0..29).map(|n| role(&format!("{}-{n}", "a".repeat(400)))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let account = MemoryGovernance::with(settings(&many)).called_by(&role("tarn"));
    let refused = ours().answer(&account, "Create").await;
    assert!(refused.reason.contains("put-data-lake-settings --cli-input-json"), "{}", refused.reason);
}

#[tokio::test]
async fn a_thirty_first_administrator_is_refused_before_anything_is_written() {
    let names: Vec<String> = (0..30).map(|n| role(&format!("admin-{n}"))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let account = MemoryGovernance::with(settings(&names));
    let before = picture(&account);
    let mut resource = ours();
    let refused = resource.answer(&account, "Create").await;
    assert_eq!(refused.status, AnswerStatus::Failed);
    for part in ["takes 30", &role("tarn"), "Administrative roles and tasks"] {
        assert!(refused.reason.contains(part), "{part}: {}", refused.reason);
    }
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);

    // The one that frees a place by going is no thirty-first.
    let mut ours = Resource::new(KIND, json!({"Administrator": role("admin-3"), "OfTheLake": "true"}));
    ours.create(&account).await;
    ours.delete(&account).await;
    assert_eq!(account.settings_now().administrators().len(), 29);
}

#[tokio::test]
async fn a_deletion_of_what_was_never_created_changes_nothing() {
    for id in [None, Some("stack-Governed-1ABC".to_owned()), Some("tarn:never-created".to_owned())] {
        let account = MemoryGovernance::with(settings(&[&role("steward")]));
        let before = picture(&account);
        Resource { id, ..brought() }.delete(&account).await;
        assert_eq!(picture(&account), before);
    }
    let account = MemoryGovernance::default();
    let mut nameless = Resource::new(KIND, json!({}));
    assert_eq!(nameless.answer(&account, "Create").await.status, AnswerStatus::Failed);
    nameless.delete(&account).await;
}

#[tokio::test]
async fn whatever_call_fails_nothing_foreign_is_lost() {
    survives_every_fault(async || (account(), ours())).await;
    survives_every_fault(async || {
        (account(), Resource::new(KIND, json!({"Administrator": role("brought")})))
    })
    .await;
    let reading = json!({"Administrator": role("backup"), "OfTheLake": "true", "ReadOnly": "true"});
    survives_every_fault(async || (account(), Resource::new(KIND, reading.clone()))).await;
}

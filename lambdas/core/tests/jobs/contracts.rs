//! The stand-ins keep the contract that they stand for.

use tarn_core::testing::contract::{
    self, CatalogUnderTest, GovernanceUnderTest, PointersUnderTest, RegistryUnderTest, StoreUnderTest,
};
use tarn_core::testing::{
    FailAt, Fault, ManualClock, MemoryCatalog, MemoryGovernance, MemoryLedger, MemoryPointers, MemoryStore,
};

use tarn_core::ports::{Created, ObjectStore};

fn store() -> MemoryStore {
    MemoryStore::new(ManualClock::default(), ["one".to_owned(), "two".to_owned()])
}

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::object_store(async || StoreUnderTest {
        store: Box::new(store()),
        bucket: "one".into(),
        other: "two".into(),
        versioned: true,
        line_breaks: true,
    })
    .await;
}

#[tokio::test]
async fn the_memory_ledger_keeps_the_contract() {
    contract::ledger(async || MemoryLedger::default()).await;
}

#[tokio::test]
async fn the_memory_catalog_keeps_the_contract() {
    contract::catalog(async || CatalogUnderTest {
        catalog: Box::new(MemoryCatalog::default()),
        database: "silver".into(),
    })
    .await;
}

#[tokio::test]
async fn the_memory_pointers_keep_the_contract() {
    contract::pointers(async || PointersUnderTest {
        pointers: Box::new(MemoryPointers::default()),
        database: "gold".into(),
    })
    .await;
}

#[tokio::test]
async fn the_memory_governance_keeps_the_contract() {
    contract::governance(async || GovernanceUnderTest {
        governance: MemoryGovernance::default(),
        grantable: true,
        tags_apart: true,
        filters: true,
    })
    .await;
}

#[tokio::test]
async fn a_delete_marker_hides_an_object_and_keeps_its_versions() {
    let store = store();
    let landed = store.land("one", "k", "old").unwrap();
    store.delete("one", "k").unwrap();
    assert!(store.list("one", "").await.unwrap().is_empty());
    assert!(store.read("one", "k").await.is_err());
    assert!(store.open(&landed).await.is_ok());
    let markers: Vec<bool> =
        store.list_versions("one", "").await.unwrap().iter().map(|v| v.delete_marker).collect();
    assert_eq!(markers, [true, false]);
    assert_eq!(store.create("one", "k", b"new".to_vec().into(), "").await.unwrap(), Created::New);
}

#[tokio::test]
async fn a_fault_strikes_once_or_for_ever_and_before_or_after_the_effect() {
    for (fault, has_effect, is_deadly) in [
        (Fault::Refused, false, false),
        (Fault::AnswerLost, true, false),
        (Fault::DiesBefore, false, true),
        (Fault::DiesAfter, true, true),
    ] {
        let store = store();
        let faults = FailAt::new(2, fault);
        let failing = faults.before(&store);
        let write = |key| failing.replace("one", key, b"x".to_vec().into(), "");
        assert!(write("a").await.is_ok(), "{fault:?}");
        assert!(!faults.has_struck(), "{fault:?}");
        assert!(write("b").await.is_err(), "{fault:?}");
        assert!(faults.has_struck(), "{fault:?}");
        assert_eq!(write("c").await.is_err(), is_deadly, "{fault:?}");
        assert_eq!(store.contents("one").contains_key("b"), has_effect, "{fault:?}");
    }
}

#[tokio::test]
async fn the_memory_catalog_keeps_the_contract_of_registries() {
    contract::registry(async || RegistryUnderTest {
        registry: Box::new(MemoryCatalog::default()),
        database: "silver".into(),
        any_format: true,
    })
    .await;
}

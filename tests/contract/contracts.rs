//! The suites.

use std::sync::atomic::{AtomicU64, Ordering};

use tarn_aws::{DynamoLedger, GlueCatalog, GluePointers, LakeFormation};
use tarn_core::testing::contract::{
    self, CatalogUnderTest, GovernanceUnderTest, PointersUnderTest, RegistryUnderTest, StoreUnderTest,
};
use tarn_local_cloud::Service;

use crate::cloud::Cloud;

async fn check_store(service: Service) {
    let cloud = Cloud::shared();
    let (store, buckets) = (cloud.s3(service).await, cloud.places(service, "bucket"));
    contract::object_store(async || StoreUnderTest {
        store: Box::new(store.clone()),
        bucket: buckets.next(),
        other: buckets.next(),
        versioned: true,
        // moto's routes know no line breaks.
        line_breaks: service == Service::MiniStack,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_on_ministack_keeps_the_contract() {
    check_store(Service::MiniStack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_on_moto_keeps_the_contract() {
    check_store(Service::Moto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_in_dynamodb_keeps_the_contract() {
    let cloud = Cloud::shared();
    let config = cloud.config(Service::MiniStack).await;
    let tables = cloud.places(Service::MiniStack, "table");
    contract::ledger(async || DynamoLedger::new(&config, tables.next())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glue_catalog_keeps_the_contract() {
    let cloud = Cloud::shared();
    let catalog = GlueCatalog::new(&cloud.config(Service::MiniStack).await);
    let databases = cloud.places(Service::MiniStack, "database");
    contract::catalog(async || CatalogUnderTest {
        catalog: Box::new(catalog.clone()),
        database: databases.next(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pointers_in_the_glue_catalog_keep_the_contract() {
    let cloud = Cloud::shared();
    let pointers = GluePointers::new(&cloud.config(Service::MiniStack).await);
    let databases = cloud.places(Service::MiniStack, "database");
    contract::pointers(async || PointersUnderTest {
        pointers: Box::new(pointers.clone()),
        database: databases.next(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lake_formation_on_moto_keeps_the_contract() {
    let cloud = Cloud::shared();
    let config = cloud.config(Service::Moto).await;
    // moto keeps settings and grants by account; every case gets one of its own.
    let account = AtomicU64::new(300_000_000_000);
    contract::governance(async || GovernanceUnderTest {
        governance: LakeFormation::new(&config, account.fetch_add(1, Ordering::Relaxed).to_string()),
        // moto loses it in a batch.
        grantable: false,
        // It replaces whatever a column was tagged with, keeps one list for columns tagged by one call, and
        // takes keys that nobody made.
        tags_apart: false,
        filters: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glue_catalog_keeps_the_contract_of_registries() {
    let cloud = Cloud::shared();
    let catalog = GlueCatalog::new(&cloud.config(Service::MiniStack).await);
    let databases = cloud.places(Service::MiniStack, "database");
    contract::registry(async || RegistryUnderTest {
        registry: Box::new(catalog.clone()),
        database: databases.next(),
        any_format: true,
    })
    .await;
}

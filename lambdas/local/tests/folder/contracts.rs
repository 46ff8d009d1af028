//! The suites of `tarn_core::testing::contract`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tarn_core::testing::contract::{
    self, CatalogUnderTest, PointersUnderTest, RegistryUnderTest, StoreUnderTest,
};
use tarn_local::{FolderCatalog, FolderLedger, FolderPointers};
use tempfile::TempDir;

use crate::{folders, store};

/// A new folder for every case.
struct Cases {
    all: TempDir,
    count: AtomicU32,
}

impl Cases {
    fn new() -> Self {
        Self { all: TempDir::new().unwrap(), count: AtomicU32::new(0) }
    }

    fn next(&self) -> PathBuf {
        let folder = self.all.path().join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::create_dir(&folder).unwrap();
        folder
    }
}

async fn keeps_the_contract_of_stores(folder: &str) {
    let cases = Cases::new();
    contract::object_store(async || StoreUnderTest {
        store: Box::new(store(&cases.next(), folder)),
        bucket: "one".into(),
        other: "two".into(),
        versioned: false,
        line_breaks: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_the_contract_of_stores() {
    keeps_the_contract_of_stores("silver").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn landing_keeps_the_contract_of_stores() {
    keeps_the_contract_of_stores("landing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_keeps_the_contract_of_ledgers() {
    let cases = Cases::new();
    contract::ledger(async || FolderLedger::open(&cases.next().join("ledger.jsonl")).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_keep_the_contract_of_catalogs() {
    let cases = Cases::new();
    contract::catalog(async || {
        let root = cases.next();
        CatalogUnderTest {
            catalog: Box::new(FolderCatalog::new(&root, root.clone(), folders("silver")).unwrap()),
            database: "shop_dev_silver".into(),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_keep_the_contract_of_pointers() {
    let cases = Cases::new();
    contract::pointers(async || {
        let root = cases.next();
        PointersUnderTest {
            pointers: Box::new(FolderPointers::new(&root, root.clone()).unwrap()),
            database: "shop_dev_gold".into(),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_keep_the_contract_of_registries() {
    let cases = Cases::new();
    contract::registry(async || {
        let root = cases.next();
        RegistryUnderTest {
            registry: Box::new(FolderCatalog::new(&root, root.clone(), folders("silver")).unwrap()),
            database: "shop_dev_silver".into(),
            any_format: false,
        }
    })
    .await;
}

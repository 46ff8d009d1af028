//! Whose a folder is.

use tarn_core::testing::small_lake;
use tarn_lake::{Environment, EnvironmentName};
use tarn_local::{Home, Locked};
use tempfile::TempDir;

#[test]
fn a_folder_is_made_with_all_that_belongs_into_it() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("new/lake");
    let home = Home::of(&folder, &small_lake()).unwrap();
    let Locked::Ours(lock) = home.lock("a test").unwrap() else { panic!("nobody else is here") };
    home.open(&lock).unwrap();
    for name in
        ["landing", "bronze", "silver", "quarantine", "ops", "catalog", "zones/marketing", "zones/finance"]
    {
        assert!(folder.join(name).is_dir(), "{name}");
    }
    assert!(folder.join("ledger.jsonl").is_file());
}

#[test]
fn of_many_that_begin_a_folder_all_go_on() {
    for _ in 0..50 {
        let root = TempDir::new().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Home::of(root.path(), &small_lake()).unwrap());
            }
        });
        Home::of(root.path(), &small_lake()).unwrap();
    }
}

#[test]
fn a_folder_of_another_lake_or_environment_is_refused() {
    let root = TempDir::new().unwrap();
    Home::of(root.path(), &small_lake()).unwrap();
    Home::of(root.path(), &small_lake()).unwrap();
    let mut other = small_lake();
    other.environment = Environment::throwaway(EnvironmentName::new("prod").unwrap());
    let refused = Home::of(root.path(), &other).unwrap_err().chain();
    assert!(refused.contains("holds the lake `small` in the environment `test`"), "{refused}");
    std::fs::write(
        root.path().join(".tarn/lake.json"),
        r#"{"version":2,"lake":"small","environment":"test"}"#,
    )
    .unwrap();
    let refused = Home::of(root.path(), &small_lake()).unwrap_err().chain();
    assert!(refused.contains("newer tarn"), "{refused}");
}

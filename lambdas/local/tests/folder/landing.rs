//! What users put into landing: versions, and what is left out of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tarn_core::ports::ObjectStore;
use tarn_core::{Kind, SourceVersion};
use tarn_local::{FolderStore, Why};
use tempfile::TempDir;

use crate::{folders, store};

async fn versions(store: &FolderStore) -> Vec<(String, String)> {
    let listed = store.list_versions("one", "").await.unwrap();
    listed.into_iter().map(|found| (found.object.key, found.version)).collect()
}

async fn version(store: &FolderStore) -> String {
    let mut versions = versions(store).await;
    assert_eq!(versions.len(), 1);
    versions.remove(0).1
}

fn set_age(path: &Path, age: Duration) {
    File::options().append(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_the_same_version_whatever_happens_to_the_file() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("landing/a.csv");
    let first = {
        let store = store(root.path(), "landing");
        fs::write(&path, "rows").unwrap();
        version(&store).await
    };
    // Another process, another time, another inode.
    let store = store(root.path(), "landing");
    assert_eq!(version(&store).await, first);
    set_age(&path, Duration::from_secs(86_400));
    assert_eq!(version(&store).await, first);
    fs::copy(&path, root.path().join("copy")).unwrap();
    fs::rename(root.path().join("copy"), &path).unwrap();
    assert_eq!(version(&store).await, first);
    fs::write(&path, "sows").unwrap();
    let second = version(&store).await;
    assert_ne!(second, first);
    fs::write(&path, "rows").unwrap();
    assert_eq!(version(&store).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_replaced_is_not_read_as_another() {
    let root = TempDir::new().unwrap();
    let store = store(root.path(), "landing");
    let path = root.path().join("landing/a.csv");
    fs::write(&path, "rows").unwrap();
    let source = SourceVersion {
        bucket: "one".into(),
        key: "a.csv".into(),
        version: version(&store).await,
        size_bytes: 4,
        landed_millis: 0,
    };
    assert!(store.open(&source).await.is_ok());
    fs::write(&path, "sows").unwrap();
    let error = store.open(&source).await.err().unwrap();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.chain().contains("has other bytes than when it was found"), "{}", error.chain());
    assert!(store.copy(&source, "two", "a.csv").await.is_err());
    assert!(store.list("two", "").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_being_written_is_left_for_the_next_look() {
    let root = TempDir::new().unwrap();
    let store = FolderStore::new(root.path(), folders("landing"), Duration::from_secs(2)).unwrap();
    for (name, age) in [("old.csv", 3_600), ("settled.csv", 3), ("growing.csv", 0)] {
        let path = root.path().join("landing").join(name);
        fs::write(&path, name).unwrap();
        set_age(&path, Duration::from_secs(age));
    }
    let far_ahead = root.path().join("landing/tomorrow.csv");
    fs::write(&far_ahead, "a clock that is wrong").unwrap();
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    File::options().append(true).open(&far_ahead).unwrap().set_modified(tomorrow).unwrap();

    let keys: Vec<String> = versions(&store).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["old.csv", "settled.csv", "tomorrow.csv"]);
    let left = store.left_out();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].path.as_str(), &left[0].why), ("growing.csv", &Why::Recent));
    set_age(&root.path().join("landing/growing.csv"), Duration::from_secs(3));
    assert_eq!(versions(&store).await.len(), 4);
    assert!(store.left_out().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_readable_file_is_told_and_stops_nobody() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = store(root.path(), "landing");
    let landing = root.path().join("landing");
    fs::create_dir_all(landing.join("deep/er")).unwrap();
    fs::create_dir_all(landing.join(".hidden-folder")).unwrap();
    fs::write(landing.join("deep/er/good.csv"), "x").unwrap();
    fs::write(landing.join(".hidden"), "x").unwrap();
    fs::write(landing.join(".hidden-folder/x.csv"), "x").unwrap();
    fs::write(landing.join("%~=x.csv"), "x").unwrap();
    fs::write(landing.join(OsStr::from_bytes(b"latin-\xfc.csv")), "x").unwrap();
    fs::write(outside.path().join("secret.csv"), "x").unwrap();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, landing.join(name)).unwrap();
    link(&outside.path().join("secret.csv"), "link.csv");
    link(outside.path(), "link-folder");
    link(Path::new("/nowhere"), "link-nowhere.csv");
    link(&landing, "deep/loop");
    let _socket = std::os::unix::net::UnixListener::bind(landing.join("socket.csv")).unwrap();

    let keys: Vec<String> = versions(&store).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["deep/er/good.csv"]);
    let left: Vec<(String, Why)> = store.left_out().into_iter().map(|left| (left.path, left.why)).collect();
    let wanted = [
        ("%~=x.csv", Why::Reserved),
        ("deep/loop", Why::Link),
        ("latin-\u{fffd}.csv", Why::NotUtf8),
        ("link-folder", Why::Link),
        ("link-nowhere.csv", Why::Link),
        ("link.csv", Why::Link),
        ("socket.csv", Why::NoFile),
    ];
    assert_eq!(left, wanted.map(|(path, why)| (path.to_owned(), why)));
}

#[tokio::test(flavor = "multi_thread")]
async fn landing_itself_may_be_a_link() {
    let (root, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::write(files.path().join("a.csv"), "x").unwrap();
    std::os::unix::fs::symlink(files.path(), root.path().join("landing")).unwrap();
    let store = store(root.path(), "landing");
    assert_eq!(versions(&store).await.len(), 1);
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1, "nothing is written there");
}

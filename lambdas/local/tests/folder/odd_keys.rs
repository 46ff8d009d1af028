//! Keys that a file system, a shell or a URL would change if it got the chance: the same bytes come
//! out, and nothing is ever written outside of the bucket's folder.

use std::path::{Path, PathBuf};

use tarn_core::Kind;
use tarn_core::ports::{Content, Created, ObjectStore};
use tempfile::TempDir;

use crate::store;

fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        " ",
        "a b",
        "a+b",
        "%",
        "%2F",
        "a%2Fb",
        "?",
        "#",
        "'",
        "\"",
        "`x`",
        "$(x)",
        "\n",
        "a\r\nb",
        "\t",
        "\u{1f30a}",
        "e\u{301}",
        "\u{e9}",
        "/",
        "//",
        "/etc/passwd",
        "a//b",
        "a/",
        ".",
        "..",
        "./x",
        "x/.",
        "../../etc/passwd",
        "a/../../../b",
        "a\\b",
        "..\\..\\b",
        "-rf",
        "--",
        "~",
        "*",
        "con",
        "%~",
        "%~=..",
        "%~+a",
        "%~:/x",
        ".tarn/lock",
        ".hidden",
        "\u{2028}",
        "\u{202e}abc",
        "\u{7f}\u{1b}[31m",
    ]
    .map(str::to_owned)
    .into();
    keys.extend(["y".repeat(255), "y".repeat(256), "y".repeat(1_024), "\u{1f30a}".repeat(256)]);
    keys.push(format!("{}q", "../".repeat(341)));
    keys.push(format!("z/{}", "d/".repeat(511)));
    keys
}

/// All files below a folder, but for the hidden one.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_come_out_and_nothing_lies_outside() {
    let outside = TempDir::new().unwrap();
    let root = outside.path().join("a/b/lake");
    std::fs::create_dir_all(&root).unwrap();
    let store = store(&root, "silver");
    let keys = odd_keys();
    for key in &keys {
        let content = Content::from(key.clone().into_bytes());
        assert_eq!(store.create("one", key, content, key).await.unwrap(), Created::New, "{key:?}");
    }
    for key in &keys {
        assert_eq!(store.read("one", key).await.unwrap(), key.as_bytes(), "{key:?}");
        assert_eq!(store.fingerprint("one", key).await.unwrap().as_ref(), Some(key), "{key:?}");
        store.copy_newest(("one", key), ("two", key)).await.unwrap();
        assert_eq!(store.read("two", key).await.unwrap(), key.as_bytes(), "{key:?}");
    }
    let mut wanted = keys.clone();
    wanted.sort();
    for bucket in ["one", "two"] {
        let listed: Vec<String> =
            store.list(bucket, "").await.unwrap().into_iter().map(|object| object.key).collect();
        assert_eq!(listed, wanted, "{bucket}");
    }
    for prefix in ["..", "../", "/", "a/", "%~", "yyy"] {
        let listed = store.list("one", prefix).await.unwrap();
        let listed: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).filter(|k| k.starts_with(prefix)).collect();
        assert_eq!(listed, wanted, "{prefix}");
    }
    let below = |folder: &str| files(&root.join(folder)).len();
    assert_eq!((below("silver"), below("zones/two")), (keys.len(), keys.len()));
    let versions = store.list_versions("one", "").await.unwrap();
    let doomed: Vec<(String, String)> = versions.into_iter().map(|v| (v.object.key, v.version)).collect();
    store.delete_versions("one", &doomed).await.unwrap();
    assert_eq!(below("silver"), 0);
    assert_eq!(std::fs::read_dir(root.join("silver")).unwrap().count(), 0, "nor is a folder left");
    let hidden = files(&root.join(".tarn")).len();
    assert_eq!(files(outside.path()).len(), keys.len() + hidden, "nothing lies anywhere else");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_leads_out() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = store(root.path(), "silver");
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("silver/out")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), root.path().join("silver/file")).unwrap();
    for key in ["out/secret", "file"] {
        let error = store.read("one", key).await.unwrap_err();
        assert!(error.chain().contains("is a link, and none is followed"), "{}", error.chain());
    }
    assert!(store.create("one", "out/new", b"x".to_vec().into(), "").await.is_err());
    assert!(store.replace("one", "out/secret", b"x".to_vec().into(), "").await.is_err());
    assert!(store.list("one", "").await.unwrap().is_empty());
    assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_a_link_is_refused() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::os::unix::fs::symlink(outside.path(), root.path().join("silver")).unwrap();
    let store = store(root.path(), "silver");
    let error = store.create("one", "k", b"x".to_vec().into(), "").await.unwrap_err();
    assert!(error.chain().contains("is a link, and none is followed"), "{}", error.chain());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_below_a_key_is_refused_and_harms_nothing() {
    let root = TempDir::new().unwrap();
    let store = store(root.path(), "silver");
    let put = |key| store.create("one", key, b"x".to_vec().into(), "");
    put("a").await.unwrap();
    let error = put("a/b").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid, "{}", error.chain());
    put("c/d").await.unwrap();
    let error = put("c").await.unwrap_err();
    assert!(error.chain().contains("no folder can hold both `a` and `a/b`"), "{}", error.chain());
    assert_eq!(store.read("one", "a").await.unwrap(), "x");
    assert_eq!(store.read("one", "c/d").await.unwrap(), "x");
    assert_eq!(store.read("one", "a/b").await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_stores_one_creates() {
    let root = TempDir::new().unwrap();
    // As several processes have it: they share nothing but the folder.
    let stores: Vec<_> = (0..8).map(|_| std::sync::Arc::new(store(root.path(), "silver"))).collect();
    for round in 0..50 {
        let key = format!("raced-{round}");
        let creating = stores.iter().enumerate().map(|(number, store)| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move {
                let text = format!("writer {number}");
                let created = store.create("one", &key, text.clone().into_bytes().into(), "").await.unwrap();
                (created == Created::New).then_some(text)
            })
        });
        let creating: Vec<_> = creating.collect();
        let mut winners = Vec::new();
        for task in creating {
            winners.extend(task.await.unwrap());
        }
        assert_eq!(winners.len(), 1, "{key}: {winners:?}");
        assert_eq!(stores[0].read("one", &key).await.unwrap(), winners[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_object_has_no_fingerprint() {
    let root = TempDir::new().unwrap();
    let store = store(root.path(), "silver");
    store.create("one", "k", b"rows".to_vec().into(), "f").await.unwrap();
    assert_eq!(store.fingerprint("one", "k").await.unwrap().as_deref(), Some("f"));
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(root.path().join("silver/k"), "sows").unwrap();
    assert_eq!(store.fingerprint("one", "k").await.unwrap(), None);
}

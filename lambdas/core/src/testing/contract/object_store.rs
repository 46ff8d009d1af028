//! The contract of object storage.

use std::io::Read;
use std::ops::Range;

use futures::future::join_all;

use super::kind_of;
use crate::ports::{Content, Created, ObjectStore, ObjectVersion, Piece, Stretch};
use crate::{Kind, SourceVersion};

/// A store and two empty buckets of it.
pub struct StoreUnderTest {
    /// The store.
    pub store: Box<dyn ObjectStore>,
    /// An empty bucket.
    pub bucket: String,
    /// Another one.
    pub other: String,
    /// Whether the buckets keep what is replaced, as versioned buckets do.
    pub versioned: bool,
    /// Whether its keys can hold a line break, as those of S3 can.
    pub line_breaks: bool,
}

/// Keys that a URL, a shell or a query would change if it got the chance. In the order of bytes.
const AWKWARD_KEYS: [&str; 14] = [
    "%2F%252F.csv",
    "100%.csv",
    "a b  c.csv",
    "a&b=c;d.csv",
    "a+b.csv",
    "folder with space/x.csv",
    "it's \"quoted\".csv",
    "line\nbreak.csv",
    "nested/deep/deeper/x.csv",
    "question?#fragment.csv",
    "trailing space/ .csv",
    "~tilde@at,comma(paren)!.csv",
    "\u{fc}ber/n\u{e4}me.csv",
    "\u{1f30a}.csv",
];

/// Runs every case.
pub async fn object_store(make: impl AsyncFn() -> StoreUnderTest) {
    create_writes_once(&make().await).await;
    of_many_creates_one_wins(&make().await).await;
    replace_writes_always(&make().await).await;
    fingerprints_come_back(&make().await).await;
    a_write_held_against_another_content_writes_nothing(&make().await).await;
    of_many_held_writes_one_wins(&make().await).await;
    versions_of_one_key_are_its_own(&make().await).await;
    copies_keep_content_and_fingerprint(&make().await).await;
    awkward_keys_are_only_keys(&make().await).await;
    listings_are_in_order_and_by_prefix(&make().await).await;
    listings_tell_size_and_time(&make().await).await;
    versions_can_be_read_and_deleted(&make().await).await;
    ranges_are_those_of_the_version(&make().await).await;
    ranges_of_the_newest_are_held_against_its_tag(&make().await).await;
    pieces_are_put_together(&make().await).await;
    what_is_missing_is_not_found(&make().await).await;
    empty_content_is_content(&make().await).await;
}

async fn create_writes_once(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    assert_eq!(store.create(bucket, "k", content("first"), "1").await.unwrap(), Created::New);
    assert_eq!(store.create(bucket, "k", content("second"), "2").await.unwrap(), Created::AlreadyThere);
    assert_eq!(store.read(bucket, "k").await.unwrap(), "first", "the content is left as it was");
    let fingerprint = store.fingerprint(bucket, "k").await.unwrap();
    assert_eq!(fingerprint.as_deref(), Some("1"), "the fingerprint is left as it was");
}

async fn of_many_creates_one_wins(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    let texts: Vec<String> = (0..8).map(|n| format!("writer {n}")).collect();
    let creates = texts.iter().map(|text| store.create(bucket, "raced", content(text), text));
    let created: Vec<Created> = join_all(creates).await.into_iter().map(|c| c.unwrap()).collect();
    let winners: Vec<&String> =
        texts.iter().zip(&created).filter(|(_, c)| **c == Created::New).map(|(text, _)| text).collect();
    assert_eq!(winners.len(), 1, "{created:?}");
    assert_eq!(store.read(bucket, "raced").await.unwrap(), *winners[0]);
}

async fn replace_writes_always(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    for text in ["first", "second", "2nd"] {
        store.replace(bucket, "k", content(text), text).await.unwrap();
        assert_eq!(store.read(bucket, "k").await.unwrap(), text);
        assert_eq!(store.fingerprint(bucket, "k").await.unwrap().as_deref(), Some(text));
    }
    assert_eq!(store.list(bucket, "").await.unwrap().len(), 1);
}

async fn fingerprints_come_back(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    store.create(bucket, "created", content("x"), "0123abcdef").await.unwrap();
    assert_eq!(store.fingerprint(bucket, "created").await.unwrap().as_deref(), Some("0123abcdef"));
    store.replace(bucket, "created", content("x"), "").await.unwrap();
    assert_eq!(store.fingerprint(bucket, "created").await.unwrap(), None, "an empty one is none");
}

async fn a_write_held_against_another_content_writes_nothing(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, .. } = place;
    assert_eq!(kind_of(store.stored(bucket, "k").await), Some(Kind::NotFound));
    store.create(bucket, "k", content("first"), "1").await.unwrap();
    let first = store.stored(bucket, "k").await.unwrap();
    assert_eq!(first.fingerprint, "1");
    assert_eq!(store.stored(bucket, "k").await.unwrap(), first, "looking changes nothing");
    assert!(store.replace_if(bucket, "k", content("second"), "2", &first.tag).await.unwrap());
    let second = store.stored(bucket, "k").await.unwrap();
    assert!(second.tag != first.tag && second.fingerprint == "2", "{first:?} {second:?}");
    assert!(!store.replace_if(bucket, "k", content("third"), "3", &first.tag).await.unwrap());
    assert_eq!(store.read(bucket, "k").await.unwrap(), "second");
    assert_eq!(store.stored(bucket, "k").await.unwrap(), second);
    assert!(!store.replace_if(bucket, "missing", content("x"), "3", &first.tag).await.unwrap());
    assert_eq!(keys(place, "").await, ["k"], "a held write makes no object");
}

async fn of_many_held_writes_one_wins(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    store.create(bucket, "raced", content("before"), "").await.unwrap();
    let tag = store.stored(bucket, "raced").await.unwrap().tag;
    let texts: Vec<String> = (0..8).map(|n| format!("writer {n}")).collect();
    let writes = texts.iter().map(|text| store.replace_if(bucket, "raced", content(text), text, &tag));
    let won: Vec<bool> = join_all(writes).await.into_iter().map(|written| written.unwrap()).collect();
    let winners: Vec<&String> =
        texts.iter().zip(&won).filter(|(_, won)| **won).map(|(text, _)| text).collect();
    assert_eq!(winners.len(), 1, "{won:?}");
    assert_eq!(store.read(bucket, "raced").await.unwrap(), *winners[0]);
}

async fn versions_of_one_key_are_its_own(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, versioned, .. } = place;
    assert!(store.versions_of(bucket, "a").await.unwrap().is_empty());
    for (key, text) in [("a", "1"), ("a", "22"), ("ab", "other"), ("a/b", "below"), ("a ", "blank")] {
        if *versioned || key != "a/b" {
            store.replace(bucket, key, content(text), "").await.unwrap();
        }
    }
    let found = store.versions_of(bucket, "a").await.unwrap();
    assert!(found.iter().all(|version| version.object.key == "a" && !version.delete_marker), "{found:?}");
    let sizes: Vec<u64> = found.iter().map(|version| version.object.size_bytes).collect();
    assert_eq!(sizes, if *versioned { vec![2, 1] } else { vec![2] }, "the newest first");
}

async fn copies_keep_content_and_fingerprint(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, other, .. } = place;
    store.create(bucket, "from", content("rows"), "f").await.unwrap();
    store.copy_newest((bucket, "from"), (other, "newest")).await.unwrap();
    store.copy(&source(place, "from").await, other, "version").await.unwrap();
    for key in ["newest", "version"] {
        assert_eq!(store.read(other, key).await.unwrap(), "rows", "{key}");
        assert_eq!(store.fingerprint(other, key).await.unwrap().as_deref(), Some("f"), "{key}");
    }
    store.replace(bucket, "from", content("other rows"), "g").await.unwrap();
    assert_eq!(store.read(other, "newest").await.unwrap(), "rows", "a copy is its own");
    store.copy_newest((bucket, "from"), (other, "newest")).await.unwrap();
    assert_eq!(store.read(other, "newest").await.unwrap(), "other rows", "a copy replaces a copy");
}

async fn awkward_keys_are_only_keys(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, other, line_breaks, .. } = place;
    let awkward_keys = AWKWARD_KEYS.into_iter().filter(|key| *line_breaks || !key.contains('\n'));
    let awkward_keys: Vec<&str> = awkward_keys.collect();
    for &key in &awkward_keys {
        assert_eq!(store.create(bucket, key, content(key), "f").await.unwrap(), Created::New, "{key}");
        assert_eq!(store.create(bucket, key, content(""), "").await.unwrap(), Created::AlreadyThere, "{key}");
    }
    assert_eq!(keys(place, "").await, awkward_keys);
    for &key in &awkward_keys {
        assert_eq!(store.read(bucket, key).await.unwrap(), key);
        assert_eq!(store.fingerprint(bucket, key).await.unwrap().as_deref(), Some("f"), "{key}");
        let source = source(place, key).await;
        assert_eq!(read_version(place, &source).await, key);
        store.copy(&source, other, &format!("version/{key}")).await.unwrap();
        store.copy_newest((bucket, key), (other, &format!("newest/{key}"))).await.unwrap();
        assert_eq!(store.read(other, &format!("version/{key}")).await.unwrap(), key);
        assert_eq!(store.read(other, &format!("newest/{key}")).await.unwrap(), key);
    }
    let doomed: Vec<(String, String)> = versions(place).await.into_iter().map(named).collect();
    store.delete_versions(bucket, &doomed).await.unwrap();
    assert_eq!(keys(place, "").await, Vec::<String>::new());
}

async fn listings_are_in_order_and_by_prefix(place: &StoreUnderTest) {
    for key in ["b/2", "a", "b/10", "b-1", "b/1", "bb", "B"] {
        place.store.replace(&place.bucket, key, content(key), "").await.unwrap();
    }
    assert_eq!(keys(place, "").await, ["B", "a", "b-1", "b/1", "b/10", "b/2", "bb"], "in the order of bytes");
    assert_eq!(keys(place, "b/").await, ["b/1", "b/10", "b/2"]);
    assert_eq!(keys(place, "b/1").await, ["b/1", "b/10"], "a prefix need not be a folder");
    assert_eq!(keys(place, "b").await, ["b-1", "b/1", "b/10", "b/2", "bb"]);
    assert_eq!(keys(place, "c").await, Vec::<String>::new());
}

async fn listings_tell_size_and_time(StoreUnderTest { store, bucket, other, .. }: &StoreUnderTest) {
    store.replace(bucket, "k", content("12345"), "").await.unwrap();
    store.copy_newest((bucket, "k"), (other, "k")).await.unwrap();
    let original = store.list(bucket, "").await.unwrap().remove(0);
    let copy = store.list(other, "").await.unwrap().remove(0);
    assert_eq!((original.size_bytes, copy.size_bytes), (5, 5));
    assert!(original.modified_millis > 0);
    assert!(copy.modified_millis >= original.modified_millis, "a copy is younger than its original");
}

async fn versions_can_be_read_and_deleted(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, .. } = place;
    store.replace(bucket, "k", content("old"), "").await.unwrap();
    let old = source(place, "k").await;
    store.replace(bucket, "k", content("newer"), "").await.unwrap();
    let listed = versions(place).await;
    assert!(listed.iter().all(|found| found.object.key == "k" && !found.delete_marker), "{listed:?}");
    let mut sizes: Vec<u64> = listed.iter().map(|found| found.object.size_bytes).collect();
    sizes.sort_unstable();
    if place.versioned {
        assert_eq!(sizes, [3, 5]);
        assert_eq!(read_version(place, &old).await, "old");
        let newer = listed.iter().find(|found| found.version != old.version).unwrap().clone();
        store.delete_versions(bucket, &[named(newer)]).await.unwrap();
        assert_eq!(store.read(bucket, "k").await.unwrap(), "old", "the version before is the newest again");
    } else {
        assert_eq!(sizes, [5]);
        assert!(store.open(&old).await.is_err(), "a replaced version is never read as another");
    }
    let doomed: Vec<(String, String)> = versions(place).await.into_iter().map(named).collect();
    store.delete_versions(bucket, &doomed).await.unwrap();
    assert!(versions(place).await.is_empty());
    store.delete_versions(bucket, &doomed).await.unwrap();
    store.delete_versions(bucket, &[]).await.unwrap();
    assert_eq!(store.create(bucket, "k", content("again"), "").await.unwrap(), Created::New);
}

async fn ranges_are_those_of_the_version(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, versioned, .. } = place;
    store.replace(bucket, "k", content("0123456789"), "").await.unwrap();
    let old = source(place, "k").await;
    for range in [0..10, 0..1, 9..10, 3..7, 4..4, 10..10] {
        let expected = "0123456789"[range.start as usize..range.end as usize].to_owned();
        assert_eq!(read_range(place, &old, range.clone()).await, Some(expected), "{range:?}");
    }
    assert_eq!(read_range(place, &old, 8..11).await, None, "more than there is is no shorter range");
    store.replace(bucket, "k", content("abcdefghij"), "").await.unwrap();
    let expected = versioned.then(|| "34".to_owned());
    assert_eq!(read_range(place, &old, 3..5).await, expected, "never the bytes of another version");
}

async fn ranges_of_the_newest_are_held_against_its_tag(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, .. } = place;
    store.replace(bucket, "k", content("0123456789"), "").await.unwrap();
    let first = store.list(bucket, "k").await.unwrap().remove(0).tag;
    for tag in ["", &first] {
        assert_eq!(store.read_range(bucket, "k", 2..5, tag).await.unwrap(), "234");
        assert_eq!(store.read_range(bucket, "k", 0..10, tag).await.unwrap(), "0123456789");
        assert_eq!(store.read_range(bucket, "k", 9..9, tag).await.unwrap(), "");
        assert!(store.read_range(bucket, "k", 8..11, tag).await.is_err(), "there is no such byte");
    }
    store.replace(bucket, "k", content("abcdefghijk"), "").await.unwrap();
    let overtaken = store.read_range(bucket, "k", 2..5, &first).await;
    assert_eq!(kind_of(overtaken), Some(Kind::Conflict), "it was written again");
    assert_eq!(store.read_range(bucket, "k", 2..5, "").await.unwrap(), "cde");
    assert_eq!(kind_of(store.read_range(bucket, "none", 0..1, "").await), Some(Kind::NotFound));
}

async fn pieces_are_put_together(StoreUnderTest { store, bucket, other, .. }: &StoreUnderTest) {
    store.create(bucket, "a+b c", content("0123456789"), "").await.unwrap();
    let tag = store.stored(bucket, "a+b c").await.unwrap().tag;
    let stretch = |range| {
        let (bucket, key, tag) = (bucket.clone(), "a+b c".to_owned(), tag.clone());
        Piece::Stored(Stretch { bucket, key, range, tag })
    };
    let pieces = vec![stretch(7..10), Piece::Bytes("-".into()), stretch(0..3), Piece::Bytes("".into())];
    let joined = || Content::Joined(pieces.clone());
    assert_eq!(joined().len().unwrap(), 7);
    assert_eq!(store.create(other, "x", joined(), "f").await.unwrap(), Created::New);
    assert_eq!(store.read(other, "x").await.unwrap(), "789-012");
    assert_eq!(store.fingerprint(other, "x").await.unwrap().as_deref(), Some("f"));
    assert_eq!(store.create(other, "x", joined(), "f").await.unwrap(), Created::AlreadyThere);
    store.replace(other, "x", joined().again().unwrap(), "g").await.unwrap();
    assert_eq!(store.fingerprint(other, "x").await.unwrap().as_deref(), Some("g"));
    assert!(!store.replace_if(other, "x", joined(), "h", "another tag").await.unwrap());

    store.replace(bucket, "a+b c", content("9876543210"), "").await.unwrap();
    let error = store.create(other, "y", joined(), "").await.unwrap_err();
    assert!(!matches!(error.kind(), Kind::Conflict), "that would mean the object that is written: {error:?}");
    assert_eq!(kind_of(store.read(other, "y").await), Some(Kind::NotFound));
}

async fn what_is_missing_is_not_found(place: &StoreUnderTest) {
    let StoreUnderTest { store, bucket, other, .. } = place;
    let not_found = Some(Kind::NotFound);
    assert_eq!(kind_of(store.read(bucket, "none").await), not_found);
    assert_eq!(kind_of(store.fingerprint(bucket, "none").await), not_found);
    assert_eq!(kind_of(store.copy_newest((bucket, "none"), (other, "k")).await), not_found);
    assert!(store.list(bucket, "").await.unwrap().is_empty());
    assert!(store.list_versions(bucket, "").await.unwrap().is_empty());
    assert_eq!(store.abort_uploads(bucket).await.unwrap(), 0);
    assert!(store.bucket_exists(bucket).await.unwrap());

    let missing = format!("{bucket}-none");
    assert!(!store.bucket_exists(&missing).await.unwrap());
    assert_eq!(kind_of(store.list(&missing, "").await), not_found);
    assert_eq!(kind_of(store.list_versions(&missing, "").await), not_found);
    assert_eq!(kind_of(store.read(&missing, "k").await), not_found);
    assert_eq!(kind_of(store.create(&missing, "k", content("x"), "").await), not_found);
    assert_eq!(kind_of(store.replace(&missing, "k", content("x"), "").await), not_found);
}

async fn empty_content_is_content(StoreUnderTest { store, bucket, .. }: &StoreUnderTest) {
    assert_eq!(store.create(bucket, "empty", content(""), "f").await.unwrap(), Created::New);
    assert_eq!(store.create(bucket, "empty", content("x"), "g").await.unwrap(), Created::AlreadyThere);
    assert_eq!(store.read(bucket, "empty").await.unwrap(), "");
    assert_eq!(store.list(bucket, "").await.unwrap()[0].size_bytes, 0);
}

fn content(text: &str) -> Content {
    text.as_bytes().to_vec().into()
}

fn named(found: ObjectVersion) -> (String, String) {
    (found.object.key, found.version)
}

async fn keys(place: &StoreUnderTest, prefix: &str) -> Vec<String> {
    let listed = place.store.list(&place.bucket, prefix).await.unwrap();
    listed.into_iter().map(|object| object.key).collect()
}

async fn versions(place: &StoreUnderTest) -> Vec<ObjectVersion> {
    place.store.list_versions(&place.bucket, "").await.unwrap()
}

/// The only version of a key.
async fn source(place: &StoreUnderTest, key: &str) -> SourceVersion {
    let listed = versions(place).await;
    let found = listed.into_iter().find(|found| found.object.key == key);
    let found = found.unwrap_or_else(|| panic!("`{key}` is not listed"));
    SourceVersion {
        bucket: place.bucket.clone(),
        key: found.object.key,
        version: found.version,
        size_bytes: found.object.size_bytes,
        landed_millis: found.object.modified_millis,
    }
}

async fn read_version(place: &StoreUnderTest, source: &SourceVersion) -> String {
    read_all(place.store.open(source).await.unwrap()).await.unwrap()
}

/// Those bytes, or nothing where opening or reading them is an error.
async fn read_range(place: &StoreUnderTest, source: &SourceVersion, range: Range<u64>) -> Option<String> {
    read_all(place.store.open_range(source, range).await.ok()?).await.ok()
}

/// Reading blocks, and a client may need the runtime meanwhile; so it gets a thread of its own.
async fn read_all(mut reader: Box<dyn Read + Send>) -> std::io::Result<String> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    reading.await.unwrap()
}

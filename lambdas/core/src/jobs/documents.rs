//! The small JSON documents that jobs hand each other through the ops bucket.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tarn_lake::Lake;

use crate::ports::{Created, ObjectStore};
use crate::{Error, Kind, Result, RunId, RunKeys};

/// Reads a JSON document.
pub(super) async fn read<T: DeserializeOwned>(store: &dyn ObjectStore, ops: &str, key: &str) -> Result<T> {
    let bytes = store.read(ops, key).await?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(ops, key, error))
}

/// Writes a JSON document.
pub(super) async fn write(
    store: &dyn ObjectStore,
    ops: &str,
    key: &str,
    document: &impl Serialize,
) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(document).map_err(|error| unwritable(key, error))?;
    store.replace(ops, key, bytes.into(), "").await
}

/// Writes a JSON document unless one is there, and gives the one that is there then.
pub(super) async fn write_once<T: Serialize + DeserializeOwned>(
    store: &dyn ObjectStore,
    ops: &str,
    key: &str,
    document: T,
) -> Result<T> {
    let bytes = serde_json::to_vec_pretty(&document).map_err(|error| unwritable(key, error))?;
    match store.create(ops, key, bytes.into(), "").await? {
        Created::New => Ok(document),
        Created::AlreadyThere => read(store, ops, key).await,
    }
}

/// Writes JSON Lines.
pub(super) async fn write_lines<T: Serialize>(
    store: &dyn ObjectStore,
    ops: &str,
    key: &str,
    items: &[T],
) -> Result<()> {
    let mut text = String::new();
    for item in items {
        let line = serde_json::to_string(item).map_err(|error| unwritable(key, error))?;
        escape_non_ascii(&line, &mut text);
        text.push('\n');
    }
    store.replace(ops, key, text.into_bytes().into(), "").await
}

/// Writes JSON with every character beyond ASCII as `\uXXXX`. A key may hold a Unicode line
/// separator, and not every reader of JSON Lines takes only `\n` for the end of a line.
fn escape_non_ascii(json: &str, into: &mut String) {
    for character in json.chars() {
        if character.is_ascii() {
            into.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                into.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

/// The lake that a run works by.
pub(super) async fn lake_of(store: &dyn ObjectStore, ops: &str, run: &RunId) -> Result<Lake> {
    read(store, ops, &RunKeys(run).lake()).await
}

fn unreadable(bucket: &str, key: &str, error: serde_json::Error) -> Error {
    Error::caused(Kind::Invalid, format!("s3://{bucket}/{key} is not what tarn wrote there"), error)
}

fn unwritable(key: &str, error: serde_json::Error) -> Error {
    Error::caused(Kind::Internal, format!("{key} cannot be written as JSON"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_ascii_and_read_back_the_same() {
        let key = "a\u{2028}b😀ü\"\\";
        let mut line = String::new();
        escape_non_ascii(&serde_json::to_string(key).unwrap(), &mut line);
        assert!(line.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), key);
    }
}

//! Keys and their aliases. A deleted key is there until its day comes.

use std::collections::BTreeSet;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::{DateTime, DateTimeFormat};
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use tarn_deploy::{PortErrorKind, Thing};

use super::{Listed, named};
use crate::SdkConfig;
use crate::failure::failed;

pub(super) async fn aliases(config: &SdkConfig) -> Listed {
    let pages = Client::new(config).list_aliases().into_paginator().items().send();
    let all =
        pages.collect::<Result<Vec<_>, _>>().await.map_err(failed("listing the account's key aliases"))?;
    Ok(named(all.into_iter().map(|alias| alias.alias_name)))
}

/// Of the keys with those ids. There is no other way to tell whose a key is.
pub(super) async fn keys(config: &SdkConfig, ids: &BTreeSet<String>) -> Listed {
    let client = Client::new(config);
    let mut found = Vec::new();
    for id in ids {
        let described = client.describe_key().key_id(id).send().await;
        match described.map_err(failed(format!("looking at the key {id}"))) {
            Ok(answer) => found.extend(answer.key_metadata.map(|key| key_of(id, &key))),
            Err(error) if error.kind == PortErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn key_of(id: &str, key: &KeyMetadata) -> Thing {
    let pending = key.key_state == Some(KeyState::PendingDeletion);
    let day = || key.deletion_date.as_ref().map_or_else(|| "a day that is not told".into(), day);
    Thing { name: id.to_owned(), goes_on: pending.then(day) }
}

fn day(date: &DateTime) -> String {
    let written = date.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    written.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_on_its_day_only_when_its_deletion_is_pending() {
        let key = |state| {
            KeyMetadata::builder().key_id("4f").key_state(state).deletion_date(DateTime::from_secs(86_400))
        };
        let of = |state| key_of("4f", &key(state).build().unwrap()).goes_on;
        assert_eq!(of(KeyState::PendingDeletion).as_deref(), Some("1970-01-02"));
        assert_eq!(of(KeyState::Enabled), None);
    }
}

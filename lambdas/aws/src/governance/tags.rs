//! Tags, as Lake Formation keeps them: keys of the account, and one value of a key on a column.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_lakeformation::types::{ColumnLfTag, LfTagError, LfTagPair, Resource, TableWithColumnsResource};
use tarn_core::ports::{TableColumn, Tags};
use tarn_core::{Error, Kind, Result};

use super::LakeFormation;
use crate::failure::{failed, kind_of};

#[async_trait]
impl Tags for LakeFormation {
    async fn values(&self, key: &str) -> Result<Option<BTreeSet<String>>> {
        let sent = self.client.get_lf_tag().catalog_id(&self.account).tag_key(key).send().await;
        match sent.map_err(failed(format!("looking up the tag {key}"))) {
            // There is no key without a value; the local cloud answers so for one that is not there.
            Ok(answer) if answer.tag_values().is_empty() => Ok(None),
            Ok(answer) => Ok(Some(answer.tag_values().iter().cloned().collect())),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_key(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        let create = self.client.create_lf_tag().catalog_id(&self.account).tag_key(key);
        let sent = create.set_tag_values(Some(all(values))).send().await;
        sent.map(|_| ()).map_err(failed(format!("making the tag {key}")))
    }

    async fn add_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        let update = self.client.update_lf_tag().catalog_id(&self.account).tag_key(key);
        let sent = update.set_tag_values_to_add(Some(all(values))).send().await;
        sent.map(|_| ()).map_err(failed(format!("adding values to the tag {key}")))
    }

    async fn remove_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        let update = self.client.update_lf_tag().catalog_id(&self.account).tag_key(key);
        let sent = update.set_tag_values_to_delete(Some(all(values))).send().await;
        sent.map(|_| ()).map_err(failed(format!("taking values from the tag {key}")))
    }

    async fn delete_key(&self, key: &str) -> Result<()> {
        let sent = self.client.delete_lf_tag().catalog_id(&self.account).tag_key(key).send().await;
        sent.map(|_| ()).map_err(failed(format!("deleting the tag {key}")))
    }

    async fn assigned(
        &self,
        key: &str,
        columns: &BTreeSet<TableColumn>,
    ) -> Result<BTreeMap<TableColumn, String>> {
        let get = self.client.get_resource_lf_tags().catalog_id(&self.account).show_assigned_lf_tags(true);
        let sent = get.resource(self.columns(columns)?).send().await;
        let answer = sent.map_err(failed("looking up the tags of columns"))?;
        let value = |column: &TableColumn| {
            let mut of_it = answer.lf_tags_on_columns().iter().filter(|it| it.name() == Some(&column.column));
            of_it.find_map(|it| Some((column.clone(), value_of(key, it)?)))
        };
        Ok(columns.iter().filter_map(value).collect())
    }

    async fn assign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        let add = self.client.add_lf_tags_to_resource().catalog_id(&self.account);
        let sent = add.resource(self.columns(columns)?).lf_tags(self.pair(key, value)?).send().await;
        let answer = sent.map_err(failed(format!("tagging columns with {key}")))?;
        answer.failures().first().map_or(Ok(()), |failure| Err(refused("tagging columns with", key, failure)))
    }

    async fn unassign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        let remove = self.client.remove_lf_tags_from_resource().catalog_id(&self.account);
        let sent = remove.resource(self.columns(columns)?).lf_tags(self.pair(key, value)?).send().await;
        let answer = sent.map_err(failed(format!("taking the tag {key} from columns")))?;
        let failure =
            answer.failures().iter().find(|failure| code(failure) != Some("EntityNotFoundException"));
        failure.map_or(Ok(()), |failure| Err(refused("taking from columns the tag", key, failure)))
    }
}

fn all(values: &BTreeSet<String>) -> Vec<String> {
    values.iter().cloned().collect()
}

fn value_of(key: &str, column: &ColumnLfTag) -> Option<String> {
    let pair = column.lf_tags().iter().find(|pair| pair.tag_key == key)?;
    pair.tag_values.first().cloned()
}

fn code(failure: &LfTagError) -> Option<&str> {
    failure.error()?.error_code()
}

/// A tag that failed, though the call did not.
fn refused(doing: &str, key: &str, failure: &LfTagError) -> Error {
    let code = code(failure).unwrap_or("without a name");
    let said = failure.error().and_then(|error| error.error_message()).unwrap_or("nothing more");
    let kind = kind_of(code).unwrap_or(Kind::Internal);
    Error::new(kind, format!("{doing} {key} failed: {code}: {said}"))
}

impl LakeFormation {
    fn pair(&self, key: &str, value: &str) -> Result<LfTagPair> {
        let pair = LfTagPair::builder().catalog_id(&self.account).tag_key(key).tag_values(value);
        pair.build().map_err(|error| Error::caused(Kind::Internal, "a tag cannot be described", error))
    }

    /// Columns of one table.
    fn columns(&self, columns: &BTreeSet<TableColumn>) -> Result<Resource> {
        let of = columns.first().ok_or_else(|| Error::new(Kind::Internal, "no columns to look at"))?;
        let names = columns.iter().map(|column| column.column.clone()).collect();
        let table = TableWithColumnsResource::builder().catalog_id(&self.account);
        let table = table.database_name(&of.database).name(&of.table).set_column_names(Some(names)).build();
        let table =
            table.map_err(|error| Error::caused(Kind::Internal, "columns cannot be described", error))?;
        Ok(Resource::builder().table_with_columns(table).build())
    }
}

//! What a model reads, as it stands at one moment.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tarn_core::ports::Object;
use tarn_core::{Error, Kind};
use tarn_lake::{Model, Table, TableName};

use super::output::hex;
use super::{Places, Ports};
use crate::fault::{Fault, Result};
use crate::iceberg::{Found, Home, find, provider};
use crate::scan::{Files, Match};
use crate::session::{Session, Settings};
use crate::store::Listed;
use crate::types::{TypedColumn, arrow_of, gold_type, schema_of, silver_columns};

/// A table or model that is read.
pub(crate) enum Input {
    /// A table of silver, and its files.
    Silver(Box<Table>, Vec<Object>),
    /// A model that is an Iceberg table.
    Iceberg(TableName, Box<crate::iceberg::Table>),
    /// A model that is a folder of Parquet.
    Parquet(TableName, String, Vec<Object>),
}

impl Input {
    /// What SQL calls it.
    pub fn name(&self) -> &TableName {
        match self {
            Input::Silver(table, _) => &table.name,
            Input::Iceberg(name, _) | Input::Parquet(name, ..) => name,
        }
    }

    /// Another one as soon as it holds anything else.
    pub fn version(&self) -> String {
        match self {
            Input::Silver(_, files) => {
                let mut hash = Sha256::new();
                for Object { key, tag, size_bytes, .. } in files {
                    hash.update(format!("{key}\0{tag}\0{size_bytes}\0"));
                }
                hex(&hash.finalize()[..16])
            }
            Input::Iceberg(_, table) => table.version(),
            Input::Parquet(_, folder, _) => folder.clone(),
        }
    }

    /// Puts it into a session. Of one that is joined with others the planner wants to know more than its
    /// files' names.
    pub async fn add_to(&self, session: &Session, places: &Places, joined: bool) -> Result<()> {
        let table = match self {
            Input::Silver(table, files) => silver(session, &places.silver, table, files, joined).await?,
            Input::Iceberg(_, table) => {
                let (state, schema) = (table.state().await?, table.metadata.current_schema());
                provider(session.shelf(), &table.home, schema, state.files(), false)?
            }
            Input::Parquet(_, _, files) => parquet(session, &places.gold.bucket, files, joined).await?,
        };
        session.add(self.name().as_str(), table)
    }
}

/// Looks at one of them.
pub(crate) async fn look(
    ports: &Ports,
    places: &Places,
    tables: &[Table],
    name: &TableName,
) -> Result<Input> {
    if let Some(table) = tables.iter().find(|table| table.name == *name) {
        let listed = ports.store.list(&places.silver, &format!("{name}/")).await?;
        return Ok(Input::Silver(Box::new(table.clone()), parquet_only(listed)));
    }
    let home = Home::new(ports.store.clone(), &places.gold, name);
    match find(&home, ports.pointers.as_ref(), &places.gold.database).await? {
        Found::Iceberg(table) => Ok(Input::Iceberg(name.clone(), table)),
        Found::Parquet(_, folder) => {
            let files = ports.store.list(&places.gold.bucket, &folder).await?;
            Ok(Input::Parquet(name.clone(), folder, parquet_only(files)))
        }
        Found::Nothing => {
            let what = format!("there is no `{name}`: no such table, and no such model that was run");
            Err(Error::new(Kind::NotFound, what).into())
        }
    }
}

/// A session with those tables and models that a query mentions, as they stand now. What it calls and
/// the lake does not have is left for the query to stumble over.
pub async fn session(
    ports: &Ports,
    places: &Places,
    tables: &[Table],
    models: &[Model],
    sql: &str,
    settings: &Settings,
) -> Result<Session> {
    let session = Session::new(settings, ports.store.clone())?;
    let statement = crate::parse::query(sql)?;
    let mentioned = session.context().state().resolve_table_references(&statement)?;
    let mentioned: Vec<String> = mentioned.iter().map(|name| name.table().to_owned()).collect();
    let names = tables.iter().map(|table| &table.name).chain(models.iter().map(|model| &model.name));
    let names: Vec<&TableName> =
        names.filter(|name| mentioned.iter().any(|mentioned| mentioned == name.as_str())).collect();
    for name in &names {
        look(ports, places, tables, name).await?.add_to(&session, places, names.len() > 1).await?;
    }
    Ok(session)
}

fn parquet_only(mut listed: Vec<Object>) -> Vec<Object> {
    listed.retain(|object| object.key.ends_with(".parquet"));
    listed
}

async fn silver(
    session: &Session,
    bucket: &str,
    table: &Table,
    files: &[Object],
    joined: bool,
) -> Result<Arc<dyn TableProvider>> {
    let (columns, folders) = silver_columns(table);
    let mut parts = Vec::with_capacity(files.len());
    for file in files {
        let values = folder_values(&file.key, &folders)?;
        let part = session.shelf().put(listed(bucket, file));
        parts.push(if folders.is_empty() { part } else { part.with_partition_values(values) });
    }
    let fields: Vec<FieldRef> = schema_of(&folders).fields().iter().cloned().collect();
    let known = if joined { known(session, &schema_of(&columns), &parts).await } else { None };
    let files = Files::new(schema_of(&columns), fields, parts, None, Match::Name);
    Ok(Arc::new(if let Some(known) = known { files.knowing(known) } else { files }))
}

/// Files whose footers are read before anything is planned. Of more, the planner guesses.
const MOST_FOOTERS: usize = 64;
const FOOTERS_AT_ONCE: usize = 16;

/// How many rows files have, and which values: guesses for the planner. What cannot be read is found by
/// the query, which says where.
async fn known(session: &Session, columns: &SchemaRef, files: &[PartitionedFile]) -> Option<Statistics> {
    if files.len() > MOST_FOOTERS {
        return None;
    }
    let (state, store, format) = (session.context().state(), session.files(), ParquetFormat::default());
    let read = |file: &PartitionedFile| {
        let (state, store, format, columns) = (&state, &store, &format, columns.clone());
        let meta = file.object_meta.clone();
        async move { format.infer_stats(state, store, columns, &meta).await.ok() }
    };
    let read: Vec<Option<Statistics>> =
        stream::iter(files.iter().map(read)).buffered(FOOTERS_AT_ONCE).collect().await;
    let read: Option<Vec<Statistics>> = read.into_iter().collect();
    Statistics::try_merge_iter(&read?, columns).ok()
}

async fn parquet(
    session: &Session,
    bucket: &str,
    files: &[Object],
    joined: bool,
) -> Result<Arc<dyn TableProvider>> {
    let parts: Vec<PartitionedFile> =
        files.iter().map(|file| session.shelf().put(listed(bucket, file))).collect();
    let metas: Vec<_> = parts.iter().take(1).map(|part| part.object_meta.clone()).collect();
    let store = session.files();
    let found = ParquetFormat::default().infer_schema(&session.context().state(), &store, &metas).await?;
    let column = |field: &FieldRef| {
        let name = tarn_lake::ColumnName::new(field.name().as_str()).ok()?;
        Some(TypedColumn { name, kind: gold_type(field.data_type()).ok()? })
    };
    let columns: Vec<TypedColumn> = found.fields().iter().filter_map(column).collect();
    let known = if joined { known(session, &schema_of(&columns), &parts).await } else { None };
    let files = Files::new(schema_of(&columns), Vec::new(), parts, None, Match::Name);
    Ok(Arc::new(if let Some(known) = known { files.knowing(known) } else { files }))
}

pub(crate) fn listed(bucket: &str, file: &Object) -> Listed {
    Listed {
        bucket: bucket.into(),
        key: file.key.clone(),
        size_bytes: file.size_bytes,
        tag: file.tag.clone(),
    }
}

/// What Hive calls the folder of null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Athena would not see such a file, so neither of the two may be right in silence.
const OTHER_FOLDERS: &str = "it was converted under another `partition_by`: give its file to `tarn reprocess`, and \
                             `tarn janitor` takes this object once it is two days old";

/// The values that a file's folders stand for: `events/day=2026-01-01/part-1.parquet`.
fn folder_values(key: &str, folders: &[TypedColumn]) -> Result<Vec<ScalarValue>> {
    let mut values = Vec::with_capacity(folders.len());
    let mut parts = key.split('/').skip(1);
    for column in folders {
        let value = parts.next().and_then(|part| part.strip_prefix(column.name.as_str())?.strip_prefix('='));
        let value = value.ok_or_else(|| {
            Fault::new(format!("{key} lies in no folder of `{}`", column.name), OTHER_FOLDERS)
        })?;
        let kind = arrow_of(column.kind);
        values.push(match unescaped(value) {
            text if text == NULL => ScalarValue::try_from(&kind)?,
            text => ScalarValue::try_from_string(text, &kind).map_err(|_| {
                Fault::new(
                    format!("{key}: its folder is no {}", column.kind),
                    "it does not belong to this table",
                )
            })?,
        });
    }
    Ok(values)
}

/// Hive's names of folders have `%2F` for what no name can hold.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits =
            behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(pairs: &[(&str, &str)]) -> Vec<TypedColumn> {
        let column = |(name, kind): &(&str, &str)| TypedColumn {
            name: tarn_lake::ColumnName::new(*name).unwrap(),
            kind: kind.parse().unwrap(),
        };
        pairs.iter().map(column).collect()
    }

    #[test]
    fn folders_are_values() {
        let wanted = folders(&[("event", "string"), ("day", "date"), ("shop", "int32")]);
        let key = "events/event=a%2Fb 100%25/day=2026-01-02/shop=__HIVE_DEFAULT_PARTITION__/part-1.parquet";
        let values = folder_values(key, &wanted).unwrap();
        assert_eq!(values[0], ScalarValue::Utf8View(Some("a/b 100%".into())));
        assert_eq!(values[1], ScalarValue::Date32(Some(20_455)));
        assert_eq!(values[2], ScalarValue::Int32(None));
    }

    #[test]
    fn a_file_that_lies_elsewhere_is_no_file_of_the_table() {
        let wanted = folders(&[("day", "date")]);
        for key in ["events/part-1.parquet", "events/shop=1/part.parquet", "events/day=never/part.parquet"] {
            assert!(folder_values(key, &wanted).is_err(), "{key}");
        }
    }
}

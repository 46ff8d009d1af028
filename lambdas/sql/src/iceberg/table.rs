//! An Iceberg table as it stands: its metadata, and the files of a snapshot.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema as ArrowSchema};
use datafusion::catalog::TableProvider;
use datafusion::common::{ScalarValue, Statistics};
use iceberg::spec::{
    DataFile, FormatVersion, Manifest, ManifestContentType, ManifestEntry, ManifestFile, ManifestList,
    ManifestMetadata, ManifestStatus, Schema, Snapshot, TableMetadata,
};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use tarn_core::ports::{Pointer, Pointers, Target};
use tarn_core::{Error, Kind};

use super::{Home, OUTPUT, ROWS_OF, known};
use crate::fault::Result;
use crate::scan::{Files, Match};
use crate::store::Shelf;
use crate::types::{arrow_of, of_iceberg};

/// A table and where it was found.
pub(crate) struct Table {
    pub pointer: Pointer,
    pub metadata: TableMetadata,
    /// The path of these metadata.
    pub path: String,
    pub home: Home,
}

/// What a pointer leads to.
pub(crate) enum Found {
    Nothing,
    Iceberg(Box<Table>),
    /// A folder of Parquet, its key with a slash at its end.
    Parquet(Pointer, String),
}

/// Follows a table's pointer.
pub(crate) async fn find(home: &Home, pointers: &dyn Pointers, database: &str) -> Result<Found> {
    let Some(pointer) = pointers.pointer(database, home.name.as_str()).await? else {
        return Ok(Found::Nothing);
    };
    let path = match &pointer.target {
        Target::Parquet(folder) => {
            let key = home.pointed(folder)?;
            return Ok(Found::Parquet(pointer, key));
        }
        Target::Iceberg(path) => path.clone(),
    };
    let bytes = home.store.read(&home.bucket, &home.pointed(&path)?).await?;
    let unreadable =
        |error| Error::caused(Kind::Invalid, format!("{path} are no metadata of a table"), error);
    let metadata: TableMetadata = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if metadata.format_version() != FormatVersion::V2 {
        return Err(
            Error::new(Kind::Invalid, format!("{} is no table of format version 2", home.name)).into()
        );
    }
    let home = home.at(metadata.location());
    Ok(Found::Iceberg(Box::new(Table { pointer, metadata, path, home })))
}

impl Table {
    /// The newest snapshot's property, if there is a snapshot that has it.
    pub fn property(&self, name: &str) -> Option<&str> {
        let summary = self.metadata.current_snapshot()?.summary();
        summary.additional_properties.get(name).map(String::as_str)
    }

    /// Another text as soon as the table has other rows.
    pub fn version(&self) -> String {
        let snapshot = self.metadata.current_snapshot_id().unwrap_or_default();
        self.property(ROWS_OF).map_or_else(|| snapshot.to_string(), str::to_owned)
    }

    /// Which output it holds.
    pub fn output(&self) -> Option<&str> {
        self.property(OUTPUT)
    }

    /// The files of the newest snapshot.
    pub async fn state(&self) -> Result<State> {
        match self.metadata.current_snapshot() {
            Some(snapshot) => State::of(&self.home, snapshot).await,
            None => Ok(State::default()),
        }
    }
}

/// The files of a snapshot, by the manifests that name them.
#[derive(Default)]
pub(crate) struct State {
    pub manifests: Vec<(ManifestFile, ManifestMetadata, Vec<ManifestEntry>)>,
}

impl State {
    /// Reads a snapshot's manifests.
    pub async fn of(home: &Home, snapshot: &Snapshot) -> Result<Self> {
        let list = home.read(snapshot.manifest_list()).await?;
        let list = ManifestList::parse_with_version(&list, FormatVersion::V2)?;
        let mut manifests = Vec::new();
        for file in list.entries() {
            if file.content != ManifestContentType::Data {
                let what = format!("{} has delete files, which tarn writes none of", home.name);
                return Err(Error::new(Kind::Invalid, what).into());
            }
            let (entries, metadata) =
                Manifest::parse_avro(&home.read(&file.manifest_path).await?)?.into_parts();
            let alive = entries.into_iter().filter(|entry| entry.is_alive());
            let entries = alive.map(|entry| inherited(Arc::unwrap_or_clone(entry), file)).collect();
            manifests.push((file.clone(), metadata, entries));
        }
        Ok(Self { manifests })
    }

    /// Every file of the snapshot.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.manifests.iter().flat_map(|(_, _, entries)| entries).map(|entry| entry.data_file())
    }
}

/// What is not said in a manifest is said of it.
fn inherited(entry: ManifestEntry, file: &ManifestFile) -> ManifestEntry {
    let is_new = entry.status == ManifestStatus::Added;
    let number = is_new.then_some(file.sequence_number);
    ManifestEntry {
        snapshot_id: entry.snapshot_id.or(Some(file.added_snapshot_id)),
        sequence_number: entry.sequence_number.or(number),
        file_sequence_number: entry.file_sequence_number.or(number),
        ..entry
    }
}

/// The column that tells of which file a row is.
pub(crate) const FILE: &str = "__tarn_file";

/// Files of a table as SQL reads them. With `numbered`, a column more tells the number of the file.
pub(crate) fn provider<'f>(
    shelf: &Shelf,
    home: &Home,
    schema: &Schema,
    files: impl Iterator<Item = &'f DataFile>,
    numbered: bool,
) -> Result<Arc<dyn TableProvider>> {
    let mut rows = 0;
    let mut parts = Vec::new();
    for (number, file) in files.enumerate() {
        rows += file.record_count();
        let part = shelf.put(home.listed(file.file_path(), file.file_size_in_bytes())?);
        let part = if numbered { part } else { part.with_statistics(known::of(file, schema)) };
        let value = ScalarValue::Int32(Some(number as i32));
        parts.push(if numbered { part.with_partition_values(vec![value]) } else { part });
    }
    let folders: Vec<FieldRef> =
        numbered.then(|| Arc::new(Field::new(FILE, DataType::Int32, false))).into_iter().collect();
    let columns = Arc::new(as_read(schema)?);
    let known: Option<Vec<_>> = parts.iter().map(|part| part.statistics.as_deref()).collect();
    let known = known.filter(|known| !known.is_empty());
    let known = known.and_then(|known| Statistics::try_merge_iter(known, &columns).ok());
    let files = Files::new(columns, folders, parts, Some(rows), Match::Id);
    Ok(Arc::new(if let Some(known) = known { files.knowing(known) } else { files }))
}

/// A schema as SQL sees it, with the ids by which the columns of files are found.
fn as_read(schema: &Schema) -> Result<ArrowSchema> {
    let field = |field: &iceberg::spec::NestedFieldRef| {
        let kind = of_iceberg(&field.field_type).ok_or_else(|| {
            Error::new(Kind::Invalid, format!("{} is of type {}", field.name, field.field_type))
        })?;
        let id = [(PARQUET_FIELD_ID_META_KEY.to_owned(), field.id.to_string())];
        Ok(Field::new(&field.name, arrow_of(kind), true).with_metadata(id.into()))
    };
    let fields: Result<Vec<_>, Error> = schema.as_struct().fields().iter().map(field).collect();
    Ok(ArrowSchema::new(fields?))
}

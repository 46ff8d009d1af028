//! A change becomes a snapshot: manifests, the list of them, metadata. What it becomes visible by is
//! the pointer's business.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use iceberg::io::FileIO;
use iceberg::spec::{
    DataFile, MAIN_BRANCH, ManifestEntry, ManifestFile, ManifestListWriter, ManifestMetadata, ManifestWriter,
    ManifestWriterBuilder, Operation, Snapshot, SnapshotSummaryCollector, Summary, TableMetadata,
};
use tarn_core::{Error, Kind};

use super::{Home, State, Table};
use crate::fault::Result;

/// The property of a snapshot that tells which output it is.
pub(crate) const OUTPUT: &str = "tarn.output-id";
/// The property that names the list of files which an appending model took.
pub(crate) const TAKEN: &str = "tarn.taken";

/// The property that names the snapshot whose rows these are: another one as soon as rows change, and
/// the same after files were put together.
pub(crate) const ROWS_OF: &str = "tarn.rows-of";

/// What a commit does to the files of a table.
pub(crate) struct Change {
    pub operation: Operation,
    pub added: Vec<DataFile>,
    /// The paths of those that go.
    pub removed: HashSet<String>,
    /// Properties of the snapshot.
    pub properties: Vec<(String, String)>,
}

/// What only this attempt has.
pub(crate) struct Attempt<'a> {
    /// Part of every name.
    pub name: &'a str,
    pub snapshot_id: i64,
    pub now_millis: i64,
}

/// Metadata that are written and not published.
pub(crate) struct Staged {
    pub metadata: TableMetadata,
    pub path: String,
}

/// Writes manifests and metadata for a change of `state`, the files of `base`. `metadata` are those
/// that the change begins with.
pub(crate) async fn stage(
    home: &Home,
    base: Option<&Table>,
    metadata: TableMetadata,
    state: &State,
    change: Change,
    attempt: &Attempt<'_>,
) -> Result<Staged> {
    let writing = Writing { home, attempt, io: FileIO::new_with_memory() };
    let manifests = writing.manifests(&metadata, state, &change).await?;
    let list = writing.list(&metadata, manifests).await?;
    let summary = summary(&metadata, state, &change);
    let snapshot = Snapshot::builder()
        .with_snapshot_id(attempt.snapshot_id)
        .with_parent_snapshot_id(metadata.current_snapshot_id())
        .with_sequence_number(metadata.next_sequence_number())
        .with_timestamp_ms(attempt.now_millis.max(metadata.last_updated_ms() + 1))
        .with_manifest_list(list)
        .with_summary(summary)
        .with_schema_id(metadata.current_schema_id())
        .build();
    let built = metadata.into_builder(None).set_branch_snapshot(snapshot, MAIN_BRANCH)?.build()?.metadata;
    write_metadata(home, base, built, attempt).await
}

/// Writes metadata under the next name.
pub(super) async fn write_metadata(
    home: &Home,
    base: Option<&Table>,
    metadata: TableMetadata,
    attempt: &Attempt<'_>,
) -> Result<Staged> {
    let number = base.map_or(0, |base| version(&base.path) + 1);
    let path = home.path(&format!("metadata/{number:05}-{}.metadata.json", attempt.name));
    let json = serde_json::to_vec(&metadata)
        .map_err(|error| Error::caused(Kind::Internal, "metadata cannot be written as JSON", error))?;
    home.write(&path, json.into()).await?;
    Ok(Staged { metadata, path })
}

/// The number that the name of a metadata file begins with.
fn version(path: &str) -> u64 {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Avro is written into memory and from there to the store, whole.
struct Writing<'a> {
    home: &'a Home,
    attempt: &'a Attempt<'a>,
    io: FileIO,
}

impl Writing<'_> {
    /// The manifests of the snapshot: those of the base that nothing is taken from as they are, the
    /// others without what goes, and a new one for what comes.
    async fn manifests(
        &self,
        metadata: &TableMetadata,
        state: &State,
        change: &Change,
    ) -> Result<Vec<ManifestFile>> {
        let mut manifests = Vec::new();
        for (nth, (file, about, entries)) in state.manifests.iter().enumerate() {
            if entries.is_empty() {
                continue;
            }
            if !entries.iter().any(|entry| change.removed.contains(entry.file_path())) {
                manifests.push(file.clone());
                continue;
            }
            manifests.push(self.rewritten(nth, about, entries, &change.removed).await?);
        }
        if !change.added.is_empty() {
            let (schema, spec) = (metadata.current_schema().clone(), metadata.default_partition_spec());
            let output = self.io.new_output(self.name("new"))?;
            let builder = ManifestWriterBuilder::new(
                output,
                Some(self.attempt.snapshot_id),
                schema,
                spec.as_ref().clone(),
            );
            let mut writer = builder.build_v2_data();
            for file in &change.added {
                // The sequence number is that of the snapshot, told by leaving it out.
                writer.add_file(file.clone(), -1)?;
            }
            manifests.insert(0, self.put(writer).await?);
        }
        Ok(manifests)
    }

    async fn rewritten(
        &self,
        nth: usize,
        about: &ManifestMetadata,
        entries: &[ManifestEntry],
        removed: &HashSet<String>,
    ) -> Result<ManifestFile> {
        let output = self.io.new_output(self.name(&format!("old{nth}")))?;
        let (schema, spec) = (about.schema().clone(), about.partition_spec().clone());
        let builder = ManifestWriterBuilder::new(output, Some(self.attempt.snapshot_id), schema, spec);
        let mut writer = builder.build_v2_data();
        for entry in entries {
            let file = entry.data_file().clone();
            let number = entry.sequence_number().unwrap_or_default();
            if removed.contains(entry.file_path()) {
                writer.add_delete_file(file, number, entry.file_sequence_number)?;
            } else {
                let since = entry.snapshot_id().unwrap_or_default();
                writer.add_existing_file(file, since, number, entry.file_sequence_number)?;
            }
        }
        self.put(writer).await
    }

    async fn put(&self, writer: ManifestWriter) -> Result<ManifestFile> {
        let manifest = writer.write_manifest_file().await?;
        let bytes = self.io.new_input(&manifest.manifest_path)?.read().await?;
        self.write(&manifest.manifest_path, bytes).await?;
        Ok(manifest)
    }

    async fn list(&self, metadata: &TableMetadata, manifests: Vec<ManifestFile>) -> Result<String> {
        let id = self.attempt.snapshot_id;
        let path = self.home.path(&format!("metadata/snap-{id}-{}.avro", self.attempt.name));
        let output = self.io.new_output(&path)?.writer().await?;
        let (parent, number) = (metadata.current_snapshot_id(), metadata.next_sequence_number());
        let mut writer = ManifestListWriter::v2(output, id, parent, number);
        writer.add_manifests(manifests.into_iter())?;
        writer.close().await?;
        let bytes = self.io.new_input(&path)?.read().await?;
        self.write(&path, bytes).await?;
        Ok(path)
    }

    async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        Ok(self.home.write(path, tarn_core::ports::Content::Bytes(bytes)).await?)
    }

    fn name(&self, what: &str) -> String {
        self.home.path(&format!("metadata/{}-{what}.avro", self.attempt.name))
    }
}

/// What the snapshot changed, and what the table holds with it.
fn summary(metadata: &TableMetadata, state: &State, change: &Change) -> Summary {
    let mut changed = SnapshotSummaryCollector::default();
    let specs: HashMap<i32, _> =
        metadata.partition_specs_iter().map(|spec| (spec.spec_id(), spec.clone())).collect();
    let schema = metadata.current_schema();
    for file in &change.added {
        changed.add_file(file, schema.clone(), metadata.default_partition_spec().clone());
    }
    let (mut files, mut rows, mut bytes) = (0, 0, 0);
    let kept = state
        .manifests
        .iter()
        .flat_map(|(file, about, entries)| entries.iter().map(move |e| (file, about, e)));
    for (manifest, about, entry) in kept {
        let file = entry.data_file();
        if change.removed.contains(file.file_path()) {
            if let Some(spec) = specs.get(&manifest.partition_spec_id) {
                changed.remove_file(file, about.schema().clone(), spec.clone());
            }
            continue;
        }
        (files, rows, bytes) = (files + 1, rows + file.record_count(), bytes + file.file_size_in_bytes());
    }
    for file in &change.added {
        (files, rows, bytes) = (files + 1, rows + file.record_count(), bytes + file.file_size_in_bytes());
    }
    let totals = [
        ("total-data-files", files),
        ("total-records", rows),
        ("total-files-size", bytes),
        ("total-delete-files", 0),
        ("total-position-deletes", 0),
        ("total-equality-deletes", 0),
    ];
    let mut properties = changed.build();
    properties.extend(totals.map(|(name, total)| (name.to_owned(), total.to_string())));
    properties.extend(change.properties.iter().cloned());
    Summary { operation: change.operation.clone(), additional_properties: properties }
}

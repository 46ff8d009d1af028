//! Rows become data files: zstd, ids of fields, about 128 MB each, one partition in each.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options, partition};
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;
use iceberg::spec::{DataContentType, DataFile, DataFileBuilder, DataFileFormat, Struct};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tarn_core::ports::{Scratch, Spool};
use tarn_core::{Error, Kind};

use super::partition::Parts;
use super::{FILE_BYTES, Home, Layout, bounds};
use crate::fault::{Result, of_datafusion};

/// A row group is written when it would take so much of a file; so much memory is taken at most.
const GROUP_BYTES: usize = 32 << 20;

/// Writes rows to files under a prefix, `data/OUTPUT-ATTEMPT`. Rows of a partition stand together.
pub(crate) struct Sink<'a> {
    home: &'a Home,
    scratch: &'a dyn Scratch,
    layout: &'a Layout,
    parts: Parts,
    prefix: String,
    file_bytes: usize,
    open: Option<Open>,
    written: Vec<DataFile>,
}

struct Open {
    writer: ArrowWriter<Box<dyn Spool>>,
    partition: Struct,
}

/// Writes all rows of a stream.
pub(crate) async fn write_all(sink: &mut Sink<'_>, mut rows: SendableRecordBatchStream) -> Result<u64> {
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| of_datafusion(error, ""))?;
        count += batch.num_rows() as u64;
        sink.write(&batch).await?;
    }
    sink.close().await?;
    Ok(count)
}

impl<'a> Sink<'a> {
    pub fn new(home: &'a Home, scratch: &'a dyn Scratch, layout: &'a Layout, prefix: String) -> Result<Self> {
        let parts = Parts::of(&layout.schema, &layout.spec)?;
        Ok(Self {
            home,
            scratch,
            layout,
            parts,
            prefix,
            file_bytes: FILE_BYTES,
            open: None,
            written: Vec::new(),
        })
    }

    /// What was written.
    pub fn files(self) -> Vec<DataFile> {
        self.written
    }

    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self.cast(batch)?;
        let rows = RecordBatch::try_new(self.layout.arrow.clone(), columns.clone())?;
        if self.parts.is_none() {
            return self.append(&rows, Struct::empty()).await;
        }
        let arrays = self.parts.arrays(&columns)?;
        for range in partition(&arrays)?.ranges() {
            let values = self.parts.row(&arrays, range.start)?;
            self.append(&rows.slice(range.start, range.len()), values).await?;
        }
        Ok(())
    }

    /// The columns as the table has them. A value that its type does not hold is an error, and no null.
    fn cast(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let fields = self.layout.arrow.fields().iter();
        let casts = batch.columns().iter().zip(fields);
        Ok(casts
            .map(|(column, field)| cast_with_options(column, field.data_type(), &strict))
            .collect::<Result<_, _>>()?)
    }

    async fn append(&mut self, rows: &RecordBatch, partition: Struct) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.open.as_ref().is_some_and(|open| open.partition != partition) {
            self.close().await?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open { writer: self::open(self.scratch, self.layout)?, partition }),
        };
        open.writer.write(rows)?;
        if open.writer.in_progress_size() > GROUP_BYTES {
            open.writer.flush()?;
        }
        if open.writer.bytes_written() + open.writer.in_progress_size() >= self.file_bytes {
            self.close().await?;
        }
        Ok(())
    }

    /// Ends the file that is open, if there is one, and puts it where it belongs.
    async fn close(&mut self) -> Result<()> {
        let Some(Open { mut writer, partition }) = self.open.take() else { return Ok(()) };
        writer.flush()?;
        let groups = writer.flushed_row_groups().to_vec();
        let spool = writer.into_inner()?;
        let path = self.home.path(&format!("{}-{:04}.parquet", self.prefix, self.written.len()));
        let mut file = DataFileBuilder::default();
        bounds::put(&mut file, &self.layout.schema, &groups)?;
        file.content(DataContentType::Data)
            .file_path(path.clone())
            .file_format(DataFileFormat::Parquet)
            .partition(partition)
            .partition_spec_id(self.layout.spec.spec_id())
            .record_count(groups.iter().map(|group| group.num_rows() as u64).sum())
            .file_size_in_bytes(spool.len())
            .split_offsets(Some(groups.iter().filter_map(|group| group.file_offset()).collect()));
        let file =
            file.build().map_err(|error| Error::caused(Kind::Internal, "describing a data file", error))?;
        let content =
            spool.finish().map_err(|error| Error::caused(Kind::Unavailable, "writing Parquet", error))?;
        self.home.write(&path, content).await?;
        self.written.push(file);
        Ok(())
    }

    /// A file without rows where none was written, for readers that look into a folder.
    pub async fn at_least_one(&mut self) -> Result<()> {
        if self.written.is_empty() {
            let writer = open(self.scratch, self.layout)?;
            self.open = Some(Open { writer, partition: Struct::empty() });
            self.close().await?;
        }
        Ok(())
    }
}

fn open(scratch: &dyn Scratch, layout: &Layout) -> Result<ArrowWriter<Box<dyn Spool>>> {
    let spool =
        scratch.spool().map_err(|error| Error::caused(Kind::Unavailable, "making room to write", error))?;
    // Level 3 of zstd is what Iceberg's own writers take.
    let level = ZstdLevel::try_new(3)?;
    let properties =
        WriterProperties::builder().set_created_by("tarn".into()).set_compression(Compression::ZSTD(level));
    // The schema of Arrow stays out: other readers have no use for it.
    let options =
        ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    Ok(ArrowWriter::try_new_with_options(spool, Arc::clone(&layout.arrow), options)?)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringArray};
    use serde_json::json;
    use tarn_core::testing::{ManualClock, MemoryScratch, MemoryStore};
    use tarn_lake::{ColumnName, TableName};

    use super::super::{Place, Renamed, begin};
    use super::*;
    use crate::types::TypedColumn;

    fn batch(from: i64, part: &str) -> RecordBatch {
        let ids: ArrayRef =
            Arc::new(Int64Array::from_iter_values((from..from + 10_000).map(|n| n * 7_919 % 99_991)));
        let parts: ArrayRef = Arc::new(StringArray::from(vec![part; 10_000]));
        RecordBatch::try_from_iter([("id", ids), ("part", parts)]).unwrap()
    }

    #[tokio::test]
    async fn a_file_ends_at_its_size_and_at_its_partition_and_says_what_it_holds() {
        let store = Arc::new(MemoryStore::new(ManualClock::default(), ["gold".to_owned()]));
        let place = Place { bucket: "gold".into(), root: "s3://gold".into(), database: "gold".into() };
        let home = Home::new(store.clone(), &place, &TableName::new("m").unwrap());
        let fields = json!([{"column": "part", "transform": "identity"}]);
        let model =
            json!({"name": "m", "sql": "", "inputs": [], "materialise": "replace", "partition_by": fields});
        let model = serde_json::from_value(model).unwrap();
        let column = |name: &str, kind: &str| TypedColumn {
            name: ColumnName::new(name).unwrap(),
            kind: kind.parse().unwrap(),
        };
        let columns = [column("id", "int64"), column("part", "string")];
        let (_, layout) = begin(&home, None, &model, &columns, &Renamed::new()).unwrap();
        let mut sink = Sink::new(&home, &MemoryScratch, &layout, "data/x".into()).unwrap();
        sink.file_bytes = 60_000;
        for (from, part) in [(0, "a"), (10_000, "a"), (20_000, "a"), (30_000, "b")] {
            sink.write(&batch(from, part)).await.unwrap();
        }
        sink.close().await.unwrap();
        let files = sink.files();
        let rows: Vec<u64> = files.iter().map(DataFile::record_count).collect();
        assert!(files.len() >= 3 && rows.iter().sum::<u64>() == 40_000, "{rows:?}");
        let stored = store.contents("gold");
        for file in &files {
            let key = home.key(file.file_path()).unwrap();
            assert_eq!(stored[&key].len() as u64, file.file_size_in_bytes());
            assert_eq!(file.null_value_counts()[&1], 0);
            assert!(file.lower_bounds()[&1] < file.upper_bounds()[&1]);
            assert_eq!(file.lower_bounds()[&2], file.upper_bounds()[&2], "one partition in each file");
        }
        assert_eq!(stored.len(), files.len());
    }
}

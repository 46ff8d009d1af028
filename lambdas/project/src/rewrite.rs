//! A file of silver to the part of it that may be seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescriptor, Type};
use tarn_convert::{HashKey, parquet_schema};
use tarn_core::ports::{Projected, Projection, Scratch, Spool};
use tarn_core::{Error, Kind, Result};
use tarn_lake::{Column as LakeColumn, ColumnName, ColumnType, Literal, Treatment};

use crate::column::Column;
use crate::condition::{Asked, Truth, truths};
use crate::{Source, schema, treat, unreadable, unwritable};

/// How Hive calls the folder of rows without a value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// Rewrites all of a file.
pub(crate) fn all(
    projection: &Projection,
    folders: &[Option<String>],
    source: impl Source,
    scratch: &dyn Scratch,
) -> Result<Projected> {
    let reader = SerializedFileReader::new(source).map_err(unreadable)?;
    let key = projection.key.as_deref().map(HashKey::new).transpose();
    let key = key.map_err(|weak| Error::caused(Kind::Invalid, "the zone's key", weak))?;
    let parts = Parts {
        projection,
        folders: folders_of(projection, folders)?,
        key,
        fields: fields(projection, &reader)?,
    };
    let spool =
        scratch.spool().map_err(|error| Error::caused(Kind::Unavailable, "no room to write", error))?;
    parts.write(&reader, spool)
}

/// A column of the file that stays, and what becomes of it.
struct Field {
    /// Its place among the file's columns; `None` stands for rows of which no column may be seen.
    at: Option<usize>,
    column: LakeColumn,
    kind: ColumnType,
    treatment: Treatment,
}

struct Parts<'p> {
    projection: &'p Projection,
    folders: BTreeMap<&'p ColumnName, (Option<Literal>, ColumnType)>,
    key: Option<HashKey>,
    fields: Vec<Field>,
}

/// The columns that stay, in the order of the file. Where none does, the rows still count, so one column
/// without values stands for them.
fn fields<R: FileReader>(projection: &Projection, reader: &R) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for (at, column) in reader.metadata().file_metadata().schema_descr().columns().iter().enumerate() {
        let Ok(name) = ColumnName::new(column.path().string()) else { continue };
        let treatment = projection.treatment(&name);
        if projection.folders.iter().any(|(folder, _)| *folder == name) {
            continue;
        }
        let kind = schema::kind(column)?;
        let Some(shown) = treatment.kind(kind) else { continue };
        fields.push(Field { at: Some(at), column: LakeColumn::new(name, shown), kind, treatment });
    }
    if fields.is_empty() {
        let column = projection.filler.clone();
        let kind = column.kind;
        fields.push(Field { at: None, column, kind, treatment: Treatment::Masked });
    }
    Ok(fields)
}

/// The values of the folders that the file lies in, in what their columns are stored as.
fn folders_of<'p>(
    projection: &'p Projection,
    written: &[Option<String>],
) -> Result<BTreeMap<&'p ColumnName, (Option<Literal>, ColumnType)>> {
    let mut folders = BTreeMap::new();
    for ((name, kind), text) in projection.folders.iter().zip(written) {
        let text = text.as_deref().filter(|text| *text != NO_VALUE);
        let value = text.map(|text| {
            let unfit = || Error::new(Kind::Invalid, format!("the folder `{name}={text}` is no `{kind}`"));
            Literal::read(*kind, text).ok_or_else(unfit)
        });
        folders.insert(name, (value.transpose()?, *kind));
    }
    Ok(folders)
}

impl Parts<'_> {
    fn write<R: FileReader>(&self, reader: &R, mut spool: Box<dyn Spool>) -> Result<Projected> {
        let properties = WriterProperties::builder()
            .set_created_by("tarn".into())
            .set_compression(Compression::ZSTD(ZstdLevel::default()));
        let mut rows = 0;
        let mut file = SerializedFileWriter::new(&mut spool, self.schema()?, Arc::new(properties.build()))
            .map_err(unwritable)?;
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).map_err(unreadable)?;
            rows += self.row_group(&*group, &mut file)?;
        }
        file.close().map_err(unwritable)?;
        if rows == 0 {
            return Ok(Projected { rows, content: None, size_bytes: 0 });
        }
        let size_bytes = spool.len();
        let content = spool.finish();
        let content =
            content.map_err(|error| Error::caused(Kind::Unavailable, "writing a Parquet file", error))?;
        Ok(Projected { rows, content: Some(content), size_bytes })
    }

    fn schema(&self) -> Result<Arc<Type>> {
        parquet_schema(self.fields.iter().map(|field| &field.column)).map_err(unwritable)
    }

    fn row_group<W: std::io::Write + Send>(
        &self,
        group: &dyn RowGroupReader,
        file: &mut SerializedFileWriter<W>,
    ) -> Result<u64> {
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let mut known = BTreeMap::new();
        let kept = self.kept(group, rows, &mut known)?;
        let count = kept.iter().filter(|kept| **kept).count();
        if count == 0 {
            return Ok(0);
        }
        let mut out = file.next_row_group().map_err(unwritable)?;
        for field in &self.fields {
            let Some(mut writer) = out.next_column().map_err(unwritable)? else { break };
            self.field(field, group, rows, &kept, &mut known)?.write(&mut writer).map_err(unwritable)?;
            writer.close().map_err(unwritable)?;
        }
        out.close().map_err(unwritable)?;
        Ok(count as u64)
    }

    /// The rows that are kept. Columns that are read for it are remembered.
    fn kept(
        &self,
        group: &dyn RowGroupReader,
        rows: usize,
        known: &mut BTreeMap<usize, Column>,
    ) -> Result<Vec<bool>> {
        let Some(filter) = &self.projection.rows else { return Ok(vec![true; rows]) };
        let mut places = BTreeMap::new();
        for name in filter.columns() {
            if let Some((at, descriptor)) = find(group, name) {
                known.insert(at, read(group, at, rows)?);
                places.insert(name.clone(), (at, schema::kind(descriptor)?));
            }
        }
        // As every engine has it, a folder's value goes before one in the file.
        let asked = |name: &ColumnName| match (self.folders.get(name), places.get(name)) {
            (Some((value, kind)), _) => Asked::Folder(value.clone(), *kind),
            (None, Some((at, kind))) => {
                known.get(at).map_or(Asked::Nothing, |column| Asked::Column(column, *kind))
            }
            (None, None) => Asked::Nothing,
        };
        let truths = truths(filter.condition(), rows, &asked)?;
        Ok(truths.into_iter().map(|truth| truth == Truth::True).collect())
    }

    fn field(
        &self,
        field: &Field,
        group: &dyn RowGroupReader,
        rows: usize,
        kept: &[bool],
        known: &mut BTreeMap<usize, Column>,
    ) -> Result<Column> {
        let physical = |column: &LakeColumn| {
            let schema = parquet_schema(std::iter::once(column)).map_err(unwritable)?;
            Ok::<_, Error>(schema.get_fields().first().map(|field| field.get_physical_type()))
        };
        let plain = LakeColumn::new(field.column.name.clone(), field.kind);
        let physical = physical(&plain)?.unwrap_or(parquet::basic::Type::BYTE_ARRAY);
        let column = match field.at {
            None => return Ok(Column::empty(physical, kept.iter().filter(|kept| **kept).count())),
            Some(at) => match known.remove(&at) {
                Some(column) => column,
                None => read(group, at, rows)?,
            },
        };
        let all = kept.iter().all(|kept| *kept);
        let column = if all { column } else { column.kept(kept) };
        treat::treated(column, field.kind, physical, field.treatment, self.key.as_ref())
    }
}

fn find<'g>(group: &'g dyn RowGroupReader, name: &ColumnName) -> Option<(usize, &'g ColumnDescriptor)> {
    let columns = group.metadata().schema_descr().columns();
    let at = columns.iter().position(|column| column.path().string() == name.as_str())?;
    columns.get(at).map(|column| (at, &**column))
}

/// All of a column of a row group.
pub(crate) fn read(group: &dyn RowGroupReader, at: usize, rows: usize) -> Result<Column> {
    let optional = group.metadata().column(at).column_descr().max_def_level() > 0;
    let reader = group.get_column_reader(at).map_err(unreadable)?;
    Column::read(reader, rows, optional).map_err(unreadable)
}

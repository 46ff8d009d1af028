//! One file: opened, converted, and put in its place.

use std::error::Error;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tarn_convert::{Conversion, ConvertError, Spec};
use tarn_lake::ColumnName;

use super::columns::Shape;
use super::output::{self, Output, Rejects};
use super::plan::{File, Settings};
use super::progress;

/// A file that is converted.
pub struct Done {
    pub conversion: Conversion,
    pub seconds: f64,
    /// Its Parquet files, in the order of their folders.
    pub parts: Vec<Part>,
    /// Where its bad rows are, if it has any.
    pub rejects: Option<PathBuf>,
    pub inferred: Option<String>,
}

/// One Parquet file.
pub struct Part {
    pub path: PathBuf,
    /// Such as `event=view/`; empty without folders.
    pub folder: String,
    pub rows: u64,
    pub bytes: u64,
}

/// A file that is not.
pub struct Refused {
    /// A word for scripts; it never changes.
    pub class: String,
    pub reason: String,
    /// Where its bad rows are, as far as it was read.
    pub rejects: Option<PathBuf>,
    /// The column that has too many values for folders.
    pub too_many: Option<ColumnName>,
}

impl Refused {
    pub fn new(class: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { class: class.into(), reason: reason.into(), rejects: None, too_many: None }
    }

    pub fn of(error: ConvertError) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = format!("{reason}: {inner}");
            cause = inner.source();
        }
        let too_many = match &error {
            ConvertError::TooManyPartitions { column, .. } => Some(column.clone()),
            _ => None,
        };
        Self { too_many, ..Self::new(error.kind().to_uppercase(), reason) }
    }
}

/// Converts a file. On an error its output is as it was before.
pub fn convert(file: &File, shape: Shape, settings: &Settings) -> Result<Done, Refused> {
    let start = Instant::now();
    let mut rejects = Rejects::new(&file.rejects);
    let converted = to_output(file, &shape, settings, &mut rejects);
    let rejects = rejects.finish().map_err(ConvertError::Rejects).map_err(Refused::of)?;
    match converted {
        Ok((conversion, parts)) => {
            let seconds = start.elapsed().as_secs_f64();
            Ok(Done { conversion, seconds, parts, rejects, inferred: shape.inferred })
        }
        Err(error) => Err(Refused { rejects, ..Refused::of(error) }),
    }
}

fn to_output(
    file: &File,
    shape: &Shape,
    settings: &Settings,
    rejects: &mut Rejects,
) -> Result<(Conversion, Vec<Part>), ConvertError> {
    let (limits, codec) = (settings.limits(shape.schema.columns.len()), settings.codec);
    let (unique, hash_key) = (settings.unique.as_ref(), settings.hash_key.as_ref());
    let Shape { csv, layout, schema, name, placement, .. } = shape;
    let (bad_rows, schema_change) = (shape.bad_rows, shape.schema_change);
    let plain = Spec { schema, schema_change, name, placement, bad_rows, ..Spec::new(csv, layout) };
    let plain = Spec { limits, codec, ..plain };
    let spec = Spec { unique, hash_key, file_bytes: Some(settings.file_bytes), ..plain };
    let (input, size_bytes) = file.input.open().map_err(ConvertError::Source)?;
    let read = AtomicU64::new(0);
    let source = Counted { input, read: &read };
    // Whether a first file has others behind it is known when they come.
    let open = |folder: &str, number| match number {
        0 => Output::create(&file.output(folder)),
        _ => Output::create(&file.numbered(folder, number)),
    };
    let (conversion, outputs) = progress::watched(&file.input.path, &read, size_bytes, || {
        tarn_convert::convert_to(&spec, source, open, rejects)
    })?;
    let parts = keep(file, outputs).map_err(ConvertError::Silver)?;
    Ok((conversion, parts))
}

/// Puts all files in their places, and takes away those of an earlier conversion in other folders or
/// under other numbers: a reader of all files would see their rows twice.
fn keep(file: &File, outputs: Vec<tarn_convert::Output<Output>>) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let several: Vec<String> =
        outputs.iter().filter(|output| output.number == 1).map(|output| output.folder.clone()).collect();
    for tarn_convert::Output { folder, number, rows, bytes, sink, .. } in outputs {
        let path = match several.contains(&folder) {
            true => sink.keep_as(file.numbered(&folder, number))?,
            false => sink.keep()?,
        };
        parts.push(Part { path, folder, rows, bytes });
    }
    for stale in file.earlier_files.iter().filter(|path| parts.iter().all(|part| part.path != **path)) {
        output::remove(stale, &file.folder)?;
    }
    Ok(parts)
}

/// Counts what was read of a file, for who watches.
struct Counted<'c> {
    input: Box<dyn Read + Send>,
    read: &'c AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

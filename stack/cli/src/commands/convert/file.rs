//! One file: opened, converted, and put in its place.

use std::error::Error;
use std::fs::File as Handle;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tarn_convert::{Conversion, ConvertError, Spec};

use super::columns::Shape;
use super::output::{Output, Rejects};
use super::plan::{File, Settings};
use super::progress;

/// A file that is converted.
pub struct Done {
    pub conversion: Conversion,
    pub seconds: f64,
    /// Where its bad rows are, if it has any.
    pub rejects: Option<PathBuf>,
    pub inferred: Option<String>,
}

/// A file that is not.
pub struct Refused {
    /// A word for scripts; it never changes.
    pub class: String,
    pub reason: String,
    /// Where its bad rows are, as far as it was read.
    pub rejects: Option<PathBuf>,
}

impl Refused {
    pub fn of(error: ConvertError) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = format!("{reason}: {inner}");
            cause = inner.source();
        }
        Self { class: error.kind().to_uppercase(), reason, rejects: None }
    }
}

/// Converts a file. On an error its output is as it was before.
pub fn convert(file: &File, shape: Shape, settings: &Settings) -> Result<Done, Refused> {
    let start = Instant::now();
    let mut rejects = Rejects::new(&file.rejects);
    let converted = to_output(file, &shape, settings, &mut rejects);
    let rejects = rejects.finish().map_err(ConvertError::Rejects).map_err(Refused::of)?;
    match converted {
        Ok(conversion) => {
            let seconds = start.elapsed().as_secs_f64();
            Ok(Done { conversion, seconds, rejects, inferred: shape.inferred })
        }
        Err(error) => Err(Refused { rejects, ..Refused::of(error) }),
    }
}

fn to_output(
    file: &File,
    shape: &Shape,
    settings: &Settings,
    rejects: &mut Rejects,
) -> Result<Conversion, ConvertError> {
    let Settings { limits, codec, .. } = *settings;
    let (unique, hash_key) = (settings.unique.as_ref(), settings.hash_key.as_ref());
    let Shape { csv, layout, schema, name, bad_rows, .. } = shape;
    let bad_rows = *bad_rows;
    let spec = Spec { schema, name, bad_rows, unique, hash_key, limits, codec, ..Spec::new(csv, layout) };
    let input = Handle::open(&file.input).map_err(ConvertError::Source)?;
    let size_bytes = input.metadata().map_err(ConvertError::Source)?.len();
    let mut output = Output::create(&file.output).map_err(ConvertError::Silver)?;
    let read = AtomicU64::new(0);
    let source = Counted { input, read: &read };
    let conversion = progress::watched(&file.input, &read, size_bytes, || {
        tarn_convert::convert(&spec, source, output.writer(), rejects)
    })?;
    output.keep().map_err(ConvertError::Silver)?;
    Ok(conversion)
}

/// Counts what was read of a file, for who watches.
struct Counted<'c> {
    input: Handle,
    read: &'c AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

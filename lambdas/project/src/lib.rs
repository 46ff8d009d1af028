//! The part of a silver file that a zone may have: columns, and rows by a condition, Parquet to
//! Parquet. The engine behind the port [`Projector`].
//!
//! Silver is flat and typed by us, so columns are read and written as what they are stored as, one row
//! group after the other, and without Arrow. Nothing of the original is kept but the values that pass:
//! pages, dictionaries and statistics are made anew, since each of them would tell of what is left out.

mod check;
mod column;
mod condition;
mod like;
mod rewrite;
mod schema;
mod treat;

use std::fs::File;
use std::io::Read;

use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;
use tarn_core::ports::{Content, Projected, Projection, Projector, Scratch};
use tarn_core::{Error, Kind, Result};

/// What a file ends with: the length of its footer and four letters.
const TAIL_BYTES: usize = 8;
/// As long as the hash itself.
const KEY_BYTES: usize = 32;
/// Where the system gives random bytes.
const RANDOM: &str = "/dev/urandom";

/// The engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rewriter;

impl Projector for Rewriter {
    fn project(
        &self,
        projection: &Projection,
        folders: &[Option<String>],
        source: Content,
        scratch: &dyn Scratch,
    ) -> Result<Projected> {
        match source {
            Content::Bytes(bytes) => rewrite::all(projection, folders, bytes, scratch),
            Content::File(file) => rewrite::all(projection, folders, file, scratch),
            Content::Joined(_) => Err(in_the_store()),
        }
    }

    fn check(&self, projection: &Projection, written: Content) -> Result<()> {
        match written {
            Content::Bytes(bytes) => check::whole(projection, bytes),
            Content::File(file) => check::whole(projection, file),
            Content::Joined(_) => Err(in_the_store()),
        }
    }

    fn fresh_key(&self) -> Result<Vec<u8>> {
        let mut key = vec![0; KEY_BYTES];
        let read = File::open(RANDOM).and_then(|mut source| source.read_exact(&mut key));
        read.map_err(|error| Error::caused(Kind::Unavailable, format!("reading {RANDOM}"), error))?;
        Ok(key)
    }

    fn columns(&self, end: &[u8]) -> Result<Result<Vec<String>, usize>> {
        let Some((before, tail)) = end.split_last_chunk::<TAIL_BYTES>() else { return Ok(Err(TAIL_BYTES)) };
        let footer = FooterTail::try_from(*tail).map_err(unreadable)?;
        let length = footer.metadata_length();
        let Some(start) = before.len().checked_sub(length) else { return Ok(Err(length + TAIL_BYTES)) };
        let metadata = ParquetMetaDataReader::decode_metadata(before.get(start..).unwrap_or_default());
        let metadata = metadata.map_err(unreadable)?;
        let columns = metadata.file_metadata().schema_descr().columns().iter();
        Ok(Ok(columns.map(|column| column.path().string()).collect()))
    }
}

/// A reader that the parquet crate takes.
pub(crate) trait Source: ChunkReader + 'static {}

impl<R: ChunkReader + 'static> Source for R {}

/// A file in silver or in a zone that is none of ours, or is damaged.
pub(crate) fn unreadable(error: ParquetError) -> Error {
    Error::caused(Kind::Invalid, "reading a Parquet file", error)
}

/// What we write is not the file's fault.
pub(crate) fn unwritable(error: ParquetError) -> Error {
    Error::caused(Kind::Unavailable, "writing a Parquet file", error)
}

/// Copies are made of objects that were read.
fn in_the_store() -> Error {
    Error::new(Kind::Internal, "a file in pieces, which only their store can read")
}

#[cfg(test)]
mod tests;

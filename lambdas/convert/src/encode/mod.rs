//! Parquet's encodings and pages, from typed buffers to bytes.
//!
//! The parquet crate writes page headers, footer and metadata; the content of pages is made here,
//! because its column writers take values as objects and levels as 16-bit numbers.

pub(crate) mod bits;
pub(crate) mod chunk;
pub(crate) mod codec;
pub(crate) mod delta;
mod filter;
mod header;
pub(crate) mod levels;
pub(crate) mod runs;

pub(crate) use chunk::{Bounds, Chunk, Finished, Page};
pub(crate) use codec::Compressor;
pub(crate) use filter::Filter;
pub(crate) use levels::Levels;

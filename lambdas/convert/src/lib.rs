//! The hot path: delimited text or JSON Lines in, typed Parquet out, with no Arrow in between.
//!
//! [`convert`] is the whole interface. It is synchronous and streaming: memory is bounded by
//! [`Limits`], whatever the file's size. There is no environment, no file system, no clock and no
//! printing in here; where bytes come from and go to is the caller's business. No input may make
//! it panic.
//!
//! The stages, each a module and each replaceable on its own:
//!
//! | stage | module | takes | gives |
//! |---|---|---|---|
//! | unpack, decode | `input` | the source | UTF-8 text, counted and limited |
//! | cut | `segments` | text | the text of a row group, whole rows |
//! | share out | `turns`, `worker` | segments | blocks for each thread, results in order |
//! | tokenise | `tokens`, or `rows` and `scan` | a block | fields by position |
//! | the same for JSON Lines | `json` | a block | fields by column |
//! | parse | `columns`, `values` | a block's fields | typed values, column by column |
//! | place | `placer`, `parted`, `folders`, `sort` | rows of a table with folders or an order | row groups of folders, rows kept |
//! | encode | `encode`, `schema`, `silver` | a row group | Parquet |
//! | keep | `outputs`, `kept` | row groups, and rows of small folders | a file for each folder |
//! | set aside | `rejects` | a bad row | JSON Lines for the quarantine |
//! | divide | `splits` | a large file | parts that workers convert on their own |
//!
//! Regular text takes the fast way from `tokens`; a block with anything else in it takes the
//! general way through `rows`, which decides what is a row and what is wrong with one.

mod block;
mod columns;
mod convert;
pub mod decisions;
mod drift;
mod encode;
mod engine;
mod error;
mod folders;
mod gathered;
mod group;
mod hash_key;
mod header;
mod infer;
mod input;
mod json;
mod kept;
mod limits;
mod masks;
mod outputs;
mod parted;
mod placer;
mod quoting;
mod rejects;
mod rows;
mod scan;
mod schema;
mod segments;
mod silver;
mod sort;
mod spec;
pub mod splits;
mod tokens;
mod tolerance;
mod turns;
mod unique;
mod values;
mod worker;

#[cfg(test)]
mod tests;

pub use convert::{Conversion, convert, convert_to, without_rows};
pub use drift::Drift;
pub use encode::codec::Codec;
pub use engine::Engine;
pub use error::{ConvertError, HeaderDifference};
pub use hash_key::{HashKey, WeakHashKey};
pub use infer::{Inferred, infer};
pub use json::JsonFault;
pub use limits::Limits;
pub use outputs::Output;
pub use rejects::{Duplicate, JsonLinesRejects, Place, Reason, Reject, RejectSink, Rule};
pub use schema::of as parquet_schema;
pub use spec::Spec;
pub use unique::Unique;

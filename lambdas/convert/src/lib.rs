//! The hot path: delimited text in, typed Parquet out, with no Arrow in between.
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
//! | decompress | `input` | the source | text, counted and limited |
//! | buffer | `text` | text | a window that grows to the longest row |
//! | tokenise | `scan`, `rows` | a window | fields by position, line and byte offset |
//! | parse | `values` | a field's bytes | a typed value, or a refusal |
//! | buffer columns | `columns`, `table` | values | one row group, column by column |
//! | encode | `schema`, `silver` | a row group | Parquet |
//! | set aside | `rejects` | a bad row | JSON Lines for the quarantine |

mod columns;
mod convert;
mod engine;
mod error;
mod header;
mod input;
mod limits;
mod rejects;
mod rows;
mod scan;
mod schema;
mod silver;
mod table;
mod text;
mod values;

#[cfg(test)]
mod tests;

pub use convert::{Conversion, Spec, convert};
pub use engine::Engine;
pub use error::{ConvertError, HeaderDifference};
pub use limits::Limits;
pub use rejects::{JsonLinesRejects, Place, Reason, Reject, RejectSink};

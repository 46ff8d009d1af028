//! Splits: a large file is converted in byte ranges by workers that share nothing but the source
//! and a plan, each row by exactly one of them.
//!
//! Whether a byte in the middle of a file stands inside quotes depends on every byte before it, so
//! nothing is guessed. It takes four steps, of which the second and the last run in parallel:
//!
//! 1. [`open`] looks at the file's beginning as [`crate::convert`] does: it refuses what is no text
//!    of the table, and says where the rows begin.
//! 2. [`survey`] reads one range of the rest. It does not know what came before it, so it finds out
//!    for every state that the range can begin in: the state at its end, where its first row
//!    begins, and how many lines come before. Nearly all states lead to the same after a few rows.
//! 3. [`plan`] follows the surveys from the first row on, which fixes the state at every boundary,
//!    and puts ranges together to parts of whole rows.
//! 4. [`crate::convert`] converts a [`Part`]. Lines and byte offsets of its bad rows are the file's.
//!
//! The rows of the parts are, in their order, exactly those of the file converted whole. Rows that
//! the whole reader does not split by their grammar alone are where that could fail: a quote that
//! is never closed, and a row with quotes that is longer than the limit. From the first such row on
//! a file is not split, and the plan says so; what comes before is.
//!
//! Only text whose bytes can be told apart without decoding is split: UTF-8, not packed; JSON Lines,
//! or delimited with doubled quotes or none. Anything else is converted whole, with the reason.
//!
//! What a table says of all its bad rows, `max_bad_rows` and `max_bad_share`, no part can judge: who
//! puts the parts together adds their rows up and compares. A single part refuses the file for more
//! bad rows than are allowed, and for any where the table says `fail`.

mod grammar;
mod lines;
mod opening;
mod plan;
mod survey;
mod walk;

pub use opening::{Opening, open};
pub use plan::{Part, Plan, Unsplit, plan};
pub use survey::{Survey, survey};

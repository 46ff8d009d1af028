//! Splits: a large file is converted in byte ranges by workers that share nothing but the source
//! and a plan, each row by exactly one of them.
//!
//! Whether a byte in the middle of a file stands inside quotes depends on every byte before it, so
//! nothing is taken for granted. It takes four steps, of which the third runs in parallel:
//!
//! 1. [`open`] looks at the file's beginning as [`crate::convert`] does: it refuses what is no text
//!    of the table, and says where the rows begin.
//! 2. [`guess`] looks at a few bytes behind each boundary, and says where a row seems to begin.
//! 3. [`crate::convert`] converts a [`Part`] between two such places. What it reads is [`Surveyed`] on
//!    the way: for every state that the part can begin in, the state at its end, where its first row
//!    begins, and how many lines come before. Nearly all states lead to the same after a few rows.
//! 4. [`plan`] follows the surveys from the first row on, which fixes the state at every boundary. If
//!    each part begins where a row does, and ends where one ends, its parts are those that were
//!    converted, and it knows the lines that they begin on. If not, a guess was wrong: the file is
//!    converted whole.
//!
//! So every byte is read once. Surveys before the conversion, instead of guesses, are never wrong, but
//! they read every byte twice: a third of a part's CPU time where the bytes come over a network.
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
mod guess;
mod lines;
mod opening;
mod plan;
mod survey;
mod walk;

pub use guess::guess;
pub use opening::{Opening, open};
pub use plan::{Part, Plan, Unsplit, plan};
pub use survey::{Survey, Surveyed, survey};

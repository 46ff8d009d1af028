//! What a zone has after a pass of its sync function, with the real engine over buckets in memory: the
//! truth table of a copy, and what it may have at all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod rights;
mod table;
mod world;

//! Values through the binary and back by foreign readers, with no cloud.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod memory;
mod parts;
mod round_trip;
mod rules;
mod zones;

//! Models over a lake in memory: what they give, and what no fault of the world makes them give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod checks;
mod committers;
mod evolution;
mod faults;
mod kinds;
mod outside;
mod questions;
mod support;
mod upkeep;

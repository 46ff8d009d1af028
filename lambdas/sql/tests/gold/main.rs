//! Models over a lake in memory: what they give, and what no fault of the world makes them give.

mod checks;
mod committers;
mod evolution;
mod faults;
mod kinds;
mod questions;
mod support;
mod upkeep;

//! `tarn` on the local cloud, with IAM enforced: a whole lake's life through the command line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod backup;
mod between;
mod changes;
mod daily_batch;
mod functions;
mod governed;
mod janitor;
mod kept;
mod killed;
mod lake;
mod models;
mod retail;
mod status;
mod verbs;

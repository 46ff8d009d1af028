//! `tarn` without any cloud: what it checks, what it renders, and how it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod access;
mod checkers;
mod convert;
mod daily_batch;
mod difference;
mod edits;
mod folder;
mod folder_backup;
mod folder_janitor;
mod folder_killed;
mod init;
mod models;
mod refusals;
mod release;
mod rules;
mod schema;
mod templates;
mod verbs;

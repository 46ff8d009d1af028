//! `tarn` without any cloud: what it checks, what it renders, and how it refuses.

mod refusals;
mod release;
mod templates;

//! `tarn` on the local cloud, with IAM enforced: a whole lake's life through the command line.

mod lake;
mod retail;

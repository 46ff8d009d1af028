//! Spark on EMR Serverless: the applications of an account, and jobs in one of them.

mod applications;
mod jobs;

pub use applications::EmrServerless;
pub use jobs::Spark;

//! What makes models and answers SQL over a folder.

use async_trait::async_trait;
use tarn_core::ports::{Build, Builder, Built};
use tarn_core::{Error, Kind, Result};

/// No engine: every model fails, and says why.
pub struct NoEngine;

#[async_trait]
impl Builder for NoEngine {
    async fn build(&self, build: &Build<'_>) -> Result<Built> {
        let what = format!("{} cannot be made: this tarn has no engine for SQL", build.model.name);
        Err(Error::new(Kind::Invalid, what))
    }
}

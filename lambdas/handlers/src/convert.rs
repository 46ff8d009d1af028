//! Converts landing objects.

use tarn_aws::{DynamoLedger, S3, SdkConfig, SystemClock, TemporaryFiles};
use tarn_convert::{Engine, HashKey, Limits};
use tarn_core::jobs::Convert;
use tarn_core::{Error, Kind, Work};
use tarn_lake::Settings;
use tarn_runtime::RuntimeError;

pub(crate) async fn main() -> Result<(), RuntimeError> {
    let Settings { names, hash_key, .. } = tarn_runtime::settings()?;
    let aws = tarn_aws::connect().await;
    let limits = Limits { threads: tarn_runtime::cores(), ..Limits::default() };
    let converter = Engine { limits, hash_key: key(&aws, hash_key.as_deref()).await? };
    let store = S3::new(&aws);
    let ledger = DynamoLedger::new(&aws, names.ledger());
    let job = Convert {
        names: &names,
        store: &store,
        ledger: &ledger,
        clock: &SystemClock,
        scratch: &TemporaryFiles,
        converter: &converter,
    };
    tarn_runtime::serve(|work: Work, deadline| async move { job.call(&work, deadline).await }).await
}

/// What columns are hashed with, where the lake hashes any.
async fn key(aws: &SdkConfig, secret: Option<&str>) -> Result<Option<HashKey>, Error> {
    let Some(secret) = secret else { return Ok(None) };
    let text = tarn_aws::secret(aws, secret).await?;
    let weak = |error| Error::caused(Kind::Invalid, format!("the secret {secret} is no key"), error);
    HashKey::new(text.as_bytes()).map(Some).map_err(weak)
}

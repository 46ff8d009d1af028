//! tarn-cloud

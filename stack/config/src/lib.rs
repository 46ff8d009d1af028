//! tarn-config

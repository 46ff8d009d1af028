//! tarn-core

//! tarn-convert

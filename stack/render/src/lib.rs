//! tarn-render

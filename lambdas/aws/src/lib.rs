//! tarn-aws

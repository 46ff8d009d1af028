//! tarn-deploy

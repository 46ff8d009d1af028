//! The exit statuses that tarn promises; `tarn --help` lists them.

use std::process::ExitCode;

/// All went well.
pub const DONE: u8 = 0;
/// Something could not be done.
pub const FAILED: u8 = 1;
/// The command line or `lake.toml` is at fault; nothing was done.
pub const BAD_INPUT: u8 = 2;
/// No credentials, or a right is missing.
pub const NO_ACCESS: u8 = 3;

/// There are changes, where `--exit-code` asks for them.
pub const CHANGES: u8 = 4;

/// `DONE` or `FAILED`.
pub fn done_if(good: bool) -> ExitCode {
    ExitCode::from(if good { DONE } else { FAILED })
}

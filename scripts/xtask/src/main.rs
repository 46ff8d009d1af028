//! The chores of this repository that a shell script would do badly.
//!
//! * `xtask handlers BINARY ZIP` makes the handlers' archive: one executable named `bootstrap`,
//!   stripped, checked to load on Amazon Linux 2023, with the same bytes for the same binary.
//!   With `--for-this-machine` a newer glibc is only warned of: the local cloud runs it here.
//! * `xtask edges` checks which crate may depend on which.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod edges;
mod handlers;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["handlers", binary, archive] => handlers::archive(Path::new(binary), Path::new(archive), true),
        ["handlers", "--for-this-machine", binary, archive] => {
            handlers::archive(Path::new(binary), Path::new(archive), false)
        }
        ["edges"] => edges::check(),
        _ => Err("usage: xtask handlers [--for-this-machine] BINARY ZIP | xtask edges".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

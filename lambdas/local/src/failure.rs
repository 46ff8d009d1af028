//! Errors of the file system as jobs know errors.

use std::io;
use std::path::Path;

use tarn_core::{Error, Kind};

/// Sorts an error by what can be done about it; `doing` says what was tried.
pub fn failed(doing: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => Kind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Kind::AccessDenied,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::InvalidFilename => {
            Kind::Invalid
        }
        io::ErrorKind::CrossesDevices => Kind::Invalid,
        _ => Kind::Unavailable,
    };
    Error::caused(kind, format!("{doing} {}", path.display()), error)
}

/// The same as a function of the error, for `map_err`.
pub fn on<'a>(doing: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |error| failed(doing, path, error)
}

//! The handlers' archive: found beside the binary or where the user says, named by its content.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tarn_lake::Architecture;

use crate::failure::Failure;

/// The archive and its key in the ops bucket.
pub struct Handlers {
    /// The file.
    pub file: PathBuf,
    /// `handlers/HASH.zip`: other content has another key, so a function is updated exactly when
    /// its code changed.
    pub key: String,
}

impl Handlers {
    /// Finds the archive.
    pub fn find(named: Option<&Path>, architecture: Architecture) -> Result<Self, Failure> {
        let folder = match named {
            Some(folder) => folder.to_path_buf(),
            None => beside_the_binary()?,
        };
        let file = folder.join(format!("handlers-{}.zip", architecture.name()));
        let hash = hash(&file).map_err(|error| {
            Failure::bad_input(format!("the handlers' archive {} cannot be read: {error}", file.display()))
                .hint(
                    "a release has it beside the tarn binary; from source, `scripts/build` makes it; \
                 elsewhere, name its folder with --handlers",
                )
        })?;
        Ok(Self { file, key: format!("handlers/{hash}.zip") })
    }
}

/// The architecture of the machine that tarn runs on.
pub fn of_this_machine() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
}

/// The key in templates that are rendered without an archive at hand.
pub fn placeholder_key() -> String {
    "handlers/CONTENT-HASH.zip".into()
}

fn beside_the_binary() -> Result<PathBuf, Failure> {
    let binary = std::env::current_exe().and_then(|path| path.canonicalize());
    let binary =
        binary.map_err(|error| Failure::failed(format!("tarn cannot find its own binary: {error}")))?;
    Ok(binary.parent().map(Path::to_path_buf).unwrap_or_default())
}

fn hash(file: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(file)?, &mut hash)?;
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

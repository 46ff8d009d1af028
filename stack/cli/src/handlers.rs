//! The handlers' archives: found beside the binary or where the user says, named by their content.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tarn_lake::{Architecture, Lake};
use tarn_render::{Options, Target};

use crate::failure::Failure;

/// The archives that a lake's functions are made of.
pub struct Handlers {
    /// That of every lake.
    pub all: Archive,
    /// That with an engine for SQL, of a lake that has models.
    pub gold: Option<Archive>,
}

/// An archive and its key in the ops bucket.
pub struct Archive {
    /// The file.
    pub file: PathBuf,
    /// `handlers/HASH.zip`: other content has another key, so a function is updated exactly when
    /// its code changed.
    pub key: String,
}

impl Handlers {
    /// Finds the archives.
    pub fn find(named: Option<&Path>, lake: &Lake, architecture: Architecture) -> Result<Self, Failure> {
        let folder = match named {
            Some(folder) => folder.to_path_buf(),
            None => beside_the_binary()?,
        };
        let gold = (!lake.models.is_empty()).then(|| Archive::find(&folder, "gold", architecture));
        Ok(Self { all: Archive::find(&folder, "handlers", architecture)?, gold: gold.transpose()? })
    }

    /// What templates are told of them.
    pub fn options(&self, target: Target) -> Options {
        let gold_key = self.gold.as_ref().map_or_else(String::new, |gold| gold.key.clone());
        Options { handlers_key: self.all.key.clone(), gold_key, target }
    }
}

impl Archive {
    fn find(folder: &Path, word: &str, architecture: Architecture) -> Result<Self, Failure> {
        let file = folder.join(format!("{word}-{}.zip", architecture.name()));
        let hash = hash(&file).map_err(|error| {
            Failure::bad_input(format!("the handlers' archive {} cannot be read: {error}", file.display()))
                .hint(
                    "a release has it beside the tarn binary; from source, `scripts/build` makes it; \
                 elsewhere, name its folder with --handlers",
                )
        })?;
        Ok(Self { file, key: format!("{word}/{hash}.zip") })
    }
}

/// The architecture of the machine that tarn runs on.
pub fn of_this_machine() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
}

/// The keys in templates that are rendered without archives at hand.
pub fn placeholders(target: Target) -> Options {
    let key = |word: &str| format!("{word}/CONTENT-HASH.zip");
    Options { handlers_key: key("handlers"), gold_key: key("gold"), target }
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

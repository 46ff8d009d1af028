//! A lake's folder: whose it is, what lies in it, and the ports over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tarn_core::ports::Clock;
use tarn_core::{Error, Kind, Result};
use tarn_lake::{Bucket, Lake, Names};

use crate::failure::on;
use crate::files::Staging;
use crate::folders::{ACCOUNT, Folders, REGION};
use crate::lock::{self, Locked};
use crate::secret;
use crate::walk::{Walk, walk_landing};
use crate::{FolderCatalog, FolderLedger, FolderPointers, FolderScratch, FolderStore, Lock, SystemClock};

/// A file of landing that was written within this time is left for the next look. Whoever writes for
/// longer without a break than this is noticed; whoever pauses should write under a hidden name and
/// rename.
pub const QUIET: Duration = Duration::from_secs(2);

const LEDGER: &str = "ledger.jsonl";

/// Who the folder belongs to, below the hidden folder.
const OWNER: &str = "lake.json";

/// The folder of one lake.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    names: Names,
    folders: Folders,
}

/// All ports over a folder, for the one who has its lock.
#[derive(Debug)]
pub struct Ports {
    /// How the lake's resources are called.
    pub names: Names,
    /// Buckets.
    pub store: FolderStore,
    /// What became of every source.
    pub ledger: FolderLedger,
    /// Tables.
    pub catalog: FolderCatalog,
    /// Room to write.
    pub scratch: FolderScratch,
    /// Time.
    pub clock: SystemClock,
}

/// What makes models, and what asks for them: ports of their own, since an engine for SQL keeps them for
/// itself. Whoever makes models has the lock; whoever asks looks at what stands.
#[derive(Debug)]
pub struct GoldPorts {
    /// Buckets.
    pub store: FolderStore,
    /// Where gold tables stand.
    pub pointers: FolderPointers,
    /// Room to write.
    pub scratch: FolderScratch,
    /// Where gold lies, as an address of this machine without a slash at its end.
    pub address: String,
}

/// Whose a folder is. Names of objects follow from lake and environment, so another lake would put a
/// second copy of every row beside the first.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    /// Of what lies in the folder.
    version: u32,
    lake: String,
    environment: String,
}

impl Home {
    /// The folder of a lake; it is made if it is not there. A folder of another lake is refused.
    pub fn of(root: &Path, lake: &Lake) -> Result<Self> {
        let (name, environment) = (lake.name.clone(), lake.environment.name.clone());
        let names = Names::new(name, environment, ACCOUNT, REGION);
        let folders = Folders::of(lake, &names);
        let home = Self { root: root.into(), names, folders };
        home.claim(lake)?;
        Ok(home)
    }

    /// The folder of a lake that was run there; nothing is made, and one that is not there is `NotFound`.
    pub fn there(root: &Path, lake: &Lake) -> Result<Self> {
        if root.join(crate::store::HIDDEN).join(OWNER).is_file() {
            return Self::of(root, lake);
        }
        let what = format!("no lake was run in {}; `tarn run --dir` makes one there", root.display());
        Err(Error::new(Kind::NotFound, what))
    }

    /// How the lake's resources are called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Where files are put.
    pub fn landing(&self) -> PathBuf {
        self.root.join(crate::folders::LANDING)
    }

    /// Takes the folder's lock, or says who has it.
    pub fn lock(&self, doing: &str) -> Result<Locked> {
        lock::take(&self.hidden().join("lock"), doing)
    }

    /// What lies in landing now, without reading any file.
    pub fn look(&self) -> Walk {
        walk_landing(&self.landing(), Path::new(""), QUIET, SystemClock.now_millis())
    }

    /// The ports, for as long as one has the lock. What a dead process left half-written goes.
    pub fn open(&self, _lock: &Lock) -> Result<Ports> {
        let store = FolderStore::new(&self.root, self.folders.clone(), QUIET)?;
        let staged = self.hidden().join("staged");
        Staging::new(staged.clone()).clear().map_err(on("clearing", &staged))?;
        Ok(Ports {
            names: self.names.clone(),
            store,
            ledger: FolderLedger::open(&self.root.join(LEDGER))?,
            catalog: FolderCatalog::new(&self.root, staged.clone(), self.folders.clone())?,
            scratch: FolderScratch::new(staged),
            clock: SystemClock,
        })
    }

    /// The secret that columns are hashed with. It is the folder's own; put another one's in its place
    /// to have the same hashes.
    pub fn hash_key(&self, _lock: &Lock) -> Result<String> {
        let file = self.hidden().join("hash-key");
        secret::read_or_make(&file).map_err(on("reading or making the secret", &file))
    }

    /// What one needs to look around, without the lock and whoever works meanwhile: buckets, and the
    /// ledger as it stands now.
    pub fn look_into(&self) -> Result<(FolderStore, FolderLedger)> {
        let store = FolderStore::new(&self.root, self.folders.clone(), QUIET)?;
        Ok((store, FolderLedger::look(&self.root.join(LEDGER))?))
    }

    /// What makes models, and what asks for them.
    pub fn gold(&self) -> Result<GoldPorts> {
        let staged = self.hidden().join("staged");
        fs::create_dir_all(&staged).map_err(on("making the folder", &staged))?;
        Ok(GoldPorts {
            store: FolderStore::new(&self.root, self.folders.clone(), QUIET)?,
            pointers: FolderPointers::new(&self.root, staged.clone())?,
            scratch: FolderScratch::new(&staged),
            address: format!("file://{}", self.root.join(Bucket::Gold.word()).display()),
        })
    }

    fn hidden(&self) -> PathBuf {
        self.root.join(crate::store::HIDDEN)
    }

    fn claim(&self, lake: &Lake) -> Result<()> {
        let (hidden, file) = (self.hidden(), self.hidden().join(OWNER));
        fs::create_dir_all(&hidden).map_err(on("making the folder", &hidden))?;
        let (lake, environment) = (lake.name.to_string(), lake.environment.name.to_string());
        let ours = Owner { version: 1, lake, environment };
        let there = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice::<Owner>(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return begin(&file, &ours);
            }
            Err(error) => return Err(on("reading", &file)(error)),
        };
        match there {
            Ok(there) if there == ours => Ok(()),
            Ok(there) => Err(self.refused(&there)),
            Err(error) => {
                let what = format!("{} is not what tarn wrote there", file.display());
                Err(Error::caused(Kind::Invalid, what, error))
            }
        }
    }

    fn refused(&self, owner: &Owner) -> Error {
        let Owner { lake, environment, version } = owner;
        let root = self.root.display();
        let what = match version {
            1 => format!(
                "{root} holds the lake `{lake}` in the environment `{environment}`; name another --dir"
            ),
            newer => format!("{root} was written by a newer tarn (version {newer} of its folders)"),
        };
        Error::new(Kind::Invalid, what)
    }
}

/// Says whose a folder is, all at once: a process may be killed here, and another may begin the same
/// folder.
fn begin(file: &Path, owner: &Owner) -> Result<()> {
    let text = serde_json::to_vec(owner)
        .map_err(|error| Error::caused(Kind::Internal, "the owner cannot be written as JSON", error))?;
    let staging = Staging::new(file.parent().unwrap_or(file).to_owned());
    let written = staging.write(text.into(), true).and_then(|staged| staged.replace(file));
    written.map_err(on("writing", file))
}

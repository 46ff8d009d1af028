//! Buckets that are folders.
//!
//! Each key has one file, so a bucket keeps no version but the newest. `landing` belongs to whoever
//! puts files there, who may make it a link, and no job writes into it. What is written appears whole
//! or not at all, and is on the disk before the ledger says so: bytes are forced there, and names
//! follow with the disk's next commit, which no later line of the ledger overtakes.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tarn_core::ports::{Clock, Content, Created, Object, ObjectStore, ObjectVersion, Stored, Stretch};
use tarn_core::{Error, Kind, Result, SourceVersion};
use tokio::task::block_in_place;

use crate::failure::{failed, on};
use crate::files::{self, Staged, Staging};
use crate::folders::{Folders, LANDING, OPS};
use crate::notes::Notes;
use crate::source::Source;
use crate::versions::{self, Stamp, Versions};
use crate::walk::{Found, Hidden, LeftOut, Walk, Why, walk, walk_landing};
use crate::{SystemClock, keys};

/// Where the store keeps what is no object, below the lake's folder.
pub(crate) const HIDDEN: &str = ".tarn";

/// Objects as files. It blocks, so it needs a runtime with several threads.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    folders: Folders,
    /// A file of landing that was written within this time is left for the next look.
    quiet: Duration,
    staging: Staging,
    notes: Notes,
    versions: Mutex<Versions>,
    /// Held while an object and its note are exchanged.
    publishing: Mutex<()>,
    left_out: Mutex<Vec<LeftOut>>,
    read: Arc<AtomicU64>,
}

/// An object's place: the bucket's folder, and the path in it.
struct Place {
    root: PathBuf,
    below: PathBuf,
    /// From the lake's folder on.
    shown: PathBuf,
}

impl Place {
    fn path(&self) -> PathBuf {
        self.root.join(&self.below)
    }
}

impl FolderStore {
    /// A store below a folder; the buckets' folders are made where they are missing.
    pub fn new(root: &Path, folders: Folders, quiet: Duration) -> Result<Self> {
        let hidden = root.join(HIDDEN);
        let (staged, notes) = (hidden.join("staged"), hidden.join("objects"));
        let made = folders.all().map(|folder| root.join(folder)).chain([staged.clone(), notes.clone()]);
        for folder in made {
            fs::create_dir_all(&folder).map_err(on("making the folder", &folder))?;
        }
        Ok(Self {
            versions: Mutex::new(Versions::load(&versions_file(root))),
            root: root.into(),
            folders,
            quiet,
            staging: Staging::new(staged),
            notes: Notes::new(notes),
            publishing: Mutex::default(),
            left_out: Mutex::default(),
            read: Arc::default(),
        })
    }

    /// What the last listing of landing left out.
    pub fn left_out(&self) -> Vec<LeftOut> {
        locked(&self.left_out).clone()
    }

    /// How many bytes of sources were read through [`ObjectStore::open`] so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Removes all objects under a prefix that is a folder.
    pub fn remove_all(&self, bucket: &str, prefix: &str) -> Result<()> {
        block_in_place(|| {
            let place = self.place(bucket, prefix.trim_end_matches('/'))?;
            match fs::remove_dir_all(place.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(on("removing", &place.shown)(error))
                }
                _ => Ok(()),
            }
        })
    }

    fn folder(&self, bucket: &str) -> Result<(PathBuf, &Path)> {
        let missing = || Error::new(Kind::NotFound, format!("there is no bucket {bucket}"));
        let folder = self.folders.get(bucket).ok_or_else(missing)?;
        let path = self.root.join(folder);
        if !path.is_dir() {
            return Err(missing());
        }
        if folder != Path::new(LANDING) {
            files::real_folder(&self.root, folder).map_err(on("using the folder", folder))?;
        }
        Ok((path, folder))
    }

    fn place(&self, bucket: &str, key: &str) -> Result<Place> {
        let (root, folder) = self.folder(bucket)?;
        let below = keys::path_of(key)?;
        Ok(Place { root, shown: folder.join(&below), below })
    }

    /// A file that is there, and its stamp.
    fn find(&self, place: &Place) -> Result<Stamp> {
        let found = files::file(&place.root, &place.below);
        found.map(|metadata| Stamp::of(&metadata)).map_err(on("reading", &place.shown))
    }

    fn walk(&self, bucket: &str, prefix: &str) -> Result<Walk> {
        let (root, folder) = self.folder(bucket)?;
        let below = keys::folder_of(prefix);
        let mut walk = if folder == Path::new(LANDING) {
            walk_landing(&root, &below, self.quiet, SystemClock.now_millis())
        } else {
            walk(&root, &below, Hidden::Taken)
        };
        walk.files.retain(|found| found.key.starts_with(prefix));
        Ok(walk)
    }

    /// The versions of files, hashed where they are not known.
    fn versioned(&self, bucket: &str, walk: &mut Walk) -> Vec<ObjectVersion> {
        let mut versions = locked(&self.versions);
        let stamps: Vec<Stamp> = walk.files.iter().map(|found| Stamp::of(&found.metadata)).collect();
        let unknown: Vec<(&Found, (PathBuf, Stamp))> = walk
            .files
            .iter()
            .zip(&stamps)
            .filter(|(found, stamp)| versions.get(bucket, &found.key, stamp).is_none())
            .map(|(found, stamp)| (found, (found.path.clone(), *stamp)))
            .collect();
        let (files, to_hash): (Vec<&Found>, Vec<_>) = unknown.into_iter().unzip();
        for (found, hashed) in files.into_iter().zip(versions::hash_all(&to_hash)) {
            let why = match hashed {
                Ok(Some((stamp, version))) => {
                    versions.put(bucket, &found.key, stamp, version);
                    continue;
                }
                Ok(None) => Why::Recent,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => Why::Unreadable(error.to_string()),
            };
            walk.left_out.push(LeftOut { path: found.key.clone(), why });
        }
        let listed = walk.files.iter().zip(&stamps).filter_map(|(found, stamp)| {
            let version = versions.get(bucket, &found.key, stamp)?.to_owned();
            Some(ObjectVersion { object: object(found), version, delete_marker: false })
        });
        listed.collect()
    }

    /// Forgets versions of files that are gone, and remembers the others for the next process.
    fn remember(&self, bucket: &str, walk: &Walk) -> Result<()> {
        let mut versions = locked(&self.versions);
        let is_there = |key: &str| walk.files.binary_search_by(|found| found.key.as_str().cmp(key)).is_ok();
        versions.keep(bucket, is_there);
        let Some(document) = versions.unsaved() else { return Ok(()) };
        let file = versions_file(&self.root);
        let written = self.staging.write(document.into(), false).and_then(|staged| staged.replace(&file));
        written.map_err(on("writing", &file))
    }

    /// The version of one file, and its stamp.
    fn version(&self, bucket: &str, key: &str, place: &Place) -> Result<(Stamp, String)> {
        let stamp = self.find(place)?;
        if let Some(version) = locked(&self.versions).get(bucket, key, &stamp) {
            return Ok((stamp, version.to_owned()));
        }
        let hashed = versions::hash(&place.path(), stamp).map_err(on("reading", &place.shown))?;
        let (stamp, version) = hashed.ok_or_else(|| {
            Error::new(Kind::Conflict, format!("{} is being written", place.shown.display()))
        })?;
        locked(&self.versions).put(bucket, key, stamp, version.clone());
        Ok((stamp, version))
    }

    fn source(&self, source: &SourceVersion) -> Result<(Source, Place, Stamp)> {
        let place = self.place(&source.bucket, &source.key)?;
        let (stamp, version) = self.version(&source.bucket, &source.key, &place)?;
        if version != source.version {
            let what = format!("{} has other bytes than when it was found", place.shown.display());
            return Err(Error::new(Kind::NotFound, format!("{what}; the next run takes it")));
        }
        let opened = Source::open(place.path(), stamp, self.read.clone());
        opened
            .map(|opened| (opened, place, stamp))
            .map_err(|error| failed("opening", Path::new(&source.key), error))
    }

    fn stage(&self, place: &Place, content: Content) -> Result<Staged> {
        let open = |Stretch { bucket, key, tag, .. }: &Stretch| {
            self.place(bucket, key).and_then(|from| self.open_tagged(&from, tag)).map_err(io::Error::other)
        };
        self.staging.write_opening(content, is_lasting(place), open).map_err(on("writing", &place.shown))
    }

    /// Opens what still has that tag; an empty one is any.
    fn open_tagged(&self, place: &Place, tag: &str) -> Result<fs::File> {
        let stamp = self.find(place)?;
        let file = fs::File::open(place.path()).map_err(on("reading", &place.shown))?;
        let opened = Stamp::of(&file.metadata().map_err(on("reading", &place.shown))?);
        if stamp != opened || !tag.is_empty() && tag != opened.tag() {
            let what = format!("{} was written again since it was listed", place.shown.display());
            return Err(Error::new(Kind::Conflict, what));
        }
        Ok(file)
    }

    /// Gives what is staged its name and its note.
    fn publish(&self, place: &Place, staged: Staged, how: How<'_>, fingerprint: &str) -> Result<Created> {
        let path = place.path();
        let publish = || {
            files::make_folders(&place.root, &place.below)?;
            let _publishing = locked(&self.publishing);
            let created = match how {
                How::Create => staged.create(&path)?,
                How::Replace => staged.replace(&path).map(|()| Created::New)?,
                How::ReplaceIf(tag) => match files::file(&place.root, &place.below) {
                    Ok(there) if Stamp::of(&there).tag() == tag => {
                        staged.replace(&path).map(|()| Created::New)?
                    }
                    _ => return Ok(Created::AlreadyThere),
                },
            };
            let metadata =
                files::file(&place.root, &place.below).map_err(|error| in_the_way(error, &path))?;
            if created == Created::New {
                self.notes.put(&place.shown, Stamp::of(&metadata), fingerprint, &self.staging)?;
            }
            Ok(created)
        };
        publish().map_err(on("writing", &place.shown))
    }

    fn remove(&self, bucket: &str, key: &str, version: &str) -> Result<()> {
        let place = self.place(bucket, key)?;
        match self.version(bucket, key, &place) {
            Ok((_, there)) if there == version => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == Kind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        let removed = fs::remove_file(place.path()).and_then(|()| self.notes.remove(&place.shown));
        removed.map_err(on("removing", &place.shown))?;
        // A bucket has no empty folders.
        let folders = place.below.ancestors().skip(1).filter(|below| !below.as_os_str().is_empty());
        let _ = folders
            .map(|below| fs::remove_dir(place.root.join(below)))
            .take_while(|gone| gone.is_ok())
            .count();
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum How<'t> {
    Create,
    Replace,
    /// Only what has that tag.
    ReplaceIf(&'t str),
}

/// The papers of runs are of no use after a crash of the machine: its run is dead.
fn is_lasting(place: &Place) -> bool {
    !place.shown.starts_with(OPS)
}

fn in_the_way(error: io::Error, path: &Path) -> io::Error {
    if error.kind() != io::ErrorKind::NotFound {
        return error;
    }
    let what = format!("{} is a folder; no folder can hold both `a` and `a/b`", path.display());
    io::Error::new(io::ErrorKind::IsADirectory, what)
}

fn versions_file(root: &Path) -> PathBuf {
    root.join(HIDDEN).join("versions.json")
}

fn object(found: &Found) -> Object {
    let stamp = Stamp::of(&found.metadata);
    Object {
        key: found.key.clone(),
        size_bytes: found.metadata.len(),
        modified_millis: stamp.modified_millis(),
        tag: stamp.tag(),
    }
}

/// What a thread that panicked held is as whole as before: every change is one assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        block_in_place(|| Ok(self.walk(bucket, prefix)?.files.iter().map(object).collect()))
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        block_in_place(|| {
            let mut walk = self.walk(bucket, prefix)?;
            let listed = self.versioned(bucket, &mut walk);
            if prefix.is_empty() {
                self.remember(bucket, &walk)?;
                *locked(&self.left_out) = walk.left_out;
            }
            Ok(listed)
        })
    }

    /// One file is looked at, not its folder.
    async fn versions_of(&self, bucket: &str, key: &str) -> Result<Vec<ObjectVersion>> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            match self.version(bucket, key, &place) {
                Ok((stamp, version)) => {
                    let object = Object {
                        key: key.into(),
                        size_bytes: stamp.size_bytes(),
                        modified_millis: stamp.modified_millis(),
                        tag: stamp.tag(),
                    };
                    Ok(vec![ObjectVersion { object, version, delete_marker: false }])
                }
                Err(error) if error.kind() == Kind::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        })
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            self.find(&place)?;
            fs::read(place.path()).map(Bytes::from).map_err(on("reading", &place.shown))
        })
    }

    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        block_in_place(|| Ok(Box::new(self.source(source)?.0) as Box<dyn Read + Send>))
    }

    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>> {
        block_in_place(|| {
            let opened = self.source(source)?.0.range(range);
            let opened = opened.map_err(|error| failed("opening", Path::new(&source.key), error))?;
            Ok(Box::new(opened) as Box<dyn Read + Send>)
        })
    }

    async fn open_newest(&self, bucket: &str, key: &str) -> Result<Box<dyn Read + Send>> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            self.find(&place)?;
            let file = fs::File::open(place.path()).map_err(on("reading", &place.shown))?;
            Ok(Box::new(file) as Box<dyn Read + Send>)
        })
    }

    async fn read_range(&self, bucket: &str, key: &str, range: Range<u64>, tag: &str) -> Result<Bytes> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            let mut file = self.open_tagged(&place, tag)?;
            let size_bytes = file.metadata().map_err(on("reading", &place.shown))?.len();
            if range.start > range.end || range.end > size_bytes {
                let what = format!("{} has no bytes {range:?}", place.shown.display());
                return Err(Error::new(Kind::Invalid, what));
            }
            let mut bytes = vec![0; (range.end - range.start) as usize];
            let read = file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut bytes));
            read.map_err(on("reading", &place.shown))?;
            Ok(bytes.into())
        })
    }

    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            if self.find(&place).is_ok() {
                return Ok(Created::AlreadyThere);
            }
            let staged = self.stage(&place, content)?;
            self.publish(&place, staged, How::Create, fingerprint)
        })
    }

    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            let stamp = self.find(&place)?;
            Ok(self.notes.get(&place.shown, &stamp))
        })
    }

    async fn stored(&self, bucket: &str, key: &str) -> Result<Stored> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            let stamp = self.find(&place)?;
            let fingerprint = self.notes.get(&place.shown, &stamp).unwrap_or_default();
            Ok(Stored { tag: stamp.tag(), fingerprint })
        })
    }

    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            let staged = self.stage(&place, content)?;
            Ok(self.publish(&place, staged, How::ReplaceIf(tag), fingerprint)? == Created::New)
        })
    }

    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        block_in_place(|| {
            let place = self.place(bucket, key)?;
            let staged = self.stage(&place, content)?;
            self.publish(&place, staged, How::Replace, fingerprint).map(|_| ())
        })
    }

    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        block_in_place(|| {
            let (mut source, origin, stamp) = self.source(from)?;
            let place = self.place(bucket, key)?;
            let fingerprint = self.notes.get(&origin.shown, &stamp).unwrap_or_default();
            let staged = self.staging.copy(source.file(), is_lasting(&place));
            let staged = staged.and_then(|staged| source.check().map(|()| staged));
            let staged = staged.map_err(on("copying", &origin.shown))?;
            self.publish(&place, staged, How::Replace, &fingerprint).map(|_| ())
        })
    }

    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        block_in_place(|| {
            let (origin, place) = (self.place(from.0, from.1)?, self.place(to.0, to.1)?);
            let stamp = self.find(&origin)?;
            let fingerprint = self.notes.get(&origin.shown, &stamp).unwrap_or_default();
            let opened = Source::open(origin.path(), stamp, Arc::default());
            let mut opened = opened.map_err(on("copying", &origin.shown))?;
            let staged = self.staging.copy(opened.file(), is_lasting(&place));
            let staged = staged.map_err(on("copying", &origin.shown))?;
            self.publish(&place, staged, How::Replace, &fingerprint).map(|_| ())
        })
    }

    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        block_in_place(|| versions.iter().try_for_each(|(key, version)| self.remove(bucket, key, version)))
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        self.folder(bucket).map(|_| 0)
    }

    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        Ok(self.folder(bucket).is_ok())
    }
}

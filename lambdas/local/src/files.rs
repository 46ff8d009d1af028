//! Files that appear under their names only when they are whole, and folders that are not left.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tarn_core::ports::{Content, Created, Piece, Stretch};

/// Where files are written before they get their names: on the same disk, so that they get them at
/// once.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
}

/// One for the whole process: of two that stage in one folder, none takes a name that the other has
/// just given up.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A file without its name; gone if it does not get one.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    moved: bool,
}

impl Staging {
    /// Stages in a folder that is there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes a file; a lasting one is on the disk afterwards.
    pub fn write(&self, content: Content, lasting: bool) -> io::Result<Staged> {
        let unknown = |_: &Stretch| Err(io::Error::other("pieces of a store, and nobody to open them"));
        self.write_opening(content, lasting, unknown)
    }

    /// The same, with somebody who opens pieces.
    pub fn write_opening(
        &self,
        content: Content,
        lasting: bool,
        open: impl Fn(&Stretch) -> io::Result<File>,
    ) -> io::Result<Staged> {
        let (staged, mut file) = self.begin()?;
        match content {
            Content::Bytes(bytes) => file.write_all(&bytes)?,
            Content::File(mut from) => {
                from.rewind()?;
                io::copy(&mut from, &mut file)?;
            }
            Content::Joined(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Piece::Bytes(bytes) => file.write_all(bytes),
                Piece::Stored(stretch) => append(&mut file, open(stretch)?, &stretch.range),
            })?,
        }
        end(&file, lasting)?;
        Ok(staged)
    }

    /// Copies an open file from where it stands.
    pub fn copy(&self, from: &mut File, lasting: bool) -> io::Result<Staged> {
        let (staged, mut file) = self.begin()?;
        io::copy(from, &mut file)?;
        end(&file, lasting)?;
        Ok(staged)
    }

    /// Removes what a process left that was killed. Only for who knows that no other one works.
    pub fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn begin(&self) -> io::Result<(Staged, File)> {
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!("{}-{number}", std::process::id()));
            match File::create_new(&path) {
                Ok(file) => return Ok((Staged { path, moved: false }, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Appends exactly those bytes of another file.
fn append(file: &mut File, mut from: File, range: &Range<u64>) -> io::Result<()> {
    from.seek(SeekFrom::Start(range.start))?;
    let due = range.end.saturating_sub(range.start);
    match io::copy(&mut from.take(due), file)? {
        copied if copied == due => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn end(file: &File, lasting: bool) -> io::Result<()> {
    if lasting { file.sync_all() } else { Ok(()) }
}

impl Staged {
    /// Gives the file its name, whatever is there.
    pub fn replace(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.moved = true;
        Ok(())
    }

    /// Gives the file its name unless something has it. Of several processes one wins.
    pub fn create(self, target: &Path) -> io::Result<Created> {
        match fs::hard_link(&self.path, target) {
            Ok(()) => Ok(Created::New),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Created::AlreadyThere),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            // A disk without hard links. One process at a time has the lake's lock.
            Err(_) if fs::symlink_metadata(target).is_ok() => Ok(Created::AlreadyThere),
            Err(_) => self.replace(target).map(|()| Created::New),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What has this name now may be another's.
        if !self.moved {
            // There is nobody to tell, and the next run clears what is left.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the folders of a path below a root. A link or a file in the way is an error.
pub fn make_folders(root: &Path, below: &Path) -> io::Result<()> {
    let mut folder = root.to_path_buf();
    for part in below.parent().into_iter().flatten() {
        folder.push(part);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => is_folder(&folder)?,
            made => made?,
        }
    }
    Ok(())
}

/// What is known of a file below a root; `NotFound` where there is none. Links are not followed.
pub fn file(root: &Path, below: &Path) -> io::Result<Metadata> {
    let mut folder = root.to_path_buf();
    for part in below.parent().into_iter().flatten() {
        folder.push(part);
        match fs::symlink_metadata(&folder)? {
            found if found.is_dir() => {}
            found if found.is_symlink() => return Err(a_link(&folder)),
            _ => return Err(io::ErrorKind::NotFound.into()),
        }
    }
    let found = fs::symlink_metadata(root.join(below))?;
    if found.is_file() {
        return Ok(found);
    }
    Err(if found.is_symlink() { a_link(&root.join(below)) } else { io::ErrorKind::NotFound.into() })
}

/// Whether a folder below a root is reached without a link: what is written there must stay there.
pub fn real_folder(root: &Path, below: &Path) -> io::Result<()> {
    let mut folder = root.to_path_buf();
    below.iter().try_for_each(|part| {
        folder.push(part);
        is_folder(&folder)
    })
}

fn is_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)? {
        found if found.is_dir() => Ok(()),
        found if found.is_symlink() => Err(a_link(path)),
        _ => Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("{} is a file, so nothing can lie below it", path.display()),
        )),
    }
}

fn a_link(path: &Path) -> io::Error {
    let what = format!("{} is a link, and none is followed; put the file itself there", path.display());
    io::Error::new(io::ErrorKind::NotADirectory, what)
}

//! `tarn push`: new and changed files of a folder go to landing.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tarn_aws::S3;
use tarn_core::ports::{Content, Object, ObjectStore};
use tarn_lake::{Bucket, Lake, Matched};

use crate::account::Account;
use crate::arguments::{Common, Push};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project::Project;

const UPLOADS_AT_ONCE: usize = 4;

/// What S3 takes in one request.
const LARGEST_BYTES: u64 = 5 << 30;

pub async fn run(common: &Common, options: &Push) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let files = files_below(&options.dir)?;
    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let store = S3::new(&account.config);
    let landing = account.names.bucket(&Bucket::Landing);

    let landed = store.list(&landing, "").await?;
    let landed: HashMap<&str, &Object> = landed.iter().map(|object| (object.key.as_str(), object)).collect();
    let spinner = spinner();
    let pushes =
        files.iter().map(|file| push(&store, &landing, file, landed.get(file.key.as_str()).copied()));
    let pushed: Vec<(&LocalFile, bool)> = stream::iter(pushes)
        .buffer_unordered(UPLOADS_AT_ONCE)
        .inspect_ok(|(file, sent)| {
            if *sent {
                spinner.suspend(|| console::note(format!("  {} ({} bytes)", file.key, file.size_bytes)));
            }
        })
        .try_collect()
        .await?;
    spinner.finish_and_clear();

    warn_of_strays(&project.lake, &files);
    print(common, &pushed);
    Ok(exit::done_if(true))
}

/// A file to push.
struct LocalFile {
    path: PathBuf,
    key: String,
    size_bytes: u64,
    modified_millis: i64,
}

/// All files below a folder in order of their keys. Hidden ones and links are left out.
fn files_below(folder: &Path) -> Result<Vec<LocalFile>, Failure> {
    let unreadable = |path: &Path, error: io::Error| {
        Failure::bad_input(format!("{} cannot be read: {error}", path.display()))
    };
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(|error| unreadable(&next, error))? {
            let entry = entry.map_err(|error| unreadable(&next, error))?;
            let path = entry.path();
            let metadata = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                found.push(local_file(folder, path, &metadata)?);
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

fn local_file(folder: &Path, path: PathBuf, metadata: &fs::Metadata) -> Result<LocalFile, Failure> {
    let below = path.strip_prefix(folder).unwrap_or(&path);
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    let key = parts
        .ok_or_else(|| Failure::bad_input(format!("the name of {} is not UTF-8; rename it", path.display())))?
        .join("/");
    if metadata.len() > LARGEST_BYTES {
        return Err(Failure::bad_input(format!(
            "{} has {} bytes; S3 takes at most {LARGEST_BYTES} in one request: split it, or compress it",
            path.display(),
            metadata.len(),
        )));
    }
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(LocalFile {
        key,
        size_bytes: metadata.len(),
        modified_millis: modified.map_or(i64::MAX, |since| since.as_millis() as i64),
        path,
    })
}

/// Pushes a file unless landing has it. Size and time decide where they can; a file that is
/// younger and of the same size is compared by content.
async fn push<'f>(
    store: &S3,
    landing: &str,
    file: &'f LocalFile,
    landed: Option<&Object>,
) -> Result<(&'f LocalFile, bool), Failure> {
    let same_size = landed.is_some_and(|object| object.size_bytes == file.size_bytes);
    let older = landed.is_some_and(|object| file.modified_millis <= object.modified_millis);
    if same_size && older {
        return Ok((file, false));
    }
    let unreadable =
        |error: io::Error| Failure::failed(format!("{} cannot be read: {error}", file.path.display()));
    let fingerprint = content_hash(&file.path).map_err(unreadable)?;
    if same_size && store.fingerprint(landing, &file.key).await?.as_deref() == Some(&fingerprint) {
        return Ok((file, false));
    }
    let content = Content::File(File::open(&file.path).map_err(unreadable)?);
    store.replace(landing, &file.key, content, &fingerprint).await?;
    Ok((file, true))
}

fn content_hash(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn warn_of_strays(lake: &Lake, files: &[LocalFile]) {
    for file in files {
        let matched: Vec<Matched> =
            lake.tables.iter().filter_map(|table| table.files.matches(&file.key)).collect();
        if matched.iter().any(|matched| !matches!(matched.day, Some(Err(_)))) {
            continue;
        }
        let fault = match matched.first().and_then(|matched| matched.day) {
            Some(Err(impossible)) => format!("fits a table, but {impossible}"),
            _ => "belongs to no table".into(),
        };
        console::warning(format!("{} {fault}; the pipeline will skip it", file.key));
    }
}

fn print(common: &Common, pushed: &[(&LocalFile, bool)]) {
    let sent: Vec<&LocalFile> = pushed.iter().filter(|(_, sent)| *sent).map(|(file, _)| *file).collect();
    let bytes: u64 = sent.iter().map(|file| file.size_bytes).sum();
    let unchanged = pushed.len() - sent.len();
    if common.json {
        let keys: Vec<&str> = sent.iter().map(|file| file.key.as_str()).collect();
        console::json(&serde_json::json!({ "pushed": keys, "bytes": bytes, "unchanged": unchanged }));
    } else {
        console::result(format!("pushed {} files ({bytes} bytes), {unchanged} unchanged", sent.len()));
    }
}

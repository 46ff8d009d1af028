//! A key as the path of a file, and back. Every key has one path and every path one key.
//!
//! An ordinary key is its own path, so that people and other readers find what they look for. A part
//! between slashes that no file can be called by becomes one or more names that begin with `%~`: no
//! Hive folder does, since there `%` stands before two hexadecimal digits.

use std::path::{Component, Path, PathBuf};

use tarn_core::{Error, Kind, Result};

/// Begins a name that is not the part itself.
const MARK: &str = "%~";
/// Behind the mark: the end of a key ...
const END: &str = "=";
/// ... the end of a part that others follow, so that `a/` and `a//b` do not meet ...
const FOLDER: &str = ":";
/// ... or a piece that the next name goes on with.
const PIECE: &str = "+";

/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// Where the object of a key lies below its bucket's folder. Never outside of it.
pub fn path_of(key: &str) -> Result<PathBuf> {
    let refused = |why| Err(Error::new(Kind::Invalid, format!("{key:?} cannot be a key: {why}")));
    if key.is_empty() {
        return refused("it is empty");
    }
    if key.contains('\0') {
        return refused("it holds a zero byte");
    }
    let (head, last) = key.rsplit_once('/').map_or((None, key), |(head, last)| (Some(head), last));
    let mut path = head.map_or_else(PathBuf::new, folders);
    path.extend(names_of(last, END));
    Ok(path)
}

/// The folder below which all keys with a prefix lie.
pub fn folder_of(prefix: &str) -> PathBuf {
    prefix.rsplit_once('/').map_or_else(PathBuf::new, |(head, _)| folders(head))
}

fn folders(head: &str) -> PathBuf {
    head.split('/').flat_map(|part| names_of(part, FOLDER)).collect()
}

/// The key of a path below a bucket's folder; nothing for one that no key leads to.
pub fn key_of(path: &Path) -> Option<String> {
    let mut key = String::new();
    let mut goes_on = true;
    for (place, component) in path.components().enumerate() {
        let Component::Normal(name) = component else { return None };
        let name = name.to_str()?;
        if place > 0 && !goes_on {
            key.push('/');
        }
        let marked = name.strip_prefix(MARK).and_then(|rest| rest.split_at_checked(1));
        goes_on = marked.is_some_and(|(kind, _)| kind == PIECE);
        key.push_str(marked.map_or(name, |(_, piece)| piece));
    }
    (path_of(&key).ok()? == path).then_some(key)
}

/// What a part between slashes is called.
fn names_of(part: &str, end: &str) -> Vec<String> {
    if is_name(part) {
        return vec![part.to_owned()];
    }
    let room = LONGEST_NAME - MARK.len() - PIECE.len();
    let mut rest = part;
    let mut names = Vec::new();
    while rest.len() > room {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(room));
        names.push(format!("{MARK}{PIECE}{piece}"));
        rest = behind;
    }
    names.push(format!("{MARK}{end}{rest}"));
    names
}

/// Whether a file can be called so.
fn is_name(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME && !part.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(key: &str) -> PathBuf {
        let path = path_of(key).unwrap();
        assert_eq!(key_of(&path).as_deref(), Some(key), "{path:?}");
        for component in path.components() {
            let Component::Normal(name) = component else { panic!("{key:?} has {component:?}") };
            assert!((1..=LONGEST_NAME).contains(&name.len()), "{key:?}: {name:?}");
        }
        path
    }

    #[test]
    fn ordinary_keys_are_paths() {
        for key in [
            "events/part-0123.parquet",
            "events/event=a%2Fb/day=__HIVE_DEFAULT_PARTITION__/part-0123.parquet",
            "a b+c&d=e;f?g#h'i\"j.csv",
            "line\nbreak\\and -rf",
            "-rf",
            "e\u{301}/\u{e9}",
            ".hidden/...",
            "100%.csv",
        ] {
            assert_eq!(there_and_back(key), Path::new(key));
        }
    }

    #[test]
    fn what_no_file_is_called_stays_below_its_folder() {
        for (key, path) in [
            ("/a", "%~:/a"),
            ("a/", "a/%~="),
            ("a//b", "a/%~:/b"),
            ("/", "%~:/%~="),
            (".", "%~=."),
            ("../../etc/passwd", "%~:../%~:../etc/passwd"),
            ("%~=a", "%~=%~=a"),
            ("a/./b", "a/%~:./b"),
        ] {
            assert_eq!(there_and_back(key), Path::new(path));
        }
    }

    #[test]
    fn long_keys_are_cut_between_characters() {
        for key in ["x".repeat(1024), "\u{1f30a}".repeat(256), format!("a/{}/b", "\u{e4}".repeat(500))] {
            there_and_back(&key);
        }
        assert_eq!(there_and_back(&"x".repeat(255)), Path::new(&"x".repeat(255)));
    }

    #[test]
    fn different_keys_have_different_paths() {
        let mut keys: Vec<String> =
            ["", ".", "..", "%~=", "%~+", "%~", "a", "%~=a"].map(str::to_owned).into();
        keys.extend([252, 253, 255, 256, 300].map(|n| "y".repeat(n)));
        let pairs = keys.iter().flat_map(|a| keys.iter().map(move |b| format!("{a}/{b}")));
        let all: Vec<String> = pairs.chain(keys.iter().filter(|key| !key.is_empty()).cloned()).collect();
        let paths: std::collections::HashSet<PathBuf> = all.iter().map(|key| there_and_back(key)).collect();
        let keys: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(paths.len(), keys.len());
    }

    #[test]
    fn a_path_that_no_key_has_is_none() {
        for path in ["%~=a", "%~+abc", "%~", "%~x/a", "a/%~+b/c", "../a", "/a"] {
            assert_eq!(key_of(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn no_key_is_empty_or_holds_a_zero() {
        assert!(path_of("").is_err());
        assert!(path_of("a\0b").is_err());
    }
}

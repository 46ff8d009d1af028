//! The handlers' archive for Lambda.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use object::elf::FileHeader64;
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, elf};
use zip::write::SimpleFileOptions;

/// The newest glibc that `provided.al2023` has.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

/// Zips a stripped copy of the binary as `bootstrap`.
pub fn archive(binary: &Path, archive: &Path, for_lambda: bool) -> Result<(), String> {
    let stripped = archive.with_extension("bootstrap");
    strip(binary, &stripped)?;
    let bytes = fs::read(&stripped).map_err(|e| format!("{}: {e}", stripped.display()))?;
    let _ = fs::remove_file(&stripped);
    let needed = newest_glibc(&bytes).map_err(|e| format!("{} is no ELF file: {e}", binary.display()))?;
    if let Some(fault) = glibc_fault(needed) {
        if for_lambda {
            return Err(format!("{}: {fault}", binary.display()));
        }
        eprintln!("xtask: {}: {fault}; on this machine it runs", binary.display());
    }
    write(&bytes, archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    println!(
        "{}: {} bytes of code, needs GLIBC_{}.{}, zipped {} bytes",
        archive.display(),
        bytes.len(),
        needed.0,
        needed.1,
        fs::metadata(archive).map(|m| m.len()).unwrap_or_default(),
    );
    Ok(())
}

/// Why Lambda could not load a binary that needs that glibc.
fn glibc_fault((major, minor): (u32, u32)) -> Option<String> {
    let (newest_major, newest_minor) = NEWEST_GLIBC;
    ((major, minor) > NEWEST_GLIBC).then(|| {
        format!(
            "it needs GLIBC_{major}.{minor}, and Amazon Linux 2023 has {newest_major}.{newest_minor}: \
             build on Debian 12 or older, or with zig"
        )
    })
}

/// Debug information is of no use in Lambda and most of the size of a test build.
fn strip(binary: &Path, into: &Path) -> Result<(), String> {
    let status = Command::new("strip").arg("-o").arg(into).arg(binary).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        // A foreign architecture, or no binutils: the profile stripped it, or it stays large.
        _ => fs::copy(binary, into).map(|_| ()).map_err(|e| format!("{}: {e}", binary.display())),
    }
}

/// Fixed times and permissions: the same binary gives the same bytes, and so the same hash.
fn write(bytes: &[u8], archive: &Path) -> Result<(), String> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let partial = archive.with_extension("partial");
    let mut zip = zip::ZipWriter::new(File::create(&partial).map_err(|e| text(&e))?);
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    zip.start_file("bootstrap", options).map_err(|e| text(&e))?;
    zip.write_all(bytes).map_err(|e| text(&e))?;
    zip.finish().map_err(|e| text(&e))?;
    fs::rename(&partial, archive).map_err(|e| text(&e))
}

/// The newest `GLIBC_x.y` that the dynamic linker would have to find.
fn newest_glibc(bytes: &[u8]) -> object::Result<(u32, u32)> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut newest = (0, 0);
    for section in sections.iter() {
        let Some((mut needs, link)) = section.gnu_verneed(endian, bytes)? else { continue };
        let strings = sections.strings(endian, bytes, link)?;
        while let Some((_, mut versions)) = needs.next()? {
            while let Some(version) = versions.next()? {
                let name = version.name(endian, strings)?;
                newest = newest.max(glibc_version(name).unwrap_or_default());
            }
        }
    }
    debug_assert_eq!(elf::SHT_GNU_VERNEED, 0x6fff_fffe);
    Ok(newest)
}

fn glibc_version(name: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = text.split('.').map(|number| number.parse::<u32>());
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_needs_some_glibc() {
        let me = fs::read(std::env::current_exe().unwrap()).unwrap();
        let (major, minor) = newest_glibc(&me).unwrap();
        assert!(major == 2 && minor > 10, "{major}.{minor}");
    }

    #[test]
    fn a_newer_glibc_than_lambda_has_is_a_fault() {
        assert_eq!(glibc_fault((2, 34)), None);
        assert_eq!(glibc_version(b"GLIBC_2.35"), Some((2, 35)));
        assert!(glibc_fault((2, 35)).unwrap().contains("GLIBC_2.35"));
    }

    #[test]
    fn the_same_binary_gives_the_same_archive() {
        let folder = std::env::temp_dir().join(format!("xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one.zip"), folder.join("two.zip"));
        write(b"code", &one).unwrap();
        write(b"code", &two).unwrap();
        assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}

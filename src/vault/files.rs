//! Private files: they appear whole or not at all, never over another, and are read within a bound.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::VaultError;

/// What may be read besides a plain file of the owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// The path is the file itself. For what lives beside the registry.
    Refused,
    /// The path may be a link: Kubernetes gives every secret as one (`master.key -> ..data/master.key`). The rules on
    /// permissions hold for what it points to.
    Followed,
}

/// Why a private file is not read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Missing,
    NotPlain(&'static str),
    TooLong,
    /// Others could read or write it. Found on Unix only.
    #[cfg_attr(not(unix), expect(dead_code, reason = "access lists are not read"))]
    Open {
        mode: u32,
    },
    Io(io::Error),
}

impl Unreadable {
    /// The same, with the names a person needs.
    pub(super) fn at(self, path: &Path, place: &str) -> VaultError {
        let place = place.to_owned();
        match self {
            Self::Missing => VaultError::Missing { place },
            Self::NotPlain(what) => VaultError::Damaged { place, cause: what.into() },
            Self::TooLong => VaultError::Damaged { place, cause: "it is far too long".into() },
            Self::Open { mode } => VaultError::Permissions { path: path.into(), mode },
            Self::Io(source) => VaultError::Io { action: "read", path: path.into(), source },
        }
    }
}

/// Opens a plain file for reading. What was looked at is what was opened: a file put in its place in between is
/// refused, and a pipe is never opened, since that would block.
pub(super) fn open_plain(path: &Path, links: Links) -> Result<File, Unreadable> {
    let looked_at = match links {
        Links::Refused => fs::symlink_metadata(path),
        Links::Followed => fs::metadata(path),
    }
    .map_err(missing_or_io)?;
    if looked_at.file_type().is_symlink() {
        return Err(Unreadable::NotPlain("it is a symbolic link, which is not followed here"));
    }
    if !looked_at.is_file() {
        return Err(Unreadable::NotPlain("it is not a plain file"));
    }
    let file = File::open(path).map_err(missing_or_io)?;
    let opened = file.metadata().map_err(Unreadable::Io)?;
    if !is_same_file(&looked_at, &opened) {
        return Err(Unreadable::NotPlain("it was replaced while it was being opened"));
    }
    Ok(file)
}

fn missing_or_io(error: io::Error) -> Unreadable {
    match error.kind() {
        // A folder that is not there, or a file where a folder should be: the vault is missing all the same.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unreadable::Missing,
        _ => Unreadable::Io(error),
    }
}

#[cfg(unix)]
fn is_same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The standard library shows no stable file identity on this system; making a link there takes a privilege.
#[cfg(not(unix))]
fn is_same_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// Refuses a plain file that others could read or write.
///
/// Accepted: no permission for group and others at all; or the shape in which systemd (`LoadCredential`, whose access
/// list shows as group bits) and Kubernetes (`fsGroup`) hand a secret to a service: owned by root, writable by
/// nobody, readable by owner and group at most. Only root can make such a file, so it was meant.
#[cfg(unix)]
pub(super) fn refuse_if_open(file: &File) -> Result<(), Unreadable> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata().map_err(Unreadable::Io)?;
    let mode = found.mode() & 0o7777;
    if is_private(mode, found.uid()) { Ok(()) } else { Err(Unreadable::Open { mode }) }
}

#[cfg(unix)]
fn is_private(mode: u32, owner: u32) -> bool {
    let closed = mode & !0o7700 == 0;
    let provided_by_root = owner == 0 && mode & !0o440 == 0;
    closed || provided_by_root
}

/// Files under a profile are private by inheritance on this system; the standard library reads no access lists.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
pub(super) fn refuse_if_open(_: &File) -> Result<(), Unreadable> {
    Ok(())
}

/// Reads all of `from` if that is at most `limit` bytes. The buffer never moves, so nothing is left in freed memory.
pub(super) fn read_within(from: &mut dyn Read, limit: usize) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut buffer = Zeroizing::new(vec![0; limit + 1]);
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Unreadable::Io(error)),
        }
    }
    if filled > limit {
        return Err(Unreadable::TooLong);
    }
    buffer.truncate(filled);
    Ok(buffer)
}

/// Makes the folder of a file, and those above it, for its owner alone (0700), where there is none.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder_of(path))
}

/// Makes a file that only its owner can read (0600 from its first instant), durable when this returns.
///
/// # Errors
/// `AlreadyExists` when anything at all is at `path`, a dangling link included. Nothing is left behind on failure.
pub(super) fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    // Its name is guessable, but it is made with O_EXCL and 0600, and a name that is taken is not used.
    let mut draft = tempfile::Builder::new().prefix(".apikey-").suffix(".tmp").tempfile_in(folder)?;
    draft.write_all(contents)?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Removes a file, durably; done as well when there is none.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes, reads and deletes a canary beside `path`.
pub(super) fn probe_beside(path: &Path, canary: &[u8]) -> io::Result<()> {
    let mut file =
        tempfile::Builder::new().prefix(".apikey-").suffix(".canary").tempfile_in(folder_of(path))?;
    file.write_all(canary)?;
    file.as_file().sync_all()?;
    let read = fs::read(file.path())?;
    file.close()?;
    if read == canary { Ok(()) } else { Err(io::Error::other("what was written there does not read back")) }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be synced on this system.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("the test made the folder")
            .map(|entry| entry.expect("an entry is read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_the_owner_or_a_read_only_gift_of_root_is_private() {
        for mode in [0o600, 0o400, 0o700] {
            assert!(is_private(mode, 1000) && is_private(mode, 0), "{mode:o}");
        }
        for mode in [0o440, 0o040] {
            assert!(is_private(mode, 0) && !is_private(mode, 1000), "{mode:o}");
        }
        for mode in [0o644, 0o640, 0o604, 0o444, 0o460, 0o602, 0o666, 0o601, 0o4440] {
            assert!(!is_private(mode, 1000) && !is_private(mode, 0), "{mode:o}");
        }
    }

    #[test]
    fn a_created_file_is_whole_private_and_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("it");
        create(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(names(home.path()), ["it"]);
    }

    #[test]
    fn nothing_is_ever_written_over_another_file_or_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (path, dangling) = (home.path().join("it"), home.path().join("link"));
        create(&path, b"first").unwrap();
        symlink(home.path().join("elsewhere"), &dangling).unwrap();
        for taken in [&path, &dangling] {
            assert_eq!(create(taken, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(home.path()), ["it", "link"]);
    }

    #[test]
    fn of_many_writers_at_once_exactly_one_wins() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("it");
        let won: usize = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8_u8)
                .map(|each| {
                    scope.spawn({
                        let path = &path;
                        move || usize::from(create(path, &[each]).is_ok())
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        assert_eq!((won, names(home.path())), (1, vec!["it".to_owned()]));
    }

    #[test]
    fn a_pipe_or_a_folder_is_refused_without_blocking() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), home.path(), Path::new("/dev/zero")] {
            for links in [Links::Refused, Links::Followed] {
                assert!(
                    matches!(open_plain(path, links), Err(Unreadable::NotPlain(_))),
                    "{}",
                    path.display()
                );
            }
        }
    }

    #[test]
    fn reading_stops_one_byte_past_the_limit() {
        assert_eq!(read_within(&mut [7; 10].as_slice(), 10).unwrap().as_slice(), [7; 10]);
        assert!(matches!(read_within(&mut [7; 11].as_slice(), 10), Err(Unreadable::TooLong)));
        assert!(matches!(read_within(&mut io::repeat(7), 10), Err(Unreadable::TooLong)));
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        probe_beside(&home.path().join("it"), b"canary").unwrap();
        assert!(names(home.path()).is_empty());
        assert!(probe_beside(&home.path().join("no/folder"), b"canary").is_err());
    }
}

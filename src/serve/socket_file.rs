//! A socket file: it appears with its permissions and a listener behind it, in nobody's place, and goes with its server.

use std::fs::Permissions;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::listen::ListenError;

/// A socket file that we made, removed when it is dropped.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: another file of the name is not ours to remove.
    identity: Option<(u64, u64)>,
}

impl SocketFile {
    pub(super) fn make(path: &Path, mode: u32) -> Result<(UnixListener, Self), ListenError> {
        let refused = |error| ListenError::Refused { place: format!("unix:{}", path.display()), error };
        let path = std::path::absolute(path).map_err(refused)?;
        let folder = path.parent().ok_or_else(|| refused(Error::from(ErrorKind::InvalidInput)))?;
        // Under another name first: nobody meets a socket with other permissions, or without a listener.
        let bound = tempfile::Builder::new().prefix(".").make_in(folder, |new| UnixListener::bind(new));
        let mut bound = bound.map_err(refused)?;
        std::fs::set_permissions(bound.path(), Permissions::from_mode(mode)).map_err(refused)?;
        for is_last in [false, true] {
            match bound.persist_noclobber(&path) {
                Ok(listener) => return Ok((listener, Self { identity: identity(&path), path })),
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists && !is_last => {
                    bound = error.file;
                    remove_stale(&path)?;
                }
                Err(error) => return Err(refused(error.error)),
            }
        }
        Err(ListenError::InUse(path))
    }

    /// As [`Self::make`] would, of its folder and what stands there. One at which somebody listens may be the server that
    /// is to be replaced.
    pub(super) fn refuse_impossible(path: &Path) -> Result<(), ListenError> {
        let refused = |error| ListenError::Refused { place: format!("unix:{}", path.display()), error };
        let path = std::path::absolute(path).map_err(refused)?;
        let folder = path.parent().ok_or_else(|| refused(Error::from(ErrorKind::InvalidInput)))?;
        // It is bound under another name, of as many letters.
        SocketAddr::from_pathname(folder.join(".abcdef")).map_err(refused)?;
        if !std::fs::metadata(folder).map_err(refused)?.is_dir() {
            return Err(refused(Error::from(ErrorKind::NotADirectory)));
        }
        accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(|error| refused(error.into()))?;
        is_there(&path).map(drop)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // A file that stays is stale, and replaced by the next server.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

/// Whether a socket file stands there; any other file is in the way.
fn is_there(path: &Path) -> Result<bool, ListenError> {
    match std::fs::symlink_metadata(path) {
        Ok(data) if data.file_type().is_socket() => Ok(true),
        Ok(_) => Err(ListenError::NoSocket(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ListenError::Refused { place: format!("unix:{}", path.display()), error }),
    }
}

/// Removes a socket file that a server left behind.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let refused = |error| ListenError::Refused { place: format!("unix:{}", path.display()), error };
    if !is_there(path)? {
        return Ok(());
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(refused)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // Also one that we may not ask, or that is too busy to answer.
        Ok(_) | Err(_) => Err(ListenError::InUse(path.to_owned())),
    }
}

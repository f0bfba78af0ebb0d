//! The file of the counters: which one it is, whose, and room for it on the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::{Counters, LAYOUT, Word};
use crate::registry::sqlite::watch::FileIdentity;

/// This run of the machine; where it cannot be told, nothing is counted in memory.
pub(in crate::registry::sqlite) fn boot() -> Option<String> {
    // On another system anybody may have made a file of that name.
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What the header must say.
pub(super) struct Expected {
    boot: u64,
    registry: FileIdentity,
}

impl Expected {
    pub(super) fn of(registry: &Path) -> io::Result<Option<Self>> {
        let Some(boot) = boot() else { return Ok(None) };
        let hash = Sha256::digest(boot.as_bytes());
        let boot = hash[..8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        Ok(Some(Self { boot, registry: FileIdentity::of(registry)? }))
    }

    pub(super) fn words(&self) -> [(Word, u64); 3] {
        let FileIdentity(device, file) = self.registry;
        [(Word::Boot, self.boot), (Word::Device, device), (Word::File, file)]
    }

    pub(super) fn is_in(&self, counters: &Counters) -> bool {
        counters.header(Word::Layout).load(Ordering::Acquire) == LAYOUT
            && self
                .words()
                .iter()
                .all(|(word, value)| counters.header(*word).load(Ordering::Acquire) == *value)
    }
}

pub(super) fn beside(registry: &Path) -> PathBuf {
    let mut path = registry.as_os_str().to_owned();
    path.push("-counters");
    path.into()
}

/// For us alone, and never through a link.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// Refuses a file that others can write: what it says would be theirs, and cut short it would end the process.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix"))]
pub(super) fn check_private(file: &File, registry: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let data = file.metadata()?;
        let is_owned = [rustix::process::geteuid().as_raw(), std::fs::symlink_metadata(registry)?.uid()]
            .contains(&data.uid());
        if !data.is_file() || !is_owned || data.mode() & 0o077 != 0 || data.nlink() > 1 {
            return Err(io::Error::other("others on this machine can use them"));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, registry);
    Ok(())
}

/// Whether the open file is still the one under that name.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let named = std::fs::symlink_metadata(path);
        let (Ok(open), Ok(named)) = (file.metadata(), named) else { return false };
        open.dev() == named.dev() && open.ino() == named.ino()
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        false
    }
}

/// Room on the disk, all zero where there was none.
#[cfg(target_os = "linux")]
pub(super) fn reserve(file: &File, offset: u64, length: u64) -> bool {
    rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), offset, length).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn reserve(_: &File, _: u64, _: u64) -> bool {
    false
}

//! What can go wrong with a vault, divided by what the caller can do about it. All of it is exit code 4.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::passphrase_source::PassphraseError;

/// Why the master key could not be read, stored or erased. Holds names and places only, never what was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault can be reached, and no master key is in it.
    #[error("there is no master key in {place}")]
    Missing {
        /// [`super::Vault::describe`].
        place: String,
    },
    /// The keyring is locked and nobody unlocked it.
    #[error("{place} is locked")]
    Locked {
        /// [`super::Vault::describe`].
        place: String,
    },
    /// The passphrase is not the one the file was sealed with; an altered file looks the same.
    #[error("the passphrase does not open {place} (or the file was altered)")]
    WrongPassphrase {
        /// [`super::Vault::describe`].
        place: String,
    },
    /// There was no usable passphrase to try.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// There is a master key, but it is not this registry's.
    #[error("the master key in {place} belongs to another registry")]
    Foreign {
        /// [`super::Vault::describe`].
        place: String,
    },
    /// No answer within the time it was given.
    #[error("{place} did not answer within {} s", waited.as_secs_f32())]
    Hanging {
        /// [`super::Vault::describe`].
        place: String,
        /// How long it was given.
        waited: Duration,
    },
    /// There is no such vault on this machine or in this session.
    #[error("{place} cannot be used: {cause}")]
    Unavailable {
        /// [`super::Vault::describe`].
        place: String,
        /// What the system said.
        cause: String,
    },
    /// A master key is there, and is never replaced.
    #[error("a master key is already in {place}")]
    AlreadyThere {
        /// [`super::Vault::describe`].
        place: String,
    },
    /// Others than its owner could read or write the file.
    #[error("`{}` is open to others (mode {mode:04o})", shown(path))]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What is stored is not something this program wrote.
    #[error("{place} is damaged: {cause}")]
    Damaged {
        /// [`super::Vault::describe`].
        place: String,
        /// What is wrong with it; never its contents.
        cause: String,
    },
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", shown(path))]
    Io {
        /// What was tried: "read", "write", "erase".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl VaultError {
    /// A name that scripts can rely on: `error.code` in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "vault_missing",
            Self::Locked { .. } => "vault_locked",
            Self::WrongPassphrase { .. } => "vault_wrong_passphrase",
            Self::Passphrase(_) => "vault_passphrase",
            Self::Foreign { .. } => "vault_foreign",
            Self::Hanging { .. } => "vault_hanging",
            Self::Unavailable { .. } => "vault_unavailable",
            Self::AlreadyThere { .. } => "vault_already_there",
            Self::Permissions { .. } => "vault_permissions",
            Self::Damaged { .. } => "vault_damaged",
            Self::Io { .. } => "vault_io",
        }
    }

    /// Whether the same call may well succeed later with nothing changed but the vault's own state.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::Hanging { .. })
    }

    /// What to do next, with the exact command.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => {
                "run as the user (and in the kind of session) that ran `apikey init`, or bring it back from a backup; of a \
                 key file that is elsewhere say where (`--master-key-file PATH`, APIKEY_MASTER_KEY_FILE)"
                    .into()
            }
            Self::Locked { .. } => UNLOCK.into(),
            Self::WrongPassphrase { .. } => {
                "try again, or name the passphrase with `--passphrase-file PATH`".into()
            }
            Self::Passphrase(error) => error.hint(),
            Self::Foreign { .. } => {
                "name the registry it belongs to with `--registry PATH`, or bring back this \
                 registry's own master key; see `apikey doctor`"
                    .into()
            }
            Self::Hanging { .. } => format!("it may be waiting to be unlocked: {UNLOCK}"),
            Self::Unavailable { .. } => {
                "a new registry can do without: `apikey init --vault file` (a passphrase) or \
                 `apikey init --vault keyfile` (servers, CI); for an existing one see `apikey doctor`"
                    .into()
            }
            Self::AlreadyThere { .. } => {
                "use the registry it belongs to (`apikey doctor`), or make the new one \
                 elsewhere with `apikey init --registry PATH`"
                    .into()
            }
            Self::Permissions { path, .. } => format!(
                "run `chmod 600 {}`; in Kubernetes set `defaultMode: 0400`, in a compose file `mode: 0400`",
                quoted(path)
            ),
            Self::Damaged { .. } => "bring it back from a backup; see `apikey doctor`".into(),
            Self::Io { .. } => "see `apikey doctor`".into(),
        }
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
const UNLOCK: &str = "unlock it by logging in to the desktop, or without one by \
     `gnome-keyring-daemon --unlock` with its password on stdin, then try again";
#[cfg(target_os = "macos")]
const UNLOCK: &str = "run `security unlock-keychain`, then try again";
#[cfg(windows)]
const UNLOCK: &str = "log in interactively, then try again";

/// A path as one line that cannot write to the terminal.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// A path as one word of a shell command.
fn quoted(path: &Path) -> String {
    let shown = shown(path);
    shell_words::quote(&shown).into_owned()
}

/// Text from outside as one line that cannot write to the terminal, cut at 300 characters.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(300).map(|each| if is_printable(each) { each } else { '\u{fffd}' }).collect()
}

/// Neither a control character nor one that turns or hides its neighbours.
fn is_printable(each: char) -> bool {
    !each.is_control()
        && !matches!(each, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_quotes_the_path_for_the_shell() {
        let error = VaultError::Permissions { path: "/srv/my keys/$x".into(), mode: 0o644 };
        assert!(error.hint().starts_with("run `chmod 600 '/srv/my keys/$x'`"), "{}", error.hint());
        assert_eq!(error.to_string(), "`/srv/my keys/$x` is open to others (mode 0644)");
    }

    #[test]
    fn a_path_cannot_write_to_the_terminal() {
        let error = VaultError::Permissions { path: "/a\u{1b}[2J\u{202e}\n".into(), mode: 0o644 };
        for text in [error.to_string(), error.hint()] {
            assert!(!text.chars().any(|each| each.is_control() || each == '\u{202e}'), "{text:?}");
        }
    }
}

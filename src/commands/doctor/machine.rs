//! The file, its folder, and the vault.

use std::path::Path;

use super::{FindingView, Registry, Session, failed, ok, problem};
use crate::crypto::Subkeys;
use crate::domain::text::shell_word;
use crate::registry::Identity;
use crate::registry::sqlite::SqliteRegistry;
use crate::vault::VaultKind;

/// Whether others could read or write the registry, or put another in its place.
///
/// A folder that others may list is none of that, and may be everybody's: what is advised is run as root.
#[cfg(unix)]
pub(super) fn permissions(registry: &Path) -> Vec<FindingView> {
    use std::os::unix::fs::MetadataExt;

    const OTHERS: u32 = 0o077;
    const OWNER: u32 = 0o600;
    const OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.mode());
    let mut open = Vec::new();
    let mut mend = Vec::new();
    let mut note = |path: &Path, change: &str| {
        open.push(format!("{} has mode {:04o}", path.display(), mode(path) & 0o7777));
        mend.push(format!("chmod {change} {}", shell_word(&path.to_string_lossy())));
    };
    let folder = registry.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if mode(folder) & OTHERS_WRITE != 0 && mode(folder) & STICKY == 0 {
        note(folder, "go-w");
    }
    let mut is_shut = false;
    for end in ["", "-wal", "-shm", "-counters"] {
        let path = std::path::PathBuf::from(format!("{}{end}", registry.display()));
        // What is not there can be made. Counters that others can use are refused by whoever opens them.
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let cannot_be_written = metadata.mode() & OWNER != OWNER;
        is_shut |= cannot_be_written;
        if cannot_be_written || (end != "-counters" && metadata.mode() & OTHERS != 0) {
            note(&path, "600");
        }
    }
    if open.is_empty() {
        return vec![ok("permissions", "only you can read the registry")];
    }
    let what = if is_shut { "nothing can be written, or others have access" } else { "others have access" };
    vec![problem("permissions", format!("{what}: {}", open.join(", ")), &mend.join(" && "))]
}

/// Not looked at here: access lists are the platform's.
#[cfg(not(unix))]
pub(super) fn permissions(_registry: &Path) -> Vec<FindingView> {
    Vec::new()
}

/// What the storage says of its own file, and whether rows can be added to it.
pub(super) fn integrity(registry: &SqliteRegistry) -> FindingView {
    match registry.integrity() {
        Ok(lines) if lines.is_empty() => numbers(registry),
        Ok(lines) => {
            let first: Vec<String> = lines.into_iter().take(5).collect();
            problem(
                "integrity",
                format!("the registry's file is damaged: {}", first.join("; ")),
                "copy the file away and restore a backup; do not go on writing to it",
            )
        }
        Err(error) => failed("integrity", &error.into()),
    }
}

fn numbers(registry: &SqliteRegistry) -> FindingView {
    let found = registry.is_out_of_numbers().and_then(|numbers| Ok((numbers, registry.is_out_of_places()?)));
    let edited = |what: &str, hint: &str| {
        problem("integrity", format!("the registry's file was altered outside apikey: {what}"), hint)
    };
    match found {
        Ok((false, false)) => ok("integrity", "the registry's file is sound"),
        Ok((true, _)) => edited(
            "hardly a number is left for a further change, and without one there is none",
            "see with `apikey log` what was changed last, restore a backup, and change that again",
        ),
        Ok((false, true)) => edited(
            "no place is left for a further key, and one without a place is known to no server",
            "restore a backup, and make again what was made since; `apikey log` has it",
        ),
        Err(error) => failed("integrity", &error.into()),
    }
}

/// Whether all that servers counted can be read: one piece that cannot be stops every sum.
pub(super) fn usage(registry: &SqliteRegistry, path: &Path) -> FindingView {
    match registry.unreadable_usage() {
        Ok(numbers) if numbers.is_empty() => ok("usage", "all that servers counted can be read"),
        Ok(numbers) => {
            let list = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            let path = path.to_string_lossy();
            let sql = format!("DELETE FROM usage_batch WHERE number IN ({list})");
            problem(
                "usage",
                format!(
                    "{} pieces of what servers counted were altered outside apikey, so usage cannot be summed",
                    numbers.len()
                ),
                &format!("without what is in them: sqlite3 {} '{sql}'", shell_word(&path)),
            )
        }
        Err(error) => failed("usage", &error.into()),
    }
}

/// Whether something can be kept in the vault, and whether what is kept there is this registry's master key.
pub(super) fn vault(
    identity: &Identity,
    findings: &mut Vec<FindingView>,
    session: &mut Session<'_, '_>,
) -> Option<Subkeys> {
    let kind = match identity.vault_kind.parse::<VaultKind>() {
        Ok(kind) => kind,
        Err(error) => {
            findings.push(problem("vault", error.to_string(), "restore a backup of the registry"));
            return None;
        }
    };
    let probed = session.with_vault(kind, &identity.id, |vault, rng| {
        vault.probe(rng).map(|()| (vault.load().is_ok(), vault.describe()))
    });
    match probed {
        Ok((is_there, place)) => {
            let done = match kind {
                // One that is provided lies where nobody writes, and that is how it should be.
                VaultKind::Keyfile if is_there => "it can be read",
                VaultKind::Keyfile => {
                    "it is not there, and a file was written, read and deleted in its place"
                }
                VaultKind::File => "its form is right, and a file was written, read and deleted beside it",
                VaultKind::Keyring => "an entry was written, read and deleted",
            };
            findings.push(ok("vault_probe", format!("{done}: {place}")));
        }
        Err(error) => findings.push(failed("vault_probe", &error)),
    }
    match session.unlock(identity) {
        Ok(keys) => {
            findings.push(ok("vault", format!("`{kind}` opens and holds this registry's master key")));
            Some(keys)
        }
        Err(error) => {
            findings.push(failed("vault", &error));
            None
        }
    }
}

//! The file, its folder, and the vault.

use std::path::Path;

use super::{FindingView, Registry, Session, failed, ok, problem};
use crate::crypto::Subkeys;
use crate::registry::Identity;
use crate::vault::VaultKind;

/// Whether others could read or write the registry.
#[cfg(unix)]
pub(super) fn permissions(registry: &Path) -> Vec<FindingView> {
    use std::os::unix::fs::MetadataExt;

    let mut open = Vec::new();
    let mut seen = false;
    let beside = |end: &str| std::path::PathBuf::from(format!("{}{end}", registry.display()));
    let files = ["", "-wal", "-shm"].map(beside);
    for path in registry.parent().into_iter().chain(files.iter().map(std::path::PathBuf::as_path)) {
        if let Ok(metadata) = std::fs::metadata(path) {
            seen |= path == registry;
            if metadata.mode() & 0o077 != 0 {
                open.push(format!("{} has mode {:04o}", path.display(), metadata.mode() & 0o7777));
            }
        }
    }
    if open.is_empty() {
        return seen.then(|| ok("permissions", "only you can read the registry")).into_iter().collect();
    }
    let folder = registry.parent().unwrap_or(Path::new(".")).to_string_lossy();
    let folder = shell_words::quote(&folder);
    let hint = format!("chmod 700 {folder} && chmod 600 {folder}/registry.db*");
    let hint = hint.replace("registry.db", &registry.file_name().unwrap_or_default().to_string_lossy());
    vec![problem("permissions", format!("others have access: {}", open.join(", ")), &hint)]
}

/// Not looked at here: access lists are the platform's.
#[cfg(not(unix))]
pub(super) fn permissions(_registry: &Path) -> Vec<FindingView> {
    Vec::new()
}

/// What the storage says of its own file.
pub(super) fn integrity(registry: &dyn Registry) -> FindingView {
    match registry.integrity() {
        Ok(lines) if lines.is_empty() => ok("integrity", "the registry's file is sound"),
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
    let probed =
        session.with_vault(kind, &identity.id, |vault, rng| vault.probe(rng).map(|()| vault.describe()));
    match probed {
        Ok(place) => {
            findings.push(ok("vault_probe", format!("an entry was written, read and deleted: {place}")));
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

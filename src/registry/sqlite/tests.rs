//! What only the file has: permissions, links, damage, crashes, and other processes.

use super::*;
use crate::domain::party::PartyKind;
use crate::domain::samples;
use crate::domain::secret::Brand;
use crate::registry::{Change, Identity, RegistryError};

pub(super) fn identity() -> Identity {
    Identity {
        id: "0123456789AB".to_owned(),
        brand: Brand::default(),
        vault_kind: "keyfile".to_owned(),
        check_value: [9; 32],
        created_at: Instant::from_seconds(samples::NOW),
    }
}

pub(super) fn create(path: &Path) -> Result<SqliteRegistry> {
    let parties = [samples::party(PartyKind::Owner), samples::party(PartyKind::Project)];
    SqliteRegistry::create(path, &identity(), &Change { new_parties: &parties, ..Change::default() })
}

#[test]
fn a_registry_is_found_again_as_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/registry.db");
    assert!(matches!(SqliteRegistry::open(&path), Err(RegistryError::NotThere(_))));
    let mut made = create(&path).unwrap();
    let key = samples::key("ci");
    made.apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    let opened = SqliteRegistry::open(&path).unwrap();
    assert_eq!(opened.identity().unwrap(), identity());
    let found = opened.find_secret(key.secrets[0].id).unwrap().unwrap();
    assert_eq!(found.key.id, key.id);
    assert_eq!(opened.integrity().unwrap(), Vec::<String>::new());
}

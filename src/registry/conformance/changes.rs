//! A change is made whole or not at all, and never over somebody else's.

use super::*;
use crate::domain::event::chain;
use crate::domain::key::{Kept, KeySecret, LastUse};
use crate::domain::scope::Scopes;
use crate::domain::seal::Seal;
use crate::domain::secret::SecretId;
use crate::registry::RememberedRequest;

for_every_backend! {
    a_conflict_changes_nothing_at_all,
    removing_a_key_read_before_a_change_is_a_conflict,
    an_owner_or_project_changed_meanwhile_is_a_conflict,
    an_owner_or_project_that_is_not_there_is_a_conflict,
    secrets_that_are_gone_from_a_key_are_removed,
    a_secret_can_be_added_after_an_older_one_was_removed,
    a_use_recorded_meanwhile_survives_a_change_read_before_it,
    an_older_use_does_not_replace_a_newer_one,
    a_secret_used_meanwhile_is_not_revoked_as_if_it_never_was,
    a_request_id_is_taken_once_and_free_again_when_it_is_forgotten,
    the_state_of_a_key_is_that_of_the_newest_event_under_seal,
    the_log_is_one_chain,
    the_log_is_sealed_when_the_audit_key_is_there,
    sealed_copies_are_erased_from_the_second_their_secret_ends,
    nothing_is_erased_by_a_change_without_an_instant,
}

fn noted(key: &Key, note: &str) -> Key {
    Key { note: Some(note.parse().unwrap()), ..key.clone() }
}

fn a_conflict_changes_nothing_at_all(registry: &mut dyn Ledger) {
    let keys = [samples::key("one"), samples::key("two")];
    insert(registry, &keys).unwrap();
    replace(registry, &[noted(&keys[1], "first")]).unwrap();
    let before = [stored(registry, keys[0].id), stored(registry, keys[1].id)].map(|key| picture(&key));
    let change = Change {
        insert: &[samples::key("three")],
        replace: &[noted(&keys[0], "mine"), noted(&keys[1], "mine")],
        new_parties: &[Party::new(PartyKind::Owner, "new".parse().unwrap(), at(0))],
        targets: vec![(keys[0].id, "{}".into())],
        events: vec![event(&keys[0], Action::KeyChanged, 1)],
        ..Change::default()
    };
    assert!(matches!(registry.apply(&change), Err(RegistryError::Conflict(id)) if id == keys[1].id));
    let after = [stored(registry, keys[0].id), stored(registry, keys[1].id)].map(|key| picture(&key));
    assert_eq!(before, after);
    assert_eq!(names(registry, &Filter::default()), ["two", "one"]);
    assert_eq!(all_events(registry).len(), 3);
    assert_eq!(registry.parties(PartyKind::Owner).unwrap().len(), 1);
    assert!(registry.target(keys[0].id).unwrap().is_none());
    let newest = stored(registry, keys[1].id);
    replace(registry, &[noted(&newest, "second")]).unwrap();
    assert_eq!(stored(registry, keys[1].id).revision, 3);
}

fn removing_a_key_read_before_a_change_is_a_conflict(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let remove = |revision| Change { remove: vec![(key.id, revision)], ..Change::default() };
    for wrong in [0, 2, u64::MAX] {
        assert!(matches!(registry.apply(&remove(wrong)), Err(RegistryError::Conflict(id)) if id == key.id));
    }
    registry.apply(&remove(1)).unwrap();
    assert!(registry.find_key(key.id).unwrap().is_none());
    assert!(registry.find_secret(key.secrets[0].id).unwrap().is_none());
    assert!(matches!(registry.apply(&remove(1)), Err(RegistryError::Conflict(_))));
    assert!(matches!(replace(registry, std::slice::from_ref(&key)), Err(RegistryError::Conflict(_))));
    assert_eq!(all_events(registry).len(), 1, "the log outlives the key");
}

fn an_owner_or_project_changed_meanwhile_is_a_conflict(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    for kind in [PartyKind::Owner, PartyKind::Project] {
        let read = samples::party(kind);
        let suspended = suspend(registry, &read, 1).unwrap();
        match suspend(registry, &read, 2) {
            Err(RegistryError::PartyConflict { kind: of, name }) => {
                assert_eq!((of, name), (kind.code(), read.name.clone()));
            }
            other => panic!("{other:?}"),
        }
        let change = Change {
            insert: std::slice::from_ref(&key),
            replace_parties: vec![PartyChange { before: read.clone(), after: read.clone() }],
            ..Change::default()
        };
        assert!(registry.apply(&change).is_err(), "resumed by somebody who read it before it was suspended");
        assert_eq!(registry.party(kind, &read.name).unwrap(), Some(suspended.clone()));
        assert!(names(registry, &Filter::default()).is_empty());
        let resealed = Party { seal: Seal::Sealed([9; 32]), ..suspended.clone() };
        let change =
            |before: &Party, after: &Party| PartyChange { before: before.clone(), after: after.clone() };
        let replace_parties = vec![change(&suspended, &resealed)];
        registry.apply(&Change { replace_parties, ..Change::default() }).unwrap();
        let again = vec![change(&suspended, &read)];
        assert!(registry.apply(&Change { replace_parties: again, ..Change::default() }).is_err(), "{kind:?}");
    }
}

fn an_owner_or_project_that_is_not_there_is_a_conflict(registry: &mut dyn Ledger) {
    let ada = Party::new(PartyKind::Owner, "ada".parse().unwrap(), at(0));
    assert!(matches!(suspend(registry, &ada, 1), Err(RegistryError::PartyConflict { kind: "owner", .. })));
    let elsewhere = Party { kind: PartyKind::Project, ..samples::party(PartyKind::Owner) };
    suspend(registry, &elsewhere, 1).unwrap();
    assert!(registry.party(PartyKind::Owner, &elsewhere.name).unwrap().unwrap().suspended_at.is_none());
    assert_eq!(registry.parties(PartyKind::Owner).unwrap().len(), 1);
}

fn secrets_that_are_gone_from_a_key_are_removed(registry: &mut dyn Ledger) {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let gone = key.secrets.pop().unwrap();
    replace(registry, std::slice::from_ref(&key)).unwrap();
    assert!(registry.find_secret(gone.id).unwrap().is_none());
    assert_eq!(stored(registry, key.id).secrets.len(), 1);
}

fn a_secret_can_be_added_after_an_older_one_was_removed(registry: &mut dyn Ledger) {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    insert(registry, std::slice::from_ref(&key)).unwrap();
    key.secrets.remove(0);
    key.add_secret(samples::secret());
    replace(registry, std::slice::from_ref(&key)).unwrap();
    let ids = |key: &Key| key.secrets.iter().map(|secret| secret.id).collect::<Vec<SecretId>>();
    assert_eq!(ids(&stored(registry, key.id)), ids(&key));
}

fn a_use_recorded_meanwhile_survives_a_change_read_before_it(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    use_secret(registry, key.secrets[0].id, at(5), None);
    replace(registry, &[noted(&key, "changed")]).unwrap();
    assert_eq!(stored(registry, key.id).last_use(), Some(LastUse { at: at(5), ip: None }));
}

fn a_secret_used_meanwhile_is_not_revoked_as_if_it_never_was(registry: &mut dyn Ledger) {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    insert(registry, &[key.clone()]).unwrap();
    let new = key.secrets[1].id;
    use_secret(registry, new, at(1), None);
    let revoke = |mut key: Key| {
        key.revoke_secret(new, at(2)).unwrap();
        key
    };
    assert!(matches!(replace(registry, &[revoke(key.clone())]), Err(RegistryError::Conflict(_))));
    let again = stored(registry, key.id);
    assert!(again.secrets[1].revoked_at.is_none() && again.revision == 1);
    use_secret(registry, new, at(3), None);
    replace(registry, &[revoke(again)]).unwrap();
    replace(registry, &[noted(&Key { revision: 2, ..revoke(key) }, "revoked before")]).unwrap();
    assert_eq!(registry.find_secret(new).unwrap().unwrap().key.secrets[1].revoked_at, Some(at(2)));
}

fn an_older_use_does_not_replace_a_newer_one(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    for offset in [5, 4] {
        use_secret(registry, key.secrets[0].id, at(offset), None);
    }
    let last = stored(registry, key.id);
    assert_eq!((last.last_use().unwrap().at, last.revision), (at(5), 1));
    use_secret(registry, samples::secret().id, at(5), None);
}

fn the_state_of_a_key_is_that_of_the_newest_event_under_seal(registry: &mut dyn Ledger) {
    let key = samples::key("one");
    insert(registry, &[key.clone(), samples::key("other")]).unwrap();
    let mut say = |action, after: &Key, offset, is_sealed: bool| {
        let event = Event::on_key(action, &Actor::default(), None, after, at(offset));
        let (events, audit) = (vec![event], audit());
        let audit = Some(&audit);
        registry.apply(&Change { events, audit: audit.filter(|_| is_sealed), ..Change::default() }).unwrap();
        registry.last_state(key.id, audit).unwrap()
    };
    let widened = |key: &Key| Key { scopes: Scopes::new(["*:*".parse().unwrap()]).unwrap(), ..key.clone() };
    let forged = say(Action::KeyCreated, &key, 1, false);
    assert!(!forged.fits(&key), "of no key that nothing under seal is said of");
    let made = say(Action::KeyCreated, &key, 1, true);
    assert!(made.fits(&key) && !made.fits(&widened(&key)));
    for action in [Action::KeyChanged, Action::GraceStarted, Action::KeyEnabled, Action::SecretUsed] {
        let forged = say(action, &widened(&key), 2, false);
        assert!(forged.fits(&key) && !forged.fits(&widened(&key)), "{action:?}");
    }
    // What takes away needs no vault: it proves that, and nothing of the rest.
    let mut less = key.clone();
    less.add_secret(samples::secret());
    let both = say(Action::KeyRotated, &less, 3, true);
    assert!(both.fits(&less) && !both.fits(&key));
    less.revoke_secret(less.secrets[1].id, at(4)).unwrap();
    let whole = Event::on_key(Action::SecretRevoked, &Actor::default(), Some(&key), &less, at(4));
    assert!(whole.changes.iter().any(|change| change.after.as_deref() == Some("revoked")));
    let revoked = say(Action::SecretRevoked, &less, 4, false);
    assert!(revoked.fits(&less) && !revoked.fits(&widened(&less)));
    let mut off = less.clone();
    off.disable(at(5)).unwrap();
    let disabled = say(Action::KeyDisabled, &off, 5, false);
    assert!(disabled.fits(&off) && !disabled.fits(&less) && !disabled.fits(&widened(&off)));
    let mut over = off.clone();
    over.revoke(crate::domain::key::RevokeReason::Other, at(6));
    let over_state = say(Action::KeyRevoked, &over, 6, false);
    assert!(over_state.fits(&over) && !over_state.fits(&off) && !over_state.fits(&key));
    let gone = say(Action::KeyTakenBack, &over, 7, false);
    assert!(!gone.fits(&over));
}

fn a_request_id_is_taken_once_and_free_again_when_it_is_forgotten(registry: &mut dyn Ledger) {
    let keys = [samples::key("one"), samples::key("two")];
    let request = |key: &Key| RememberedRequest {
        id: "build-1".into(),
        fingerprint: [5; 32],
        key: key.id,
        secret: key.secrets[0].id,
        at: at(0),
        seal: Some([6; 32]),
    };
    let change = |place: usize| Change {
        insert: &keys[place..=place],
        remember: vec![request(&keys[place])],
        events: vec![event(&keys[place], Action::KeyCreated, 0)],
        ..Change::default()
    };
    registry.apply(&change(0)).unwrap();
    assert!(matches!(registry.apply(&change(1)), Err(RegistryError::RequestTaken(id)) if id == "build-1"));
    assert_eq!(registry.request("build-1").unwrap(), Some(request(&keys[0])));
    assert_eq!(names(registry, &Filter::default()), ["one"]);
    assert_eq!(all_events(registry).len(), 1);
    registry.apply(&Change { forget_requests: vec!["build-1".into()], ..Change::default() }).unwrap();
    assert_eq!(registry.request("build-1").unwrap(), None);
    registry.apply(&change(1)).unwrap();
}

fn the_log_is_one_chain(registry: &mut dyn Ledger) {
    let keys = [samples::key("one"), samples::key("two")];
    insert(registry, &keys).unwrap();
    replace(registry, &[noted(&keys[0], "changed")]).unwrap();
    let mut previous = [0; 32];
    for (number, found) in (1..).zip(all_events(registry)) {
        previous = chain(&previous, &found.event);
        assert_eq!((found.number, found.hash, found.seal), (number, previous, None));
    }
    assert_eq!(all_events(registry)[1].event, event(&keys[1], Action::KeyCreated, 0));
    assert_eq!(all_events(registry).len(), 3);
}

fn the_log_is_sealed_when_the_audit_key_is_there(registry: &mut dyn Ledger) {
    let key = samples::key("one");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let events = vec![event(&key, Action::KeyChanged, 1)];
    registry.apply(&Change { events, audit: Some(&audit()), ..Change::default() }).unwrap();
    let found = all_events(registry);
    assert_eq!(found[0].seal, None);
    assert_eq!(found[1].seal, Some(audit().tag(&found[1].hash)));
}

fn sealed_copies_are_erased_from_the_second_their_secret_ends(registry: &mut dyn Ledger) {
    let sealed = |expires, retires| KeySecret {
        expires_at: expires,
        retires_at: retires,
        kept: Kept::Sealed(vec![1]),
        ..samples::secret()
    };
    let clear = KeySecret { expires_at: Some(at(1)), kept: Kept::Clear("pk".into()), ..samples::secret() };
    let end = Some(at(100));
    let secrets = vec![
        sealed(end, None),
        sealed(None, end),
        sealed(Some(at(101)), Some(at(101))),
        sealed(None, None),
        clear,
    ];
    let key = Key { secrets, ..samples::key("ci") };
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let mut kept = |now| {
        registry.apply(&Change { now: Some(at(now)), ..Change::default() }).unwrap();
        stored(registry, key.id).secrets.iter().map(|secret| secret.kept != Kept::No).collect::<Vec<_>>()
    };
    assert_eq!(kept(99), [true; 5]);
    assert_eq!(kept(100), [false, false, true, true, true]);
    assert_eq!(kept(101), [false, false, false, true, true]);
}

fn nothing_is_erased_by_a_change_without_an_instant(registry: &mut dyn Ledger) {
    let ended = KeySecret { expires_at: Some(at(-1)), kept: Kept::Sealed(vec![1]), ..samples::secret() };
    let key = Key { secrets: vec![ended], ..samples::key("ci") };
    insert(registry, std::slice::from_ref(&key)).unwrap();
    assert_eq!(stored(registry, key.id).secrets[0].kept, Kept::Sealed(vec![1]));
}

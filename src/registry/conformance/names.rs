//! Names that are in use, and names that look the same.

use super::*;
use crate::domain::key::RevokeReason;

for_every_backend! {
    a_name_is_unique_among_the_live_keys_of_a_project,
    a_name_that_looks_the_same_is_taken_too,
    a_name_is_free_again_after_revocation_and_free_in_other_projects,
    renaming_onto_a_live_name_is_refused_and_changes_nothing,
    an_owner_that_looks_like_another_is_refused,
    a_party_that_is_there_already_is_left_as_it_is,
    an_id_in_use_is_never_overwritten,
    an_id_is_not_given_again_after_what_had_it_was_removed,
    a_key_of_an_owner_or_project_that_is_not_there_is_refused,
    a_name_freed_by_a_change_can_be_taken_by_the_same_change,
    names_are_refused_before_a_change_as_they_are_by_it,
}

fn taken(result: Result<(), RegistryError>) -> [String; 3] {
    match result {
        Err(RegistryError::NameTaken { project, wanted, taken }) => {
            [project, wanted, taken].map(|name| name.to_string())
        }
        other => panic!("{other:?}"),
    }
}

fn a_name_is_unique_among_the_live_keys_of_a_project(registry: &mut dyn Ledger) {
    insert(registry, &[samples::key("ci")]).unwrap();
    assert_eq!(taken(insert(registry, &[samples::key("new"), samples::key("ci")])), ["default", "ci", "ci"]);
    assert_eq!(names(registry, &Filter::default()), ["ci"]);
    assert_eq!(all_events(registry).len(), 1);
}

fn a_name_that_looks_the_same_is_taken_too(registry: &mut dyn Ledger) {
    insert(registry, &[samples::key("paypal")]).unwrap();
    // The second has a Cyrillic `а`.
    for alike in ["PayPal", "p\u{430}ypal"] {
        assert_eq!(taken(insert(registry, &[samples::key(alike)])), ["default", alike, "paypal"]);
    }
}

fn a_name_is_free_again_after_revocation_and_free_in_other_projects(registry: &mut dyn Ledger) {
    let project = Party::new(PartyKind::Project, "shop".parse().unwrap(), at(0));
    let elsewhere = Key { project: project.name.clone(), ..samples::key("ci") };
    let mut first = samples::key("ci");
    let keys = [first.clone(), elsewhere];
    registry.apply(&Change { insert: &keys, new_parties: &[project], ..Change::default() }).unwrap();
    first.revoke(RevokeReason::Leaked, at(1));
    replace(registry, std::slice::from_ref(&first)).unwrap();
    insert(registry, &[samples::key("ci")]).unwrap();
    assert_eq!(names(registry, &Filter::default()), ["ci", "ci", "ci"]);
    let first = stored(registry, first.id);
    replace(registry, &[Key { note: Some("still revoked".parse().unwrap()), ..first }]).unwrap();
}

fn renaming_onto_a_live_name_is_refused_and_changes_nothing(registry: &mut dyn Ledger) {
    let keys = [samples::key("one"), samples::key("two")];
    insert(registry, &keys).unwrap();
    let renamed = Key { name: "ONE".parse().unwrap(), ..keys[1].clone() };
    assert_eq!(taken(replace(registry, &[renamed])), ["default", "ONE", "one"]);
    assert_eq!(picture(&stored(registry, keys[1].id)), picture(&keys[1]));
    let own = Key { name: "TWO".parse().unwrap(), ..keys[1].clone() };
    replace(registry, &[own]).unwrap();
    assert_eq!(names(registry, &Filter::default()), ["TWO", "one"]);
}

fn an_owner_that_looks_like_another_is_refused(registry: &mut dyn Ledger) {
    let party = |kind, name: &str| [Party::new(kind, name.parse().unwrap(), at(0))];
    let alike = party(PartyKind::Owner, "DEFAULT");
    let keys = [Key { owner: alike[0].name.clone(), ..samples::key("ci") }];
    match registry.apply(&Change { insert: &keys, new_parties: &alike, ..Change::default() }) {
        Err(RegistryError::PartyLooksAlike { kind: "owner", wanted, taken }) => {
            assert_eq!((wanted.as_str(), taken.as_str()), ("DEFAULT", "default"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(registry.parties(PartyKind::Owner).unwrap().len(), 1);
    assert!(names(registry, &Filter::default()).is_empty());
    let both = [party(PartyKind::Owner, "shop"), party(PartyKind::Project, "Shop")].concat();
    registry.apply(&Change { new_parties: &both, ..Change::default() }).unwrap();
}

fn a_party_that_is_there_already_is_left_as_it_is(registry: &mut dyn Ledger) {
    let suspended = suspend(registry, &samples::party(PartyKind::Owner), 1).unwrap();
    registry
        .apply(&Change { new_parties: &[samples::party(PartyKind::Owner)], ..Change::default() })
        .unwrap();
    assert_eq!(registry.party(PartyKind::Owner, &suspended.name).unwrap(), Some(suspended));
}

fn an_id_in_use_is_never_overwritten(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let same_id = Key { id: key.id, ..samples::key("other") };
    assert!(matches!(insert(registry, &[same_id]), Err(RegistryError::IdTaken)));
    let same_secret = Key { secrets: key.secrets.clone(), ..samples::key("other") };
    assert!(matches!(insert(registry, &[same_secret]), Err(RegistryError::IdTaken)));
    assert_eq!(picture(&stored(registry, key.id)), picture(&key));
    assert_eq!(names(registry, &Filter::default()), ["ci"]);
}

fn a_name_freed_by_a_change_can_be_taken_by_the_same_change(registry: &mut dyn Ledger) {
    let [mut revoked, removed] = [samples::key("revoked"), samples::key("removed")];
    insert(registry, &[revoked.clone(), removed.clone()]).unwrap();
    revoked.revoke(crate::domain::key::RevokeReason::Superseded, at(1));
    let change = Change {
        insert: &[samples::key("revoked"), samples::key("removed")],
        replace: &[revoked],
        remove: vec![(removed.id, 1)],
        ..Change::default()
    };
    registry.apply(&change).unwrap();
    assert_eq!(names(registry, &Filter::default()), ["removed", "revoked", "revoked"]);
}

fn an_id_is_not_given_again_after_what_had_it_was_removed(registry: &mut dyn Ledger) {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let rotated_out = key.secrets.remove(0);
    replace(registry, &[key.clone()]).unwrap();
    let again = Key { secrets: vec![rotated_out], ..samples::key("other") };
    assert!(matches!(insert(registry, &[again]), Err(RegistryError::IdTaken)), "of a secret");
    registry.apply(&Change { remove: vec![(key.id, 2)], ..Change::default() }).unwrap();
    let again = Key { id: key.id, ..samples::key("other") };
    assert!(matches!(insert(registry, &[again]), Err(RegistryError::IdTaken)), "of a key");
    let again = Key { secrets: key.secrets, ..samples::key("other") };
    assert!(matches!(insert(registry, &[again]), Err(RegistryError::IdTaken)), "of a removed key's secret");
    insert(registry, &[samples::key("other")]).unwrap();
}

fn a_key_of_an_owner_or_project_that_is_not_there_is_refused(registry: &mut dyn Ledger) {
    let nobody: crate::domain::name::Name = "nobody".parse().unwrap();
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    for stranger in [
        Key { owner: nobody.clone(), ..samples::key("other") },
        Key { project: nobody.clone(), ..samples::key("other") },
    ] {
        assert!(matches!(insert(registry, &[stranger]), Err(RegistryError::Storage(_))));
    }
    let moved = Key { owner: nobody, ..key };
    assert!(replace(registry, &[moved]).is_err());
    assert_eq!(names(registry, &Filter::default()), ["ci"]);
}

fn names_are_refused_before_a_change_as_they_are_by_it(registry: &mut dyn Ledger) {
    let mut keys = [samples::key("one"), samples::key("two"), samples::key("gone")];
    insert(registry, &keys).unwrap();
    keys[2].revoke(RevokeReason::Unused, at(1));
    replace(registry, &keys[2..]).unwrap();
    let named = |name: &str, key: &Key| [Key { name: name.parse().unwrap(), ..key.clone() }];
    let owner = |name: &str| [Party::new(PartyKind::Owner, name.parse().unwrap(), at(0))];
    let [one, two, gone] = keys.map(|key| stored(registry, key.id));
    let refused: [(&[Key], &[Key], &[Party]); 4] = [
        (&[samples::key("TWO")], &[], &[]),
        (&[samples::key("tw\u{043e}")], &[], &owner("acme")),
        (&[], &named("TWO", &one), &[]),
        (&[], &[], &owner("DEFAULT")),
    ];
    for (insert, replace, new_parties) in refused {
        let change = Change { insert, replace, new_parties, ..Change::default() };
        let told = registry.check_names(&change).unwrap_err().to_string();
        assert_eq!(told, registry.apply(&change).unwrap_err().to_string());
    }
    let accepted: [(&[Key], &[Key], &[Party]); 6] = [
        (&[samples::key("three")], &[], &owner("acme")),
        (&[samples::key("gone")], &[], &[]),
        (&[Key { revoked: gone.revoked, ..samples::key("ONE") }], &[], &[]),
        (&[], &named("ONE", &one), &[]),
        (&[], &named("two", &gone), &owner("default")),
        (&[], &named("two", &two), &[]),
    ];
    for (insert, replace, new_parties) in accepted {
        let change = Change { insert, replace, new_parties, ..Change::default() };
        let before = names(registry, &Filter::default());
        registry.check_names(&change).unwrap();
        assert_eq!(names(registry, &Filter::default()), before);
        registry.apply(&change).unwrap();
    }
}

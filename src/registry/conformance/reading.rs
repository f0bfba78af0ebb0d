//! Listings: their order, their limits and what they count.

use super::*;
use crate::domain::key::RevokeReason;
use crate::registry::DefinedScope;
use std::ops::ControlFlow;

for_every_backend! {
    keys_are_listed_newest_first_with_their_secrets_in_order,
    a_limit_counts_what_matches,
    keys_are_found_by_what_their_names_and_ids_begin_with,
    an_owner_or_project_is_summed_up_alone_as_among_all,
    a_listing_stops_when_told_to,
    keys_of_a_suspended_owner_are_listed_as_suspended,
    parties_count_only_keys_that_are_not_revoked,
    a_target_is_replaced_and_goes_with_its_key,
    defined_scopes_are_listed_in_order_and_can_be_removed,
    events_are_told_apart_by_each_filter,
    the_last_events_are_still_oldest_first,
}

fn keys_are_listed_newest_first_with_their_secrets_in_order(registry: &mut dyn Ledger) {
    let mut keys = ["one", "two", "three"].map(samples::key);
    (0..2).for_each(|_| keys[1].add_secret(samples::secret()));
    insert(registry, &keys).unwrap();
    let mut seen = Vec::new();
    let mut visit = |listed: crate::registry::Listed| {
        seen.push(picture(&listed.key));
        ControlFlow::Continue(())
    };
    registry.list(&Filter::default(), at(0), &mut visit).unwrap();
    assert_eq!(seen, keys.iter().rev().map(picture).collect::<Vec<_>>());
}

fn a_limit_counts_what_matches(registry: &mut dyn Ledger) {
    let mut keys = ["a", "b", "c", "d"].map(samples::key);
    keys[2].tags.insert("x".parse().unwrap());
    keys[0].tags.insert("x".parse().unwrap());
    insert(registry, &keys).unwrap();
    let limited = |tag: Option<&str>, limit| {
        let tag = tag.map(|tag| tag.parse().unwrap());
        names(registry, &Filter { tag, limit: Some(limit), ..Filter::default() })
    };
    assert!(limited(None, 0).is_empty());
    assert_eq!(limited(None, 2), ["d", "c"]);
    assert_eq!(limited(None, 9), ["d", "c", "b", "a"]);
    assert_eq!(limited(Some("x"), 1), ["c"]);
    assert_eq!(limited(Some("x"), 2), ["c", "a"]);
    let named = |name: &str| Filter { name: Some(name.parse().unwrap()), ..Filter::default() };
    assert_eq!(names(registry, &named("a")), ["a"]);
    assert!(names(registry, &named("A")).is_empty(), "exact");
}

fn keys_are_found_by_what_their_names_and_ids_begin_with(registry: &mut dyn Ledger) {
    let mut keys =
        ["web", "web-1", "we\u{e9}", "\u{9375}-a", "\u{9375}\u{1f511}", "W-b", "x"].map(samples::key);
    keys[6].add_secret(samples::secret());
    insert(registry, &keys).unwrap();
    let named =
        |begins: &str| names(registry, &Filter { name_begins: Some(begins.to_owned()), ..Filter::default() });
    assert_eq!(named("we"), ["we\u{e9}", "web-1", "web"]);
    assert_eq!(named("web"), ["web-1", "web"]);
    assert_eq!(named("\u{9375}"), ["\u{9375}\u{1f511}", "\u{9375}-a"]);
    assert_eq!((named("").len(), named("w%").len(), named("web-11").len()), (7, 0, 0));
    let of_id =
        |begins: &str| names(registry, &Filter { id_begins: Some(begins.to_owned()), ..Filter::default() });
    for secret in &keys[6].secrets {
        assert_eq!(
            (of_id(&secret.id.as_str()[..9]), of_id(secret.id.as_str())),
            (vec!["x".into()], vec!["x".into()])
        );
    }
    assert_eq!(of_id(&keys[0].id.bare()[..9]), ["web"]);
    assert_eq!((of_id("").len(), of_id("key_").len()), (7, 0));
    registry.apply(&Change { targets: vec![(keys[1].id, "{}".into())], ..Change::default() }).unwrap();
    assert_eq!(names(registry, &Filter { has_target: true, ..Filter::default() }), ["web-1"]);
}

fn an_owner_or_project_is_summed_up_alone_as_among_all(registry: &mut dyn Ledger) {
    let mut keys = ["a", "b"].map(samples::key);
    keys[1].revoke(RevokeReason::Unused, at(1));
    insert(registry, &keys).unwrap();
    for kind in [PartyKind::Owner, PartyKind::Project] {
        let summary = |name: &str| registry.party_summary(kind, &name.parse().unwrap()).unwrap();
        let found = summary("default").unwrap();
        assert_eq!((found.keys, found.party.name.as_str()), (1, "default"));
        assert!(summary("Default").is_none() && summary("other").is_none());
    }
}

fn a_listing_stops_when_told_to(registry: &mut dyn Ledger) {
    insert(registry, &["a", "b", "c"].map(samples::key)).unwrap();
    let mut seen = 0;
    let mut visit = |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    registry.list(&Filter::default(), at(0), &mut visit).unwrap();
    assert_eq!(seen, 1);
    let mut seen = 0;
    let mut visit = |_| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    registry.events(&EventFilter::default(), &mut visit).unwrap();
    assert_eq!(seen, 2);
}

fn keys_of_a_suspended_owner_are_listed_as_suspended(registry: &mut dyn Ledger) {
    let ada = Party::new(PartyKind::Owner, "ada".parse().unwrap(), at(0));
    let keys = [samples::key("other"), Key { owner: ada.name.clone(), ..samples::key("hers") }];
    registry
        .apply(&Change { insert: &keys, new_parties: std::slice::from_ref(&ada), ..Change::default() })
        .unwrap();
    let suspended = Filter { statuses: vec![crate::domain::key::KeyStatus::Suspended], ..Filter::default() };
    assert!(names(registry, &suspended).is_empty());
    suspend(registry, &ada, 0).unwrap();
    assert_eq!(names(registry, &suspended), ["hers"]);
}

fn parties_count_only_keys_that_are_not_revoked(registry: &mut dyn Ledger) {
    let ada = Party::new(PartyKind::Owner, "ada".parse().unwrap(), at(0));
    let mut keys = ["a", "b", "c", "d"].map(samples::key);
    keys[0].owner = ada.name.clone();
    keys[1].revoke(RevokeReason::Other, at(0));
    keys[2].disable(at(0)).unwrap();
    registry.apply(&Change { insert: &keys, new_parties: &[ada], ..Change::default() }).unwrap();
    let counts = |kind| {
        let parties = registry.parties(kind).unwrap().into_iter();
        parties.map(|summary| (summary.party.name.to_string(), summary.keys)).collect::<Vec<_>>()
    };
    assert_eq!(counts(PartyKind::Owner), [("ada".to_owned(), 1), ("default".to_owned(), 2)]);
    assert_eq!(counts(PartyKind::Project), [("default".to_owned(), 3)]);
}

fn a_target_is_replaced_and_goes_with_its_key(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    let save = |target: &str| Change { targets: vec![(key.id, target.into())], ..Change::default() };
    registry.apply(&Change { insert: std::slice::from_ref(&key), ..save("{}") }).unwrap();
    assert_eq!(registry.target(key.id).unwrap().as_deref(), Some("{}"));
    registry.apply(&save("{\"url\":1}")).unwrap();
    replace(registry, std::slice::from_ref(&key)).unwrap();
    assert_eq!(registry.target(key.id).unwrap().as_deref(), Some("{\"url\":1}"));
    registry.apply(&Change { remove: vec![(key.id, 2)], ..Change::default() }).unwrap();
    assert_eq!(registry.target(key.id).unwrap(), None);
    assert!(matches!(registry.apply(&save("{}")), Err(RegistryError::Conflict(id)) if id == key.id));
}

fn defined_scopes_are_listed_in_order_and_can_be_removed(registry: &mut dyn Ledger) {
    let scope = |text: &str, description: Option<&str>| DefinedScope {
        scope: text.parse().unwrap(),
        description: description.map(Into::into),
    };
    let define = |scopes: &[DefinedScope]| Change { define_scopes: scopes.to_vec(), ..Change::default() };
    assert!(registry.defined_scopes().unwrap().is_empty());
    registry.apply(&define(&[scope("users:read", None), scope("orders:read", Some("old"))])).unwrap();
    registry.apply(&define(&[scope("orders:read", Some("new"))])).unwrap();
    let both = [scope("orders:read", Some("new")), scope("users:read", None)];
    assert_eq!(registry.defined_scopes().unwrap(), both);
    let undefine_scopes = vec!["orders:read".parse().unwrap(), "no:such".parse().unwrap()];
    registry.apply(&Change { undefine_scopes, ..Change::default() }).unwrap();
    assert_eq!(registry.defined_scopes().unwrap(), both[1..]);
}

fn three_events(registry: &mut dyn Ledger) -> [Key; 2] {
    let keys = [samples::key("one"), samples::key("two")];
    let mut by_bob = event(&keys[1], Action::KeyRevoked, 20);
    by_bob.actor = Actor { user: "bob".into(), ..Actor::default() };
    let events =
        vec![event(&keys[0], Action::KeyCreated, 0), event(&keys[1], Action::KeyCreated, 10), by_bob];
    registry.apply(&Change { events, ..Change::default() }).unwrap();
    keys
}

fn numbers(registry: &dyn Ledger, filter: &EventFilter) -> Vec<u64> {
    events(registry, filter).into_iter().map(|event| event.number).collect()
}

fn events_are_told_apart_by_each_filter(registry: &mut dyn Ledger) {
    let keys = three_events(registry);
    let all = EventFilter::default;
    assert_eq!(numbers(registry, &all()), [1, 2, 3]);
    assert_eq!(numbers(registry, &EventFilter { key: Some(keys[1].id), ..all() }), [2, 3]);
    assert_eq!(numbers(registry, &EventFilter { action: Some(Action::KeyCreated), ..all() }), [1, 2]);
    assert_eq!(numbers(registry, &EventFilter { user: Some("bob".into()), ..all() }), [3]);
    assert_eq!(numbers(registry, &EventFilter { user: Some("' OR 1 --".into()), ..all() }), [0_u64; 0]);
    assert_eq!(numbers(registry, &EventFilter { since: Some(at(10)), ..all() }), [2, 3]);
    assert_eq!(numbers(registry, &EventFilter { since: Some(at(11)), ..all() }), [3]);
    assert_eq!(numbers(registry, &EventFilter { until: Some(at(10)), ..all() }), [1]);
    assert_eq!(numbers(registry, &EventFilter { until: Some(at(11)), ..all() }), [1, 2]);
    let window = EventFilter { since: Some(at(10)), until: Some(at(20)), key: Some(keys[1].id), ..all() };
    assert_eq!(numbers(registry, &window), [2]);
}

fn the_last_events_are_still_oldest_first(registry: &mut dyn Ledger) {
    three_events(registry);
    let last = |last| EventFilter { last: Some(last), ..EventFilter::default() };
    assert_eq!(numbers(registry, &last(2)), [2, 3]);
    assert!(numbers(registry, &last(0)).is_empty());
    assert_eq!(numbers(registry, &last(9)), [1, 2, 3]);
    let created = EventFilter { action: Some(Action::KeyCreated), ..last(1) };
    assert_eq!(numbers(registry, &created), [2]);
}

//! Whether a key is to be listed: one answer for all backends.

use super::{Filter, Listed};
use crate::domain::key::KeyStatus;
use crate::domain::time::Instant;

impl Filter {
    /// Whether a key is to be listed: everything given holds, but for `has_target`, which only the backend knows.
    #[must_use]
    pub fn matches(&self, listed: &Listed, now: Instant) -> bool {
        let Listed { key, suspended } = listed;
        let is = |wanted: &Option<_>, value| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let status = key.status(*suspended, now);
        let is_live = !matches!(status, KeyStatus::Revoked | KeyStatus::Expired);
        (self.statuses.is_empty() || self.statuses.contains(&status))
            && is(&self.owner, &key.owner)
            && is(&self.project, &key.project)
            && is(&self.name, &key.name)
            && self.name_begins.as_ref().is_none_or(|begins| key.name.as_str().starts_with(begins))
            && self.id_begins.as_ref().is_none_or(|begins| {
                let mut secrets = key.secrets.iter();
                key.id.bare().starts_with(begins) || secrets.any(|one| one.id.as_str().starts_with(begins))
            })
            && self.kind.is_none_or(|kind| kind == key.kind)
            && self.env.is_none_or(|env| env == key.env)
            && self.scope.as_ref().is_none_or(|scope| key.scopes.cover(scope))
            && self.tag.as_ref().is_none_or(|tag| key.tags.contains(tag))
            && self.expiring_within.is_none_or(|span| {
                is_live
                    && key
                        .expires_at()
                        .is_some_and(|end| now.checked_add(span).is_none_or(|horizon| end <= horizon))
            })
            && self.unused_for.is_none_or(|span| {
                let since = key.last_use().map_or(key.created_at, |last| last.at.max(key.created_at));
                is_live && since <= now.saturating_sub(span)
            })
            && (!self.due || (is_live && key.due_at().is_some_and(|due| due <= now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::{Key, LastUse, Revocation, RevokeReason};
    use crate::domain::samples::{self, NOW};
    use crate::domain::scope::Scopes;
    use crate::domain::secret::{Env, Kind};
    use crate::domain::time::Span;

    fn at(offset: i64) -> Instant {
        Instant::from_seconds(NOW + offset)
    }

    fn listed(key: &Key) -> Listed {
        Listed { key: key.clone(), suspended: false }
    }

    fn hour() -> Span {
        Span::from_seconds(3600).unwrap()
    }

    #[test]
    fn a_filter_that_names_nothing_lists_everything() {
        let mut key = samples::key("ci");
        key.revoke(RevokeReason::Other, at(0));
        assert!(Filter::default().matches(&listed(&key), at(0)));
    }

    #[test]
    fn expiring_within_an_hour_takes_in_the_last_second_of_it_and_nothing_dead_or_endless() {
        let filter = Filter { expiring_within: Some(hour()), ..Filter::default() };
        let mut key = samples::key("ci");
        let mut ends = |end, now| {
            key.secrets[0].expires_at = end;
            filter.matches(&listed(&key), at(now))
        };
        assert!(ends(Some(at(3600)), 0));
        assert!(!ends(Some(at(3601)), 0));
        assert!(ends(Some(at(3600)), 3599));
        assert!(!ends(Some(at(3600)), 3600), "over already");
        assert!(!ends(None, 0), "never over");
    }

    #[test]
    fn a_horizon_beyond_the_last_year_takes_in_every_end_there_is() {
        let filter = Filter { expiring_within: Some("7999y".parse().unwrap()), ..Filter::default() };
        let mut key = samples::key("ci");
        assert!(filter.matches(&listed(&key), at(0)));
        key.secrets[0].expires_at = None;
        assert!(!filter.matches(&listed(&key), at(0)));
    }

    #[test]
    fn unused_for_an_hour_counts_from_the_last_use_or_else_from_creation() {
        let filter = Filter { unused_for: Some(hour()), ..Filter::default() };
        let mut key = samples::key("ci");
        assert!(!filter.matches(&listed(&key), at(3599)));
        assert!(filter.matches(&listed(&key), at(3600)));
        key.secrets[0].last_use = Some(LastUse { at: at(100), ip: None });
        assert!(!filter.matches(&listed(&key), at(3699)));
        assert!(filter.matches(&listed(&key), at(3700)));
        key.revoked = Some(Revocation { at: at(0), reason: RevokeReason::Unused });
        assert!(!filter.matches(&listed(&key), at(3700)), "revoked already");
    }

    #[test]
    fn a_key_is_due_from_the_second_its_schedule_names() {
        let filter = Filter { due: true, ..Filter::default() };
        let mut key = samples::key("ci");
        assert!(!filter.matches(&listed(&key), at(3600)), "without schedule");
        key.rotate_every = Some(hour());
        assert!(!filter.matches(&listed(&key), at(3599)));
        assert!(filter.matches(&listed(&key), at(3600)));
        key.revoke(RevokeReason::Other, at(0));
        assert!(!filter.matches(&listed(&key), at(3600)));
    }

    #[test]
    fn any_of_the_statuses_named_is_enough_and_suspension_is_one() {
        let filter = Filter { statuses: vec![KeyStatus::Suspended, KeyStatus::Expired], ..Filter::default() };
        let key = samples::key("ci");
        assert!(!filter.matches(&listed(&key), at(0)));
        assert!(filter.matches(&Listed { key: key.clone(), suspended: true }, at(0)));
        let end = key.expires_at().unwrap();
        assert!(!filter.matches(&listed(&key), Instant::from_seconds(end.seconds() - 1)));
        assert!(filter.matches(&listed(&key), end));
    }

    #[test]
    fn a_scope_is_matched_by_what_covers_it_and_not_by_what_it_covers() {
        let filter = |scope: &str| Filter { scope: Some(scope.parse().unwrap()), ..Filter::default() };
        let mut key = samples::key("ci");
        key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap();
        assert!(filter("orders:read").matches(&listed(&key), at(0)));
        assert!(filter("orders:*").matches(&listed(&key), at(0)));
        assert!(!filter("users:read").matches(&listed(&key), at(0)));
        assert!(!filter("*:*").matches(&listed(&key), at(0)));
    }

    #[test]
    fn everything_given_must_hold() {
        let mut key = samples::key("ci");
        key.tags.insert("team".parse().unwrap());
        let all = Filter {
            owner: Some("default".parse().unwrap()),
            project: Some("default".parse().unwrap()),
            name: Some("ci".parse().unwrap()),
            kind: Some(Kind::Private),
            env: Some(Env::Live),
            tag: Some("team".parse().unwrap()),
            ..Filter::default()
        };
        assert!(all.matches(&listed(&key), at(0)));
        let other = || Some("other".parse().unwrap());
        for wrong in [
            Filter { owner: other(), ..all.clone() },
            Filter { project: other(), ..all.clone() },
            Filter { name: other(), ..all.clone() },
            Filter { tag: other(), ..all.clone() },
            Filter { kind: Some(Kind::Publishable), ..all.clone() },
            Filter { env: Some(Env::Test), ..all.clone() },
        ] {
            assert!(!wrong.matches(&listed(&key), at(0)), "{wrong:?}");
        }
    }
}

//! Which keys a listing shows: judged here, with the domain's own functions, whatever the backend.

use super::Filter;
use crate::domain::key::{Key, KeyStatus};
use crate::domain::lifetime::has_ended;
use crate::domain::time::Instant;

impl Filter {
    /// Whether `key` is listed at `now`; `suspended` says so of its owner or project.
    #[must_use]
    pub fn admits(&self, key: &Key, suspended: bool, now: Instant) -> bool {
        self.admits_identity(key) && self.admits_state(key, key.status(suspended, now), now)
    }

    fn admits_identity(&self, key: &Key) -> bool {
        self.owner.as_ref().is_none_or(|owner| *owner == key.owner)
            && self.project.as_ref().is_none_or(|project| *project == key.project)
            && self.name.as_ref().is_none_or(|name| *name == key.name)
            && self.kind.is_none_or(|kind| kind == key.kind)
            && self.env.is_none_or(|env| env == key.env)
            && self.tag.as_ref().is_none_or(|tag| key.tags.contains(tag))
            && self.scope.as_ref().is_none_or(|scope| key.scopes.cover(scope))
    }

    fn admits_state(&self, key: &Key, status: KeyStatus, now: Instant) -> bool {
        let is_over = matches!(status, KeyStatus::Revoked | KeyStatus::Expired);
        let asks_for_live = self.expiring_within.is_some() || self.unused_for.is_some() || self.due;
        (self.statuses.is_empty() || self.statuses.contains(&status))
            && !(asks_for_live && is_over)
            && self.expiring_within.is_none_or(|span| {
                // A span that reaches beyond the year 9999 holds every end there is.
                let horizon = now.checked_add(span);
                key.expires_at().is_some_and(|end| horizon.is_none_or(|horizon| end <= horizon))
            })
            && self.unused_for.is_none_or(|span| {
                let touched = key.last_use().map_or(key.created_at, |last| last.at.max(key.created_at));
                has_ended(touched.checked_add(span), now)
            })
            && (!self.due || has_ended(key.due_at(), now))
    }
}

//! Rotation: a key gets a new secret while its old one lives on for a grace, which only ever shortens a life.

use super::key::{Key, KeySecret};
use super::lifetime::earlier;
use super::time::{Instant, Span, TimeError};

/// When the grace of the old secret starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraceStart {
    /// Now.
    Now,
    /// When the new secret is first accepted; until then the old one keeps its full life.
    OnFirstUse,
}

/// How long the old secret is still accepted where nobody says otherwise.
pub const DEFAULT_GRACE: Span = Span::days(7);

/// A grace as it is written: a span, or `0` for none.
///
/// # Errors
/// What is wrong with the span.
pub fn grace(text: &str) -> Result<Span, TimeError> {
    if text == "0" { Ok(Span::ZERO) } else { text.parse() }
}

/// How to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How long the old secret is still accepted.
    pub grace: Span,
    /// From when on.
    pub start: GraceStart,
    /// End what still runs from an earlier rotation, instead of refusing.
    pub force: bool,
}

/// Why a key cannot be rotated, or its rotation not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationRefusal {
    /// Revocation is for good.
    #[error("a revoked key cannot be rotated")]
    Revoked,
    /// Nothing lives that could be continued.
    #[error("an expired key cannot be rotated")]
    Expired,
    /// An earlier rotation is still under way.
    #[error("a rotation is still under way")]
    UnderWay,
    /// None is under way.
    #[error("no rotation of this key is under way")]
    NotUnderWay,
    /// The grace waits for a first use and cannot be lengthened.
    #[error("the grace has not started: the new secret was not used yet")]
    GraceNotStarted,
    /// The new secret is in use.
    #[error("the new secret was already accepted")]
    AlreadyUsed,
    /// Beyond the year 9999.
    #[error("the grace would end beyond the year 9999")]
    TooLong,
}

/// The two secrets of a rotation under way, by their places in [`Key::secrets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// The one that goes.
    pub old: usize,
    /// The one that stays.
    pub new: usize,
}

impl Key {
    /// The rotation under way at `now`: two secrets live.
    #[must_use]
    pub fn rotation(&self, now: Instant) -> Option<UnderWay> {
        let mut live = self.live_places(now).into_iter().rev();
        let new = live.next()?;
        live.next().map(|old| UnderWay { old, new })
    }

    fn live_places(&self, now: Instant) -> Vec<usize> {
        (0..self.secrets.len()).filter(|place| self.secrets[*place].is_live(now)).collect()
    }

    /// Adds `new` and gives the secret in use its end, `min(its own, now + grace)`.
    ///
    /// # Errors
    /// [`RotationRefusal`]; nothing is changed then.
    pub fn rotate(&mut self, mut new: KeySecret, plan: Plan, now: Instant) -> Result<(), RotationRefusal> {
        self.may_rotate(plan, now)?;
        let grace_end = now.checked_add(plan.grace).ok_or(RotationRefusal::TooLong)?;
        let live = self.live_places(now);
        let (current, older) = live.split_last().ok_or(RotationRefusal::Expired)?;
        for place in older {
            let old = &mut self.secrets[*place];
            old.retires_at = earlier(old.retires_at, Some(now));
            old.erase_copy();
        }
        let current = &mut self.secrets[*current];
        current.pending_grace = None;
        current.retires_at_before = current.retires_at;
        match plan.start {
            GraceStart::Now => retire(current, grace_end, now),
            GraceStart::OnFirstUse => new.pending_grace = Some(plan.grace),
        }
        self.add_secret(new);
        Ok(())
    }

    /// Whether [`Key::rotate`] would go through, so that nothing is drawn for a refusal.
    ///
    /// # Errors
    /// [`RotationRefusal`].
    pub fn may_rotate(&self, plan: Plan, now: Instant) -> Result<(), RotationRefusal> {
        if self.revoked.is_some() {
            return Err(RotationRefusal::Revoked);
        }
        match self.live_places(now).len() {
            0 => Err(RotationRefusal::Expired),
            1 => Ok(()),
            _ if plan.force => Ok(()),
            _ => Err(RotationRefusal::UnderWay),
        }
    }

    /// Ends the grace now.
    ///
    /// # Errors
    /// [`RotationRefusal::NotUnderWay`].
    pub fn finish_rotation(&mut self, now: Instant) -> Result<(), RotationRefusal> {
        let UnderWay { old, new } = self.changeable_rotation(now)?;
        self.secrets[new].pending_grace = None;
        retire(&mut self.secrets[old], now, now);
        Ok(())
    }

    /// Lengthens the grace by `span`, never beyond the old secret's own end, nor one that an earlier rotation gave it.
    ///
    /// # Errors
    /// [`RotationRefusal`] when none is under way or its grace has not started.
    pub fn extend_grace(&mut self, span: Span, now: Instant) -> Result<(), RotationRefusal> {
        let UnderWay { old, .. } = self.changeable_rotation(now)?;
        let old = &mut self.secrets[old];
        let end = old.retires_at.ok_or(RotationRefusal::GraceNotStarted)?;
        let end = end.checked_add(span).ok_or(RotationRefusal::TooLong)?;
        old.retires_at = earlier(old.retires_at_before, Some(end));
        Ok(())
    }

    /// Takes the new secret back, which was never accepted, and gives the old one its earlier end.
    ///
    /// # Errors
    /// [`RotationRefusal`] when none is under way or the new secret was accepted.
    pub fn cancel_rotation(&mut self, now: Instant) -> Result<(), RotationRefusal> {
        let UnderWay { old, new } = self.changeable_rotation(now)?;
        if self.secrets[new].last_use.is_some() {
            return Err(RotationRefusal::AlreadyUsed);
        }
        let old = &mut self.secrets[old];
        old.retires_at = old.retires_at_before.take();
        let id = self.secrets[new].id;
        self.revoke_secret(id, now).map_err(|_| RotationRefusal::NotUnderWay)?;
        Ok(())
    }

    /// Notes that the secret at `place` was accepted: if its grace waits for that, it starts now. Not if it was revoked
    /// since, as by the end of its rotation: nothing would be left of the key.
    ///
    /// Says whether anything that is sealed changed.
    pub fn start_grace_on_use(&mut self, place: usize, now: Instant) -> bool {
        if self.revoked.is_some() || !self.secrets[place].is_live(now) {
            return false;
        }
        let Some(grace) = self.secrets[place].pending_grace.take() else { return false };
        // A grace that would end beyond the year 9999 ends with the old secret's own life.
        if let Some(end) = now.checked_add(grace) {
            for old in &mut self.secrets[..place] {
                if old.is_live(now) {
                    retire(old, end, now);
                }
            }
        }
        true
    }

    fn changeable_rotation(&self, now: Instant) -> Result<UnderWay, RotationRefusal> {
        if self.revoked.is_some() {
            return Err(RotationRefusal::Revoked);
        }
        self.rotation(now).ok_or(RotationRefusal::NotUnderWay)
    }
}

/// Gives `secret` an end, or leaves the earlier one it has.
fn retire(secret: &mut KeySecret, end: Instant, now: Instant) {
    secret.retires_at = earlier(secret.retires_at, Some(end));
    if !secret.is_live(now) {
        secret.erase_copy();
    }
}

#[cfg(test)]
mod tests;

//! The shapes of JSON: filled field by field from what the domain holds, so that nothing leaves by accident.
//!
//! Field names, their order and their types are part of the contract: within a major version fields are added only.
//! What is absent is `null`; instants are RFC 3339 in UTC; spans are whole seconds.

mod call;
mod changed;
mod decision;
mod error;
mod event;
mod finding;
mod issued;
mod key;
mod limit;
mod party;
#[cfg(test)]
mod tests;
mod usage;

use std::fmt;

use serde::{Serialize, Serializer};

pub use call::{CallHeader, CallRegistry, CallTimings, CallView, CalledKey};
pub use changed::ChangedView;
pub use decision::{CheckOutcome, CheckView, DecisionView};
pub use error::{ErrorBody, ErrorView};
pub use event::{ActorView, ChangeView, EventView, Hex};
pub use finding::{FindingStatus, FindingView};
pub use issued::{ExposedSecret, IssuedView, RotationView};
pub use key::{KeyView, SecretView, consumer_key};
pub(super) use limit::limits_text;
pub use limit::{LimitView, QuotaView, RateView};
pub use party::{PartyView, ScopeView};
pub use usage::UsageView;

/// A value that goes into JSON as it prints, without a string in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A borrowed collection whose items go into JSON as they print.
#[derive(Debug)]
pub struct Each<'a, C: ?Sized>(pub &'a C);

impl<C: ?Sized> Clone for Each<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for Each<'_, C> {}

impl<'a, C: ?Sized> Each<'a, C>
where
    &'a C: IntoIterator<Item: fmt::Display>,
{
    /// The items, as far as about `enough` bytes, with `separator` between.
    #[must_use]
    pub(super) fn joined(&self, separator: &str, enough: usize) -> String {
        let mut out = String::new();
        for item in self.0 {
            if out.len() > enough {
                break;
            }
            if !out.is_empty() {
                out.push_str(separator);
            }
            out.push_str(&item.to_string());
        }
        out
    }

    /// All of them, with commas between.
    ///
    /// A method, not a function over every `C`: on macOS dependencies bring implementations of `IntoIterator` over
    /// which the compiler does not come to an end in search of that `C`.
    #[must_use]
    pub(super) fn all(&self) -> String {
        self.joined(",", usize::MAX)
    }
}

impl<'a, C: ?Sized> Serialize for Each<'a, C>
where
    &'a C: IntoIterator<Item: fmt::Display>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.into_iter().map(Shown))
    }
}

//! `[connections]` of `serve.toml`: how many clients, how slow, and how much they may send.

use std::time::Duration;

use serde::Deserialize;

/// What keeps one client from costing the others. All of it holds for connections that are made from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tuning {
    /// How many may be open; more wait. Fewer when the system allows fewer files.
    pub most: u32,
    /// How long the first byte, and then the head of a request, may take.
    pub head_seconds: u32,
    /// How long a request may take from its first byte to its answer.
    pub request_seconds: u32,
    /// How long a connection may stay open between two requests, or with an answer that nobody reads.
    pub idle_seconds: u32,
    /// How large the head of a request may be.
    pub head_bytes: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { most: 16_384, head_seconds: 10, request_seconds: 30, idle_seconds: 75, head_bytes: 32 * 1024 }
    }
}

impl Tuning {
    /// The setting that is out of its bounds, with them.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, u32, &'static str)> {
        let settings = [
            ("connections.most", self.most, 1..=1_000_000, "not between 1 and 1000000"),
            ("connections.head_seconds", self.head_seconds, 1..=300, "not between 1 and 300"),
            ("connections.request_seconds", self.request_seconds, 1..=300, "not between 1 and 300"),
            ("connections.idle_seconds", self.idle_seconds, 1..=3600, "not between 1 and 3600"),
            // The parser's own buffer begins at 8 KiB.
            ("connections.head_bytes", self.head_bytes, 8192..=65_536, "not between 8192 and 65536"),
        ];
        let mut wrong = settings.into_iter().filter(|(_, value, bounds, _)| !bounds.contains(value));
        wrong.next().map(|(setting, value, _, why)| (setting, value, why))
    }

    pub(super) fn head_for(&self) -> Duration {
        Duration::from_secs(self.head_seconds.into())
    }

    pub(super) fn request_for(&self) -> Duration {
        Duration::from_secs(self.request_seconds.into())
    }

    pub(super) fn idle_for(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.into())
    }

    /// The shortest of them: a connection is looked at no later than that.
    pub(super) fn shortest(&self) -> Duration {
        self.head_for().min(self.request_for()).min(self.idle_for())
    }

    pub(super) fn most_head_bytes(&self) -> usize {
        usize::try_from(self.head_bytes).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use crate::serve::config::Rules;

    #[test]
    fn a_bound_is_refused_on_either_side_of_what_makes_sense() {
        let said = |setting: &str, value: u32| {
            Rules::parse(&format!("[connections]\n{setting} = {value}")).map_err(|error| error.to_string())
        };
        for (setting, least, most) in [
            ("most", 1, 1_000_000),
            ("head_seconds", 1, 300),
            ("request_seconds", 1, 300),
            ("idle_seconds", 1, 3600),
            ("head_bytes", 8192, 65_536),
        ] {
            assert!(said(setting, least).is_ok() && said(setting, most).is_ok(), "{setting}");
            for value in [least - 1, most + 1] {
                let error = said(setting, value).unwrap_err();
                assert!(
                    error.starts_with(&format!("`connections.{setting}`: `{value}` is not between")),
                    "{error}"
                );
            }
        }
        assert!(said("many", 1).is_err(), "a setting that does not exist");
    }
}

//! Requests summed, as they leave the program.

use serde::Serialize;

use super::Shown;
use crate::domain::key::KeyId;

/// Requests that have one thing in common.
#[derive(Debug, Clone, Serialize)]
pub struct UsageView {
    /// What they are summed by: `day`, `hour`, `scope`, `outcome`, `owner`, `project` or `key`.
    pub by: &'static str,
    /// Which day, hour, scope, … it is; `null` for requests that asked for no scope. A key is `project/name`.
    pub value: Option<String>,
    /// Which key, when summed by keys.
    pub key_id: Option<Shown<KeyId>>,
    /// All.
    pub requests: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were denied.
    pub denied: u64,
    /// The first number as a bar, for people.
    #[serde(skip)]
    pub bar: String,
}

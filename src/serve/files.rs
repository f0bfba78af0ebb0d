//! How many files the process may have open: each connection is one.

/// Files that are no connections: the registry, its WAL and index, the runtime, the listeners.
#[cfg(unix)]
const OTHERS: u64 = 128;

/// Allows as many as the system lets us, and says how many connections that is.
#[must_use]
pub fn allow_most() -> u32 {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
        let connections = now.current.map_or(u64::MAX, |files| files.saturating_sub(OTHERS).max(1));
        u32::try_from(connections).unwrap_or(u32::MAX)
    }
    #[cfg(not(unix))]
    u32::MAX
}

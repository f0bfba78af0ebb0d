//! What a service manager is told (`sd_notify`), if there is one: `Type=notify-reload` of a systemd unit.

#[cfg(unix)]
use sd_notify::NotifyState;

/// Connections are accepted; also after a reload.
pub fn ready() {
    #[cfg(unix)]
    tell(&[NotifyState::Ready]);
}

/// The configuration is read anew.
pub fn reloading() {
    #[cfg(unix)]
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// No further connection is accepted.
pub fn stopping() {
    #[cfg(unix)]
    tell(&[NotifyState::Stopping]);
}

#[cfg(unix)]
fn tell(states: &[NotifyState<'_>]) {
    // A manager that cannot be told acts by its own time limits; requests are answered all the same.
    let _ = sd_notify::notify(states);
}

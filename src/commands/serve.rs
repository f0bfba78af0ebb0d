//! `apikey serve`: answer verifications over HTTP.

mod configuration;
mod places;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::exit::{Exit, Failure};
use crate::host::real::{STDERR_TAKES, stderr_takes_more};
use crate::serve::config::Rules;
use crate::serve::inherited::Inherited;
use crate::serve::journal::{Form, Journal, Level, Requests, Value};
use crate::serve::listen::{Doors, Listen};
use crate::serve::print_config::Proxy;
use crate::serve::signals::{Signal, Signals};
use crate::serve::{Gate, files, manager, serve};
use crate::session::Session;
use crate::verifier::Verifier;

/// Answer over HTTP whether a request may pass
///
/// For a proxy in front of an API (nginx `auth_request`, Traefik, Caddy, Envoy, HAProxy): `/verify`. For programs: `POST
/// /v1/verify`. What the command line changes holds from the next request on. SIGHUP reads the configuration anew, and
/// keeps the old one if it is wrong. SIGTERM and Ctrl-C let requests under way finish; a second one does not wait.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to listen; may be given more than once
    ///
    /// An address, of which port 0 takes any that is free; `unix:/path/to.sock`, a socket file that is removed at the
    /// end; or `systemd`, the sockets that it passed (`LISTEN_FDS`). A peer at a socket file has no address, and may say
    /// who it asks for only if `trusted_proxies` has "unix".
    #[arg(long, value_name = "PLACE", default_value = "127.0.0.1:8719")]
    listen: Vec<Listen>,
    /// Who may open the socket files of `--listen`, in octal [default: 0600]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    socket_mode: Option<u32>,
    /// Trusted proxies, header fields, and what each route needs
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say whether the file of `--config` and the other options are right, and end; nothing is opened
    ///
    /// Not looked at is what shows only when it is opened: the registry, an address that is taken or not of this machine,
    /// the sockets of systemd.
    #[arg(long, requires = "config")]
    check: bool,
    /// Where Prometheus reads `/metrics`; nowhere without this
    ///
    /// Counts by outcome, how long decisions took, connections, reloads; no names of keys or owners. A socket of systemd
    /// that is named `metrics` does the same.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Vec<SocketAddr>,
    /// How to log to standard error; never a secret
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    log: Form,
    /// Which requests have a line of their own in the log
    ///
    /// Those of strangers are summed up every ten seconds, so that nobody can fill the disk.
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Requests::Denied)]
    log_requests: Requests,
    /// Print a working configuration of this proxy, with the settings of `serve.toml` that go with it, and end
    ///
    /// That of HAProxy is two files in one folder: `haproxy` prints `haproxy.cfg`, `haproxy-lua` the `apikey.lua` that it
    /// loads.
    #[arg(
        long,
        value_name = "PROXY",
        value_enum,
        conflicts_with_all = ["check", "config", "socket_mode", "metrics", "log", "log_requests"],
    )]
    print_config: Option<Proxy>,
    /// In a printed configuration: where the proxy listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000", requires = "print_config")]
    proxy_listen: SocketAddr,
    /// In a printed configuration: where the API listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", requires = "print_config")]
    upstream: SocketAddr,
}

impl Arguments {
    /// Whether it ends before it needs a registry.
    pub(crate) fn opens_no_registry(&self) -> bool {
        self.check || self.print_config.is_some()
    }

    /// Refuses, before anything is opened, what could only fail or do nothing.
    fn refuse_impossible(&self) -> Result<(), Failure> {
        if self.log == Form::Off && self.log_requests == Requests::All {
            let failure = Failure::usage("`--log off` says nothing, and so no request either");
            return Err(
                failure.hint("leave out `--log-requests all`, or log with `--log text` or `--log json`")
            );
        }
        places::refuse_impossible(self)
    }
}

/// How often a log that nobody reads is looked at again.
const LOOK: Duration = Duration::from_millis(100);

/// How long the threads of the server may take to notice that it is over.
const CUT_OFF: Duration = Duration::from_secs(5);

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "not permissions in octal, such as 0660".to_owned())
}

/// Runs it until it is told to end.
///
/// # Errors
/// A configuration that cannot be, the vault's, the registry's, and a place that cannot be listened at.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if let Some(proxy) = arguments.print_config {
        return configuration::print(proxy, arguments, session);
    }
    arguments.refuse_impossible()?;
    let config = arguments.config.as_deref();
    let rules = config.map_or_else(|| Ok(Rules::default()), configuration::read)?;
    if let (true, Some(config)) = (arguments.check, config) {
        return configuration::is_right(config, &rules, session);
    }
    let names = session.host.environment.text("LISTEN_FDNAMES").unwrap_or_default();
    let inherited = arguments.listen.contains(&Listen::Systemd).then(|| Inherited::take(names));
    let unlocked = session.unlocked()?;
    let now = Box::new(crate::host::real::now);
    let verifier = Verifier::with_keys(&session.settings.registry, unlocked.keys, now)?;
    let (journal, lines) = Journal::begin(arguments.log, arguments.log_requests, crate::host::real::now);
    let gate = Arc::new(Gate::new(verifier, rules, journal));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let serving = gate.clone();
    runtime.block_on(async {
        let gate = serving;
        // Before anything is announced: whoever reads that may send one at once.
        let signals = Signals::listen()?;
        let doors = places::open(arguments, inherited)?;
        announce(&gate, &doors);
        if let Some(config) = config {
            configuration::warn(config, &gate);
        }
        let end = obey(signals, gate.clone(), arguments.config.clone());
        let most = files::allow_most();
        let served = tokio::spawn(async move { serve(gate, doors, most, end).await });
        manager::ready();
        write_until(served, lines, session).await;
        Ok::<_, anyhow::Error>(())
    })?;
    // A decision that waits for the registry is not waited for any longer.
    runtime.shutdown_timeout(CUT_OFF);
    if let Err(error) = gate.verifier.flush() {
        session.say(&format!("error: what was counted since it could last be written is lost: {error}"))?;
        return Ok(Exit::Registry);
    }
    // By now nobody else has it.
    drop(gate);
    Ok(Exit::Done)
}

fn announce(gate: &Gate, doors: &Doors) {
    let keys = u64::try_from(gate.verifier.keys()).unwrap_or(u64::MAX);
    for (event, listeners) in [("listening", &doors.requests), ("metrics", &doors.metrics)] {
        for listener in listeners {
            let address = listener.address();
            let fields = [("address", Value::Text(&address)), ("keys", Value::Number(keys))];
            gate.journal.say(Level::Info, event, &fields);
        }
    }
}

/// Does what signals say; done when one says to end.
fn obey(
    mut signals: Signals,
    gate: Arc<Gate>,
    config: Option<PathBuf>,
) -> impl Future<Output = ()> + Send + 'static {
    let (ends, ended) = oneshot::channel();
    tokio::spawn(async move {
        while signals.next().await == Signal::Reload {
            manager::reloading();
            reload(&gate, config.as_ref());
            manager::ready();
        }
        manager::stopping();
        // The server ends by this alone, and so it is there.
        let _ = ends.send(());
        while signals.next().await != Signal::End {}
        gate.hurry.notify_one();
    });
    async {
        // Without a sender there is no way left to be told.
        let _ = ended.await;
    }
}

fn reload(gate: &Gate, config: Option<&PathBuf>) {
    match config.map_or_else(|| Ok(Rules::default()), |path| configuration::read_anew(path, gate)) {
        Ok(rules) => {
            gate.replace_rules(rules);
            gate.metrics.reloaded(Ok(()));
            gate.journal.say(Level::Info, "reloaded", &[]);
        }
        Err(failure) => {
            gate.metrics.reloaded(Err(()));
            let error = failure.to_string();
            gate.journal.say(Level::Error, "reload_failed", &[("error", Value::Text(&error))]);
        }
    }
}

/// Writes what the server says until it has ended.
async fn write_until(
    mut served: tokio::task::JoinHandle<()>,
    mut lines: Receiver<String>,
    session: &mut Session<'_, '_>,
) {
    let stream = &mut *session.host.stderr;
    // A log that nobody reads any more is no reason to deny requests, nor to stay when told to end: false is that.
    let mut write = |line: String, has_ended: &dyn Fn() -> bool| {
        for piece in line.as_bytes().chunks(STDERR_TAKES) {
            while !stderr_takes_more(LOOK) {
                if has_ended() {
                    return false;
                }
            }
            drop(stream.write_all(piece).and_then(|()| stream.flush()));
        }
        true
    };
    loop {
        tokio::select! {
            biased;
            Some(line) = lines.recv() => {
                if !write(line, &|| served.is_finished()) {
                    return;
                }
            }
            _ = &mut served => break,
        }
    }
    while let Ok(line) = lines.try_recv()
        && write(line, &|| true)
    {}
}

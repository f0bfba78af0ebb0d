//! `apikey serve`: answer verifications over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::exit::{Exit, Failure};
use crate::serve::config::Rules;
use crate::serve::{Gate, serve};
use crate::session::Session;
use crate::verifier::Verifier;

/// Answer over HTTP whether a request may pass
///
/// For a proxy in front of an API (nginx `auth_request`, Traefik, Caddy, Envoy): `/verify`. For programs: `POST
/// /v1/verify`. What the command line changes holds from the next request on. SIGTERM and Ctrl-C let requests under way
/// finish.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8719")]
    listen: SocketAddr,
    /// Trusted proxies, header fields, and what each route needs
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read the configuration, say whether it is right, and end
    #[arg(long)]
    check: bool,
}

/// Runs it until it is told to end.
///
/// # Errors
/// A configuration that cannot be, the vault's, the registry's, and an address that cannot be listened on.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let rules = rules(arguments)?;
    if arguments.check {
        session.say("the configuration is right")?;
        return Ok(Exit::Done);
    }
    let unlocked = session.unlocked()?;
    let now = Box::new(crate::host::real::now);
    let verifier = Verifier::with_keys(&session.settings.registry, unlocked.keys, now)?;
    let keys = verifier.keys();
    let gate = Arc::new(Gate { verifier, rules });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(arguments.listen).await.map_err(|error| {
            Failure::usage(format!("cannot listen on {}: {error}", arguments.listen))
                .hint("name another with `--listen ADDRESS:PORT`")
        })?;
        let address = listener.local_addr()?;
        session.say(&format!("listening on http://{address}, {keys} keys; Ctrl-C ends it"))?;
        serve(gate, listener, told_to_end()).await.context("the server failed")
    })?;
    Ok(Exit::Done)
}

fn rules(arguments: &Arguments) -> Result<Rules> {
    let Some(path) = &arguments.config else { return Ok(Rules::default()) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("{} cannot be read: {error}", path.display()))
            .hint("name the file with `--config`")
    })?;
    Rules::parse(&text).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Failure::usage(message).hint("see `apikey serve --help`; `apikey serve --check` tries it").into()
    })
}

/// SIGINT or SIGTERM, which a service manager sends.
async fn told_to_end() {
    let interrupted = async {
        // Without the handler there is nothing to wait for, and the default ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! { () = interrupted => {}, _ = terminated.recv() => {} }
            return;
        }
    }
    interrupted.await;
}

//! The least that axum can answer, for `benches/serve.sh` to compare with: `ok`, or an empty answer under `/empty`. Prints
//! where it listens and runs until it is ended.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a program that is measured; nothing of it ships"
)]

use axum::Router;
use axum::routing::any;

fn main() {
    let Some(address) = std::env::args().nth(1).filter(|word| word.contains(':')) else {
        println!("usage: bare ADDRESS:PORT");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let paths =
            Router::new().route("/empty", any(|| async {})).route("/verify/{*rest}", any(|| async { "ok" }));
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        axum::serve(listener, paths).await.unwrap();
    });
}

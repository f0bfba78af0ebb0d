//! Caddy with `forward_auth`.

use crate::contract::{Proxy, holds};

#[test]
#[ignore = "needs caddy"]
fn caddy_passes_what_apikey_accepts_and_nothing_else() {
    holds(&Proxy::new("forwarded"), |stage| {
        let config = stage.printed("caddy");
        let path = stage.write("Caddyfile", &config);
        stage.proxy("caddy", &["run", "--adapter", "caddyfile", "--config", &path]);
    });
}

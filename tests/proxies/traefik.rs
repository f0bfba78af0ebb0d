//! Traefik with `ForwardAuth`.

use std::time::Duration;

use crate::contract::{Proxy, holds};

#[test]
#[ignore = "needs traefik"]
fn traefik_passes_what_apikey_accepts_and_nothing_else() {
    holds(&Proxy::new("forwarded"), |stage| {
        let config = stage.printed("traefik");
        let path = stage.write("apikey.yaml", &config);
        let address = format!("--entrypoints.api.address={}", stage.proxy_address());
        stage.proxy("traefik", &[&address, &format!("--providers.file.filename={path}")]);
        // It listens before it has read what is printed.
        while stage.ask("GET /orders/7", &[]).status == 404 {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

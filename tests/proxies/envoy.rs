//! Envoy with `ext_authz` over HTTP.

use crate::contract::{Proxy, holds};

#[test]
#[ignore = "needs envoy"]
fn envoy_passes_what_apikey_accepts_and_nothing_else() {
    // In an upgraded request it would pass on what a client lists in `Connection`, and so have fields taken away.
    holds(&Proxy { has_websockets: false, ..Proxy::new("path") }, |stage| {
        let config = stage.printed("envoy");
        let path = stage.write("envoy.yaml", &config);
        stage.proxy("envoy", &["-c", &path, "--concurrency", "1", "--disable-hot-restart"]);
    });
}

//! HAProxy with an action in Lua.

use crate::contract::{Proxy, holds};

#[test]
#[ignore = "needs haproxy"]
fn haproxy_passes_what_apikey_accepts_and_nothing_else() {
    holds(&Proxy::new("forwarded"), |stage| {
        for (proxy, file) in [("haproxy", "haproxy.cfg"), ("haproxy-lua", "apikey.lua")] {
            let config = stage.printed(proxy);
            stage.write(file, &config);
        }
        stage.proxy("haproxy", &["-db", "-f", "haproxy.cfg"]);
    });
}

//! Caddy with `forward_auth`.

use crate::stage::Stage;
use crate::{CONFIG, holds};

#[test]
#[ignore = "needs caddy"]
fn caddy_passes_what_apikey_accepts_and_nothing_else() {
    let mut stage = Stage::begin(&format!("original = 'forwarded'\n{CONFIG}"));
    let (port, config) = stage.printed("caddy");
    let path = stage.write("Caddyfile", &config);
    stage.proxy(port, "caddy", &["run", "--adapter", "caddyfile", "--config", &path]);
    holds(&mut stage, 429);
}

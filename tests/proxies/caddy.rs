//! Caddy with `forward_auth`.

use crate::stage::{Stage, free_port};
use crate::{CONFIG, holds};

#[test]
#[ignore = "needs caddy"]
fn caddy_passes_what_apikey_accepts_and_nothing_else() {
    let mut stage = Stage::begin(&format!("original = 'forwarded'\n{CONFIG}"));
    let (port, api, gate) = (free_port(), stage.api, stage.gate);
    let config = format!(
        "{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  forward_auth 127.0.0.1:{gate} {{
    uri /verify
    copy_headers X-Apikey-Id X-Apikey-Name X-Apikey-Owner X-Apikey-Project X-Apikey-Env X-Apikey-Scopes
  }}
  reverse_proxy 127.0.0.1:{api} {{
    header_up -Authorization
  }}
}}
"
    );
    let path = stage.write("Caddyfile", &config);
    stage.proxy(port, "caddy", &["run", "--adapter", "caddyfile", "--config", &path]);
    holds(&stage, 429);
}

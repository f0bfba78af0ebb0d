//! nginx with `auth_request`.

use crate::stage::{Stage, free_port};
use crate::{CONFIG, holds};

#[test]
#[ignore = "needs nginx"]
fn nginx_passes_what_apikey_accepts_and_nothing_else() {
    let mut stage = Stage::begin(&format!("original = 'nginx'\nlimited_status = 403\n{CONFIG}"));
    let (port, api, gate) = (free_port(), stage.api, stage.gate);
    let folder = stage.folder().display().to_string();
    let config = format!(
        "daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      auth_request /_apikey;
      auth_request_set $apikey_name $upstream_http_x_apikey_name;
      auth_request_set $apikey_scopes $upstream_http_x_apikey_scopes;
      proxy_set_header X-Apikey-Name $apikey_name;
      proxy_set_header X-Apikey-Scopes $apikey_scopes;
      proxy_set_header Authorization \"\";
      proxy_pass http://127.0.0.1:{api};
    }}
    location = /_apikey {{
      internal;
      proxy_pass http://127.0.0.1:{gate}/verify;
      proxy_pass_request_body off;
      proxy_set_header Content-Length \"\";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"
    );
    let path = stage.write("nginx.conf", &config);
    stage.proxy(port, "nginx", &["-c", &path, "-e", "stderr"]);
    holds(&stage, 403);
}

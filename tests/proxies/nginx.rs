//! nginx with `auth_request`.

use crate::stage::Stage;
use crate::{CONFIG, holds};

#[test]
#[ignore = "needs nginx"]
fn nginx_passes_what_apikey_accepts_and_nothing_else() {
    let mut stage = Stage::begin(&format!("original = 'nginx'\nlimited_status = 403\n{CONFIG}"));
    let (port, config) = stage.printed("nginx");
    stage.write("nginx.conf", &config);
    let folder = stage.folder().display().to_string();
    stage.proxy(port, "nginx", &["-p", &folder, "-c", "nginx.conf", "-e", "stderr"]);
    holds(&mut stage, 403);
}

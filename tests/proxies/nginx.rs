//! nginx with `auth_request`.

use crate::contract::{Proxy, holds};

#[test]
#[ignore = "needs nginx"]
fn nginx_passes_what_apikey_accepts_and_nothing_else() {
    // It answers 401 and 403 with pages of its own, and removes a field only by its whole name.
    let proxy = Proxy { limited: 403, tells_why: false, removes_by_prefix: false, ..Proxy::new("nginx") };
    holds(&proxy, |stage| {
        let config = stage.printed("nginx");
        stage.write("nginx.conf", &config);
        let folder = stage.folder().display().to_string();
        stage.proxy("nginx", &["-p", &folder, "-c", "nginx.conf", "-e", "stderr"]);
    });
}

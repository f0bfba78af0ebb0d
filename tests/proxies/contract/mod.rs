//! What every proxy has to let pass and hold back. An API behind it believes what it is told of the caller, so nothing
//! of that may come from the client; and what did not pass, it must not see at all.

mod address;
mod credential;
mod framing;
mod gate;
mod identity;
mod request;

use crate::stage::Stage;

/// In what a proxy differs from the others.
pub(crate) struct Proxy {
    /// Where it tells method and path.
    pub(crate) original: &'static str,
    /// The status of a request over its limit.
    pub(crate) limited: u16,
    /// Whether it passes on the fields and the body of a denial.
    pub(crate) tells_why: bool,
    /// Whether nothing that begins with `X-Apikey-` comes from a client, or only none of what apikey says.
    pub(crate) removes_by_prefix: bool,
    /// Whether a connection may become a WebSocket.
    pub(crate) has_websockets: bool,
}

impl Proxy {
    pub(crate) fn new(original: &'static str) -> Self {
        Self { original, limited: 429, tells_why: true, removes_by_prefix: true, has_websockets: true }
    }

    fn config(&self) -> String {
        let Self { original, limited, .. } = self;
        format!(
            "trusted_proxies = ['127.0.0.1']\noriginal = '{original}'\nlimited_status = {limited}\n\
             key_headers = ['x-api-key']\n"
        )
    }
}

const ROUTES: &str = "[[route]]\nmethods = ['GET']\npath = '/orders/**'\nscopes = ['orders:read']\n\
    [[route]]\npath = '/orders/**'\nscopes = ['orders:write']\n";

/// Runs everything against a proxy that `start` starts.
pub(crate) fn holds(proxy: &Proxy, start: impl Fn(&mut Stage)) {
    let mut stage = Stage::begin(&(proxy.config() + ROUTES));
    start(&mut stage);
    credential::only_a_good_one_passes(&stage, proxy);
    credential::denials_say_what_to_do(&stage, proxy);
    request::method_and_path_are_those_of_the_request(&stage);
    request::what_two_servers_could_read_differently_does_not_pass(&stage);
    identity::the_api_is_told_by_apikey_alone(&stage, proxy);
    identity::no_request_is_too_large_to_be_told_apart(&stage);
    identity::however_much_a_key_may_do_it_passes(&stage);
    address::the_client_is_where_it_connects_from(&stage);
    framing::nothing_passes_inside_of_another_request(&stage);
    framing::no_connection_becomes_one_of_another_protocol(&stage);
    framing::a_connection_becomes_a_websocket_if_its_request_passes(&stage, proxy);
    credential::a_revoked_one_is_refused_at_once(&stage);
    gate::nothing_passes_that_nobody_decided(&mut stage);
    drop(stage);

    let mut stage = Stage::begin(&(proxy.config() + "scope_header = 'X-Apikey-Require'\n"));
    start(&mut stage);
    credential::a_client_names_no_scope(&stage);
}

fn bearer(secret: &str) -> Vec<String> {
    vec![format!("Authorization: Bearer {secret}")]
}

/// The fields and these besides.
fn and(fields: &[String], others: &[&str]) -> Vec<String> {
    fields.iter().cloned().chain(others.iter().map(|field| (*field).to_owned())).collect()
}

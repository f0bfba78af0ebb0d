//! Which proxy a call goes through, decided from the variables that curl reads.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::target::is_loopback;

/// A proxy is named and cannot be used; going around it would not be what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It does not parse.
    #[error("`{0}` does not hold the url of a proxy")]
    Malformed(&'static str),
    /// SOCKS, say.
    #[error("`{variable}` names a proxy of the kind `{scheme}`; only http and https proxies are supported")]
    Unsupported {
        /// The variable.
        variable: &'static str,
        /// The scheme of the proxy's URL.
        scheme: String,
    },
}

/// A proxy to use; its credentials, if any, are not in its name.
#[derive(Clone)]
pub struct Proxy {
    address: Zeroizing<String>,
    name: String,
}

impl Proxy {
    /// The proxy as `scheme://host:port`, without user and password: fit to be shown.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole address for the HTTP library.
    pub(super) fn expose(&self) -> &str {
        &self.address
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Proxy({})", self.name)
    }
}

/// The proxy for a call of `url`, by `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` exempts its host.
///
/// Lower-case names win over upper-case ones and an empty value is none, as in curl. This machine is never
/// reached through a proxy: it would be the proxy's own.
///
/// # Errors
/// [`ProxyError`] where one is named that cannot be used.
pub fn for_url(url: &Url, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<Proxy>, ProxyError> {
    if is_loopback(url) || is_exempt(url, lookup) {
        return Ok(None);
    }
    let by_scheme: [&'static str; 2] =
        if url.scheme() == "https" { ["https_proxy", "HTTPS_PROXY"] } else { ["http_proxy", "HTTP_PROXY"] };
    for variable in by_scheme.into_iter().chain(["all_proxy", "ALL_PROXY"]) {
        if let Some(value) = lookup(variable).filter(|value| !value.is_empty()) {
            return parse(variable, &value).map(Some);
        }
    }
    Ok(None)
}

fn parse(variable: &'static str, value: &str) -> Result<Proxy, ProxyError> {
    let address = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let address = Zeroizing::new(address);
    let url = Url::parse(&address).map_err(|_| ProxyError::Malformed(variable))?;
    let (Some(host), Some(port)) =
        (url.host_str().filter(|host| !host.is_empty()), url.port_or_known_default())
    else {
        return match url.scheme() {
            "http" | "https" => Err(ProxyError::Malformed(variable)),
            scheme => Err(ProxyError::Unsupported { variable, scheme: scheme.to_owned() }),
        };
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ProxyError::Unsupported { variable, scheme: url.scheme().to_owned() });
    }
    Ok(Proxy { name: format!("{}://{host}:{port}", url.scheme()), address: Zeroizing::new(url.to_string()) })
}

fn is_exempt(url: &Url, lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let list = ["no_proxy", "NO_PROXY"].into_iter().find_map(lookup).unwrap_or_default();
    list.split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| exempts(entry, url))
}

/// `*`, a name and everything below it, an address, a network; a name or IPv4 address may carry a port.
fn exempts(entry: &str, url: &Url) -> bool {
    if entry == "*" {
        return true;
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, u16::from_str(port).ok()),
        _ => (entry, None),
    };
    if port.is_some() && port != url.port_or_known_default() {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match url.host() {
        Some(Host::Domain(name)) => covers_name(host, name),
        Some(Host::Ipv4(address)) => covers_address(host, IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => covers_address(host, IpAddr::V6(address)),
        None => false,
    }
}

fn covers_name(entry: &str, name: &str) -> bool {
    let entry = entry.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    !entry.is_empty() && name.strip_suffix(&entry).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn covers_address(entry: &str, address: IpAddr) -> bool {
    entry.parse() == Ok(address) || entry.parse::<IpNet>().is_ok_and(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, environment: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        let lookup = |name: &str| {
            environment.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let proxy = for_url(&Url::parse(url).unwrap(), &lookup)?;
        Ok(proxy.map(|proxy| proxy.name().to_owned()))
    }

    #[test]
    fn the_variable_of_the_scheme_wins_over_all_proxy_and_lower_case_over_upper() {
        let all = [("ALL_PROXY", "http://all"), ("HTTPS_PROXY", "up:1"), ("https_proxy", "low:2")];
        assert_eq!(chosen("https://a.example", &all), Ok(Some("http://low:2".to_owned())));
        assert_eq!(chosen("https://a.example", &all[..2]), Ok(Some("http://up:1".to_owned())));
        assert_eq!(chosen("http://a.example", &all), Ok(Some("http://all:80".to_owned())));
        assert_eq!(chosen("https://a.example", &[("https_proxy", "")]), Ok(None));
        assert_eq!(chosen("https://a.example", &[("HTTP_PROXY", "http://p")]), Ok(None));
    }

    #[test]
    fn credentials_are_in_neither_name_nor_debug_nor_error() {
        let lookup = |_: &str| Some("https://me:hunter2@proxy.example:3128/".to_owned());
        let lookup = |name: &str| if name == "https_proxy" { lookup(name) } else { None };
        let proxy = for_url(&Url::parse("https://a.example").unwrap(), &lookup).unwrap().unwrap();
        assert_eq!(proxy.name(), "https://proxy.example:3128");
        assert!(!format!("{proxy:?}").contains("hunter2"));
        assert!(proxy.expose().contains("hunter2"));
        let error = chosen("https://a.example", &[("ALL_PROXY", "socks5://me:hunter2@p:1")]).unwrap_err();
        assert_eq!(error, ProxyError::Unsupported { variable: "ALL_PROXY", scheme: "socks5".to_owned() });
        for broken in ["http://me:hunter2@", "http://", "://", "http://p:99999"] {
            let error = chosen("https://a.example", &[("ALL_PROXY", broken)]).unwrap_err();
            assert_eq!(error, ProxyError::Malformed("ALL_PROXY"), "{broken}");
        }
    }

    #[test]
    fn no_proxy_exempts_names_below_addresses_networks_and_ports() {
        for (list, url, exempt) in [
            ("*", "https://a.example", true),
            ("a.example", "https://a.example", true),
            ("example", "https://a.example", true),
            (".example", "https://A.example", true),
            ("*.example", "https://a.example", true),
            ("b.example, a.EXAMPLE", "https://a.example", true),
            ("a.example:443", "https://a.example", true),
            ("a.example:8443", "https://a.example", false),
            ("ample", "https://a.example", false),
            ("", "https://a.example", false),
            (".", "https://a.example", false),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("[2001:db8::1]:443", "https://[2001:db8::1]", true),
            ("2001:db8::1", "https://[2001:db8::1]", true),
        ] {
            let proxied = chosen(url, &[("ALL_PROXY", "p"), ("NO_PROXY", list)]).unwrap().is_some();
            assert_eq!(proxied, !exempt, "{list} {url}");
        }
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        for url in ["http://localhost", "https://127.0.0.1:8443", "http://[::1]"] {
            assert_eq!(chosen(url, &[("ALL_PROXY", "http://p"), ("http_proxy", "http://p")]), Ok(None));
        }
    }
}

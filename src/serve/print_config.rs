//! Example configurations of proxies, whole and working: the tests start the proxies with what is printed here.

use std::net::SocketAddr;

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Proxy {
    /// `auth_request`.
    Nginx,
    /// `ForwardAuth`.
    Traefik,
    /// `forward_auth`.
    Caddy,
    /// `ext_authz` over HTTP.
    Envoy,
    /// An action in Lua, which `haproxy-lua` prints.
    Haproxy,
    /// The second file of HAProxy, `apikey.lua`.
    HaproxyLua,
}

/// Who listens where.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// `apikey serve`.
    pub ask: SocketAddr,
    /// The proxy.
    pub listen: SocketAddr,
    /// The API behind it.
    pub upstream: SocketAddr,
}

/// The configuration of a proxy that asks apikey, with the settings of `serve.toml` that go with it.
#[must_use]
pub fn config(proxy: Proxy, places: &Places) -> String {
    let text = match proxy {
        Proxy::Nginx => include_str!("configs/nginx.conf"),
        Proxy::Traefik => include_str!("configs/traefik.yaml"),
        Proxy::Caddy => include_str!("configs/Caddyfile"),
        Proxy::Envoy => include_str!("configs/envoy.yaml"),
        Proxy::Haproxy => include_str!("configs/haproxy.cfg"),
        Proxy::HaproxyLua => include_str!("configs/apikey.lua"),
    };
    let places = [("ASK", places.ask), ("LISTEN", places.listen), ("UPSTREAM", places.upstream)];
    places.iter().fold(text.to_owned(), |text, (name, place)| {
        text.replace(&format!("@{name}@"), &place.to_string())
            .replace(&format!("@{name}_ADDRESS@"), &place.ip().to_string())
            .replace(&format!("@{name}_PORT@"), &place.port().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_left_open() {
        let place = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let places = Places { ask: place(1), listen: place(2), upstream: place(3) };
        let all = |proxies: &[Proxy]| proxies.iter().map(|proxy| config(*proxy, &places)).collect::<String>();
        for proxies in [
            &[Proxy::Nginx][..],
            &[Proxy::Traefik],
            &[Proxy::Caddy],
            &[Proxy::Envoy],
            &[Proxy::Haproxy, Proxy::HaproxyLua],
        ] {
            let text = all(proxies);
            let mut behind = text.split('@').skip(1);
            assert!(
                !behind.any(|word| word.starts_with(|letter: char| letter.is_ascii_uppercase())),
                "{text}"
            );
            for port in 1..=3 {
                assert!(text.contains(&format!(":{port}")) || proxies == [Proxy::Envoy], "{text}");
            }
        }
    }
}

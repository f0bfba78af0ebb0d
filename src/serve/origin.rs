//! Where a request comes from and what it wants, as far as it can be believed.

use std::net::IpAddr;

use axum::http::header::{AsHeaderName, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, Uri};

use super::config::{Original, Rules};
use super::peer::Peer;
use crate::domain::origin::Origin;
use crate::domain::scope::Scope;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");

/// The client's address: the peer's, or, from a trusted proxy, the last of `X-Forwarded-For` that no trusted proxy has.
/// None when that cannot be read, which satisfies no restriction; so too for a peer that has no address and no word.
pub(crate) fn client(rules: &Rules, peer: Peer, headers: &HeaderMap) -> Option<IpAddr> {
    let is_trusted = rules.trusts_peer(peer);
    let peer = match peer {
        Peer::Tcp(ip) => Some(ip),
        Peer::Unix => None,
    };
    if !is_trusted {
        return peer;
    }
    let mut nearest = peer;
    // From the right: what stands left of an untrusted address was said by that address, and is not even read.
    let words = headers.get_all(FORWARDED_FOR).iter().rev();
    for word in words.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b',')) {
        let ip = std::str::from_utf8(word).ok()?.trim().parse::<IpAddr>().ok()?.to_canonical();
        nearest = Some(ip);
        if !rules.trusts(ip) {
            break;
        }
    }
    nearest
}

/// The site or app that sends a request, as a browser says; none when that cannot be read, which satisfies no
/// restriction.
pub(crate) fn site(headers: &HeaderMap) -> Option<Origin> {
    only(headers, ORIGIN).and_then(|origin| origin.parse().ok())
}

/// The address of the client of a request that a proxy holds. A trusted proxy that does not say it, because a client had
/// it leave the field out (`Connection: X-Forwarded-For`), does not mean its own.
pub(crate) fn client_behind(rules: &Rules, peer: Peer, headers: &HeaderMap) -> Option<IpAddr> {
    let is_told = headers.contains_key(FORWARDED_FOR) || !rules.trusts_peer(peer);
    if is_told { client(rules, peer, headers) } else { None }
}

/// The request that is to pass.
pub(super) struct Wanted {
    pub(super) method: Method,
    path: String,
}

impl Wanted {
    /// Read from where the configuration says. None when it is not told, told twice, or not plain: then nothing can be
    /// said about what it needs.
    pub(super) fn read(original: Original, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        match original {
            Original::None => None,
            Original::Nginx => Self::from_headers(headers, ORIGINAL_METHOD, ORIGINAL_URI),
            Original::Forwarded => Self::from_headers(headers, FORWARDED_METHOD, FORWARDED_URI),
            Original::Path => {
                let path = uri.path().strip_prefix("/verify")?;
                Some(Self { method: plain_method(method.clone())?, path: plain_path(path)? })
            }
        }
    }

    fn from_headers(headers: &HeaderMap, method: HeaderName, uri: HeaderName) -> Option<Self> {
        let method = plain_method(only(headers, method)?.parse().ok()?)?;
        Some(Self { method, path: plain_path(only(headers, uri)?)? })
    }

    /// Its path, decoded.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The segments of its path. A slash at its end makes none: nearly every server answers `/a/` as it does `/a`.
    pub(super) fn segments(&self) -> Vec<&str> {
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        path.split('/').skip(1).collect()
    }
}

/// A method in small letters is another one (RFC 9110, 9.1), and fits no route for that in capitals; but there are
/// frameworks that read `post` as `POST`.
fn plain_method(method: Method) -> Option<Method> {
    (!method.as_str().contains(|letter: char| letter.is_ascii_lowercase())).then_some(method)
}

/// The scopes that a trusted proxy says the request needs: at least one, between spaces or commas. None when they are
/// not told, told twice, cannot be read, or are told by anybody else.
pub(super) fn named_scopes(
    rules: &Rules,
    peer: Peer,
    headers: &HeaderMap,
    name: &HeaderName,
) -> Option<Vec<Scope>> {
    if !rules.trusts_peer(peer) {
        return None;
    }
    let words = only(headers, name)?.split([' ', ',']).filter(|word| !word.is_empty());
    let scopes: Vec<Scope> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    (!scopes.is_empty()).then_some(scopes)
}

/// Path and query of the request that is to pass, as they were told; what they mean is for others to say.
pub(super) fn target<'a>(original: Original, uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match original {
        Original::Nginx => only(headers, ORIGINAL_URI),
        Original::Forwarded => only(headers, FORWARDED_URI),
        Original::None | Original::Path => uri.path_and_query().map(axum::http::uri::PathAndQuery::as_str),
    }
}

/// The value of a field that is there exactly once.
pub(super) fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The path of an origin-form target, decoded once. None for whatever two servers could read differently: another form,
/// a fragment, an encoded slash or percent sign, half an encoding, a dot segment, an empty segment, a backslash, a control
/// character.
fn plain_path(target: &str) -> Option<String> {
    if !target.starts_with('/') || target.contains(['#', ' ', '\t']) {
        return None;
    }
    let path = target.split('?').next()?;
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let lower = path.to_ascii_lowercase();
    // A percent sign that is still there began nothing, or something that only some can read (`%u002e`).
    let is_ambiguous = ["%2f", "%5c", "%25"].iter().any(|part| lower.contains(part))
        || decoded.contains(['\\', ';', '%'])
        || decoded.chars().any(char::is_control);
    let inner = decoded.strip_prefix('/')?;
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !is_last) {
            return None;
        }
    }
    (!is_ambiguous).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_servers_could_read_differently_is_no_path() {
        for target in [
            "",
            "orders",
            "http://shop/orders",
            "//orders",
            "/a//b",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/./a",
            "/a%2fb",
            "/a%5Cb",
            "/a%252e",
            "/a;b",
            "/a%00",
            "/a\\b",
            "/%ff",
            "/open#/../admin",
            "/open?x#/../admin",
            "/a/%u002e%u002e/b",
            "/a/%2",
            "/a/%",
            "/%zz",
            "/a b",
            "/a\t",
            "/a/%c0%ae%c0%ae/b",
            "/a%0a",
            "/a%7f",
            "/a%C2%85",
            "*",
            "/..;/admin",
            "/a/..",
            "/a#/../b",
            "/a?x#y",
            "/a/%u002e%u002e/b",
            "/a%",
            "/a%4",
            "/a%zz",
        ] {
            assert_eq!(plain_path(target), None, "{target}");
        }
        for (target, path) in [("/", "/"), ("/a/b?x=/../c", "/a/b"), ("/caf%C3%A9", "/café"), ("/a/", "/a/")]
        {
            assert_eq!(plain_path(target).as_deref(), Some(path), "{target}");
        }
    }

    #[test]
    fn an_address_is_believed_from_the_right_and_from_trusted_proxies_only() {
        let rules = Rules::parse("trusted_proxies = ['10.0.0.0/8', '127.0.0.1']").unwrap();
        let with_unix = Rules::parse("trusted_proxies = ['unix', '10.0.0.0/8']").unwrap();
        let asked = |rules: &Rules, peer: &str, fields: &[&str]| {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(FORWARDED_FOR, field.parse().unwrap());
            }
            let peer = match peer {
                "unix" => Peer::Unix,
                ip => Peer::Tcp(ip.parse::<IpAddr>().unwrap().to_canonical()),
            };
            client(rules, peer, &headers).map(|ip| ip.to_string())
        };
        let from = |peer: &str, fields: &[&str]| asked(&rules, peer, fields);
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(from("192.0.2.1", &["10.0.0.9"]), is("192.0.2.1"), "a stranger's word");
        assert_eq!(
            from("127.0.0.1", &["10.9.9.9, 192.0.2.7"]),
            is("192.0.2.7"),
            "what the client put in front"
        );
        assert_eq!(from("127.0.0.1", &["203.0.113.9", "192.0.2.7, 10.0.0.2"]), is("192.0.2.7"), "two fields");
        assert_eq!(from("::ffff:127.0.0.1", &["::ffff:192.0.2.7"]), is("192.0.2.7"), "IPv4 in IPv6 clothes");
        for junk in [
            "nonsense",
            "",
            "192.0.2.7:80",
            "[2001:db8::1]",
            "[2001:db8::1]:80",
            "010.0.0.1",
            "1",
            "::1%lo",
            "é",
        ] {
            let field = format!("192.0.2.7, {junk}");
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, axum::http::HeaderValue::from_bytes(field.as_bytes()).unwrap());
            let peer = Peer::Tcp("127.0.0.1".parse().unwrap());
            assert_eq!(client(&rules, peer, &headers), None, "{field}");
            headers.append(FORWARDED_FOR, "203.0.113.9".parse().unwrap());
            let ip = client(&rules, peer, &headers).map(|ip| ip.to_string());
            assert_eq!(ip, is("203.0.113.9"), "{field}: said by the client, and not read");
        }
        assert_eq!(from("127.0.0.1", &[]), is("127.0.0.1"));
        assert_eq!(from("unix", &["192.0.2.7"]), None, "a socket file that is not trusted");
        assert_eq!(asked(&with_unix, "unix", &["192.0.2.7, 10.0.0.2"]), is("192.0.2.7"));
        assert_eq!(asked(&with_unix, "unix", &[]), None);
    }
}

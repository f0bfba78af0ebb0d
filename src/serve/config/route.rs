//! A route: which requests it is for, and what they need.

use std::collections::BTreeSet;

use axum::http::Method;

use super::pattern::Pattern;
use super::{ConfigError, WrittenRoute};
use crate::domain::scope::Scope;

/// What a method and a path need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Any of these; none is any, and `GET` is `HEAD` too.
    methods: Vec<Method>,
    path: Pattern,
    /// The scopes needed.
    pub scopes: Vec<Scope>,
}

impl Route {
    /// Reads all routes of a file, each of which some request must reach.
    pub(super) fn read_all(written: &[WrittenRoute]) -> Result<Vec<Self>, ConfigError> {
        let mut routes = Vec::new();
        for (place, one) in written.iter().enumerate() {
            let route = Self::read(one).and_then(|route| match route.hidden_behind(&routes) {
                None => Ok(route),
                Some(why) => Err(why),
            });
            let wrong = |why| ConfigError::Route { number: place + 1, path: one.path.clone(), why };
            routes.push(route.map_err(wrong)?);
        }
        Ok(routes)
    }

    fn read(written: &WrittenRoute) -> Result<Self, String> {
        let path = Pattern::read(&written.path)?;
        if written.methods.as_ref().is_some_and(Vec::is_empty) {
            return Err("`methods = []` names no method: leave the line out for all of them".to_owned());
        }
        let method = |text: &String| {
            // Methods are compared as they are (RFC 9110, 9.1): `delete` would fit no request that anybody means by it.
            if text.contains(|letter: char| letter.is_ascii_lowercase()) {
                let capitals = text.to_ascii_uppercase();
                return Err(format!("method `{text}` is written in capitals: `{capitals}`"));
            }
            text.parse().map_err(|_| format!("`{text}` is no method, such as `GET`"))
        };
        let scope = |text: &String| {
            text.parse().map_err(|_| format!("`{text}` is not a scope, such as `orders:read`"))
        };
        let methods = written.methods.iter().flatten().map(method).collect::<Result<_, _>>()?;
        let scopes = written.scopes.iter().map(scope).collect::<Result<_, _>>()?;
        Ok(Self { methods, path, scopes })
    }

    /// Why no request reaches it behind these, and what to do about it. What it needs would never be asked.
    fn hidden_behind(&self, before: &[Self]) -> Option<String> {
        let first = |fits: &dyn Fn(&Self) -> bool| {
            before.iter().position(|route| route.path.covers(&self.path) && fits(route))
        };
        let hiding: BTreeSet<usize> = if self.methods.is_empty() {
            [first(&|route| route.methods.is_empty())?].into()
        } else {
            let of_method = |method| first(&|route| route.fits_method(method));
            self.methods.iter().map(of_method).collect::<Option<_>>()?
        };
        let is_same = hiding.iter().any(|place| self.covers(&before[*place]));
        let (fit, instead) = match (hiding.len(), is_same) {
            (1, true) => ("fits the same requests", "take one of the two out"),
            (1, false) => ("fits all that it fits", "write it above that one, or take it out"),
            _ => ("fit all that it fits", "write it above them, or take it out"),
        };
        let named = |place: &usize| format!("route {}, `{}`,", place + 1, before[*place].path);
        let hiding: Vec<String> = hiding.iter().map(named).collect();
        Some(format!("no request reaches it, since {} {fit}: {instead}", hiding.join(" and ")))
    }

    /// Whether it fits every request that the other fits.
    fn covers(&self, other: &Self) -> bool {
        let has_all =
            || !other.methods.is_empty() && other.methods.iter().all(|method| self.fits_method(method));
        self.path.covers(&other.path) && (self.methods.is_empty() || has_all())
    }

    /// Whether it is for any method, where the other was for some and is the same otherwise.
    pub(super) fn is_wider_than(&self, other: &Self) -> bool {
        let is_any = self.methods.is_empty() && !other.methods.is_empty();
        is_any && self.path == other.path && self.scopes == other.scopes
    }

    pub(super) fn fits(&self, method: &Method, segments: &[&str]) -> bool {
        self.fits_method(method) && self.path.fits(segments)
    }

    /// HEAD is GET without the content (RFC 9110, 9.3.2), and servers answer it where they answer GET.
    fn fits_method(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

#[cfg(test)]
mod tests {
    use crate::serve::config::Rules;

    #[test]
    fn a_method_is_written_as_it_is_compared() {
        for (methods, is_right) in
            [("'GET', 'M-SEARCH'", true), ("'get'", false), ("'GET', 'Delete'", false), ("'A B'", false)]
        {
            let read = Rules::parse(&format!(
                "original = 'path'\ntrusted_proxies = ['::1']\n[[route]]\nmethods = [{methods}]\npath = '/a'\nscopes = ['a:b']\n"
            ));
            assert_eq!(read.is_ok(), is_right, "{methods}");
        }
    }

    #[test]
    fn a_route_for_get_is_one_for_head_and_not_the_other_way_round() {
        let route = |methods: &str, action: &str| {
            format!("[[route]]\nmethods = [{methods}]\npath = '/a'\nscopes = ['a:{action}']\n")
        };
        let (get, head) = (route("'GET'", "get"), route("'HEAD'", "head"));
        let rest = "[[route]]\npath = '/**'\nscopes = ['a:rest']\n";
        let asked = |routes: &str, method: &str| {
            let rules = Rules::parse(&format!("original = 'path'\n{routes}{rest}")).unwrap();
            rules.route(&method.parse().unwrap(), &["a"]).unwrap().scopes[0].to_string()
        };
        for (routes, method, scope) in [
            (&get, "GET", "a:get"),
            (&get, "HEAD", "a:get"),
            (&get, "POST", "a:rest"),
            (&get, "OPTIONS", "a:rest"),
            (&route("'POST'", "post"), "HEAD", "a:rest"),
            (&head, "HEAD", "a:head"),
            (&head, "GET", "a:rest"),
            (&format!("{head}{get}"), "HEAD", "a:head"),
            (&format!("{head}{get}"), "GET", "a:get"),
        ] {
            assert_eq!(asked(routes, method), scope, "{method}: {routes}");
        }
    }

    /// What is wrong with these routes, each given by its methods and path.
    fn fault(routes: &[(&str, &str)]) -> Option<String> {
        let table = |(methods, path): &(&str, &str)| {
            format!("[[route]]\n{methods}\npath = '{path}'\nscopes = ['a:b']\n")
        };
        let routes: String = routes.iter().map(table).collect();
        Rules::parse(&format!("original = 'path'\n{routes}")).err().map(|error| error.to_string())
    }

    #[test]
    fn a_route_that_no_request_reaches_is_refused_with_what_to_do() {
        let get = "methods = ['GET']";
        let both = "methods = ['GET', 'POST']";
        for (routes, hidden) in [
            (&[("", "/a/**"), ("", "/a/b")][..], "route 2, `/a/b`: "),
            (&[("", "/a/**"), ("", "/a")], "route 2, `/a`: "),
            (&[("", "/a/**"), ("", "/a/*/**")], "route 2, `/a/*/**`: "),
            (&[("", "/**"), ("", "/")], "route 2, `/`: "),
            (&[("", "/x"), ("", "/*/b"), ("", "/a/b/")], "route 3, `/a/b/`: "),
            (&[("", "/a/*"), (get, "/a/b")], "route 2, `/a/b`: "),
            (&[(get, "/a/*"), ("methods = ['HEAD']", "/a/b")], "route 2, `/a/b`: "),
            (&[(both, "/a/**"), (get, "/a/**")], "route 2, `/a/**`: "),
        ] {
            let said = fault(routes).unwrap();
            let rest = said.strip_prefix(hidden).unwrap_or_else(|| panic!("{said}"));
            assert!(rest.starts_with("no request reaches it, since route "), "{said}");
            assert!(
                rest.ends_with("fits all that it fits: write it above that one, or take it out"),
                "{said}"
            );
        }
        assert_eq!(
            fault(&[("", "/x"), ("", "/a/**"), ("", "/a/b")]).unwrap(),
            "route 3, `/a/b`: no request reaches it, since route 2, `/a/**`, fits all that it fits: \
             write it above that one, or take it out"
        );
        for routes in [
            [("", "/a"), ("", "/a/")],
            [(both, "/*"), (both, "/*")],
            [(get, "/a"), ("methods = ['GET', 'HEAD']", "/a")],
        ] {
            let said = fault(&routes).unwrap();
            assert!(said.ends_with("fits the same requests: take one of the two out"), "{said}");
        }
        let said = fault(&[(get, "/a/**"), ("methods = ['POST']", "/*/b"), (both, "/a/b")]).unwrap();
        assert!(said.contains("route 1, `/a/**`, and route 2, `/*/b`, fit all that it fits"), "{said}");
    }

    #[test]
    fn routes_that_share_some_requests_stand_side_by_side() {
        let get = "methods = ['GET']";
        for routes in [
            &[("", "/a/b"), ("", "/a/**")][..],
            &[(get, "/a/**"), ("", "/a/**")],
            &[(get, "/a/**"), ("methods = ['GET', 'POST']", "/a/b")],
            &[("methods = ['HEAD']", "/a"), (get, "/a")],
            &[("methods = ['GET', 'POST']", "/a/b"), ("", "/a/b")],
            &[("", "/a/*"), ("", "/*/b")],
            &[("", "/a/*"), ("", "/a/**")],
            &[("", "/a/*/**"), ("", "/a/**")],
            &[("", "/a"), ("", "/A")],
        ] {
            assert_eq!(fault(routes), None, "{routes:?}");
        }
    }

    #[test]
    fn a_route_that_does_not_do_what_it_says_is_named() {
        for (methods, path, said) in [
            ("methods = []", "/b", "route 2, `/b`: `methods = []` names no method: leave the line out"),
            ("methods = ['get']", "/b", "route 2, `/b`: method `get` is written in capitals: `GET`"),
            ("", "/b/{id}", "route 2, `/b/{id}`: `{id}` would be compared as it is: write `*`"),
            ("", "//b", "route 2, `//b`: no request with an empty segment fits"),
        ] {
            let fault = fault(&[("", "/a"), (methods, path)]).unwrap();
            assert!(fault.starts_with(said), "{fault}");
        }
    }

    #[test]
    fn a_name_that_would_never_do_what_is_meant_is_refused() {
        for (line, setting) in [
            ("key_headers = ['X-API-Key', 'authorization']", "key_headers"),
            ("query_parameter = ''", "query_parameter"),
            ("trusted_proxies = ['10.0.0.1/8']", "trusted_proxies"),
            ("trusted_proxies = ['0.0.0.0/0']", "trusted_proxies"),
        ] {
            let error = Rules::parse(line).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{setting}`: ")), "{error}");
        }
        assert!(Rules::parse("key_headers = ['X-API-Key']\nquery_parameter = 'key'").is_ok());
    }

    #[test]
    fn a_file_is_silent_that_says_nowhere_what_a_request_needs() {
        let route = "original = 'path'\n[[route]]\npath = '/**'\nscopes = []\n";
        for (text, is_silent) in [
            ("", true),
            ("# scopes = ['a:b']", true),
            ("env = 'live'\nkey_headers = ['x-key']\noriginal = 'path'", true),
            ("[strangers]\nrate = '60/1m'", true),
            ("scopes = []", false),
            ("scopes = ['a:b']", false),
            (route, false),
            ("trusted_proxies = ['::1']\nscope_header = 'x-need'", false),
        ] {
            assert_eq!(Rules::parse(text).unwrap().is_silent, is_silent, "{text}");
        }
        assert!(!Rules::default().is_silent, "no file");
    }

    #[test]
    fn what_was_asked_and_is_asked_no_more_is_named_and_nothing_else_is() {
        let route = "[[route]]\npath = '/a'\nscopes = ['a:b']\n";
        let whole = format!(
            "trusted_proxies = ['::1']\nenv = 'live'\noriginal = 'path'\nscopes = ['c:d']\nscope_header = 'x-need'\n{route}"
        );
        let rules = |text: &str| Rules::parse(text).unwrap();
        let lost = |after: &str| rules(after).lost(&rules(&whole));
        assert_eq!(lost(&whole), None);
        assert_eq!(lost(&format!("{whole}{}", route.replace("/a", "/b"))), None);
        assert_eq!(lost(&whole.replace(route, "")), Some("[[route]]"));
        assert_eq!(lost(&whole.replace("scopes = ['c:d']\n", "")), Some("scopes"));
        assert_eq!(lost(&whole.replace("env = 'live'\n", "")), Some("env"));
        assert_eq!(lost(&whole.replace("scope_header = 'x-need'\n", "")), Some("scope_header"));
        // Each line that a file was cut off behind.
        for (end, _) in whole.match_indices('\n').filter(|(end, _)| end + 1 < whole.len()) {
            if let Ok(cut) = Rules::parse(&whole[..=end]) {
                assert!(cut.lost(&rules(&whole)).is_some(), "{}", &whole[..end]);
            }
        }
        let some = whole.replace("scopes = ['a:b']", "scopes = ['a:b']\nmethods = ['GET']");
        assert_eq!(rules(&whole).lost(&rules(&some)), Some("methods"));
        assert_eq!(rules(&some).lost(&rules(&whole)), None);
        assert_eq!(rules("").lost(&rules("key_headers = ['x']")), None);
        for proxy in ["unix", "::1"] {
            let trusting = rules(&format!("trusted_proxies = ['{proxy}']"));
            assert_eq!(rules("").lost(&trusting), Some("trusted_proxies"));
            assert_eq!(rules("trusted_proxies = ['10.0.0.1']").lost(&trusting), None);
        }
    }
}

//! A route: which requests it is for, and what they need.

use axum::http::Method;

use super::{ConfigError, WrittenRoute, each};
use crate::domain::scope::Scope;

/// What a method and a path need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Any of these; none is any, and `GET` is `HEAD` too.
    methods: Vec<Method>,
    /// Segments; `*` is any one, and `**` at the end any number.
    path: Vec<String>,
    /// The scopes needed.
    pub scopes: Vec<Scope>,
}

impl Route {
    pub(super) fn read(written: &WrittenRoute) -> Result<Self, ConfigError> {
        let wrong =
            |setting, why| move |value: &str| ConfigError::Value { setting, value: value.to_owned(), why };
        let path = written
            .path
            .strip_prefix('/')
            .ok_or_else(|| wrong("route.path", "not a path: it begins with `/`")(&written.path))?;
        // Of a slash at its end nothing is made, in a request neither.
        let path = path.strip_suffix('/').unwrap_or(path);
        let path: Vec<String> =
            path.split('/').skip(usize::from(path.is_empty())).map(str::to_owned).collect();
        let is_odd = |segment: &String| segment.contains(['*', '%']) && segment != "*" && segment != "**";
        let open = path.iter().position(|segment| segment == "**");
        if path.iter().any(is_odd) || open.is_some_and(|place| place + 1 != path.len()) {
            let why = "not a pattern: `*` is one whole segment, `**` all that follow";
            return Err(wrong("route.path", why)(&written.path));
        }
        let methods = written.methods.as_deref().unwrap_or_default();
        // Methods are compared as they are (RFC 9110, 9.1): `delete` would fit no request that anybody means by it.
        if let Some(small) =
            methods.iter().find(|method| method.contains(|letter: char| letter.is_ascii_lowercase()))
        {
            return Err(wrong("route.methods", "no method: they are written in capitals")(small));
        }
        let methods = each(methods, wrong("route.methods", "no method"))?;
        let scopes = each(&written.scopes, wrong("route.scopes", "not a scope"))?;
        Ok(Self { methods, path, scopes })
    }

    /// Whether it is for any method, where the other was for some and is the same otherwise.
    pub(super) fn is_wider_than(&self, other: &Self) -> bool {
        let is_any = self.methods.is_empty() && !other.methods.is_empty();
        is_any && self.path == other.path && self.scopes == other.scopes
    }

    pub(super) fn fits(&self, method: &Method, segments: &[&str]) -> bool {
        let (open, fixed) = match self.path.split_last() {
            Some((last, before)) if last == "**" => (true, before),
            _ => (false, &self.path[..]),
        };
        let fits_length = if open { segments.len() >= fixed.len() } else { segments.len() == fixed.len() };
        self.fits_method(method)
            && fits_length
            && fixed.iter().zip(segments).all(|(pattern, segment)| pattern == "*" || pattern == segment)
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
    fn what_was_asked_and_is_asked_no_more_is_named_and_nothing_else_is() {
        let route = "[[route]]\npath = '/a'\nscopes = ['a:b']\n";
        let whole = format!(
            "trusted_proxies = ['::1']\nenv = 'live'\noriginal = 'path'\nscopes = ['c:d']\nscope_header = 'x-need'\n{route}"
        );
        let rules = |text: &str| Rules::parse(text).unwrap();
        let lost = |after: &str| rules(after).lost(&rules(&whole));
        assert_eq!(lost(&whole), None);
        assert_eq!(lost(&format!("{whole}{route}")), None);
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

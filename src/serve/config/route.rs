//! A route: which requests it is for, and what they need.

use axum::http::Method;

use super::{ConfigError, WrittenRoute, each};
use crate::domain::scope::Scope;

/// What a method and a path need.
#[derive(Debug, Clone)]
pub struct Route {
    /// Any of these; none is any.
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
        let methods =
            each(written.methods.as_deref().unwrap_or_default(), wrong("route.methods", "no method"))?;
        let scopes = each(&written.scopes, wrong("route.scopes", "not a scope"))?;
        Ok(Self { methods, path, scopes })
    }

    pub(super) fn fits(&self, method: &Method, segments: &[&str]) -> bool {
        let (open, fixed) = match self.path.split_last() {
            Some((last, before)) if last == "**" => (true, before),
            _ => (false, &self.path[..]),
        };
        let fits_length = if open { segments.len() >= fixed.len() } else { segments.len() == fixed.len() };
        (self.methods.is_empty() || self.methods.contains(method))
            && fits_length
            && fixed.iter().zip(segments).all(|(pattern, segment)| pattern == "*" || pattern == segment)
    }
}

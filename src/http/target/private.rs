//! What of a target is private by its name, and so is not to be stored in the clear.

use super::Target;

impl Target {
    /// What by its name holds something private: a header such as `Cookie`, a parameter of the query, a field of JSON or a
    /// form. A reason not to remember this target.
    #[must_use]
    pub fn private_parts(&self) -> Vec<String> {
        let headers = self.spec.headers.iter().map(|(name, _)| ("header", name.clone()));
        let query = self.url.query_pairs().map(|(name, _)| ("query parameter", name.into_owned()));
        let fields = self.spec.data.as_deref().map(fields).unwrap_or_default();
        let all = headers.chain(query).chain(fields.into_iter().map(|name| ("field", name)));
        all.filter(|(_, name)| sounds_private(name)).map(|(what, name)| format!("{what} `{name}`")).collect()
    }
}

/// The names at the top of a JSON object, or of a form.
fn fields(data: &[u8]) -> Vec<String> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(data) {
        Ok(object) => object.into_iter().map(|(name, _)| name).collect(),
        Err(_) if data.contains(&b'=') => {
            url::form_urlencoded::parse(data).map(|(name, _)| name.into_owned()).collect()
        }
        Err(_) => Vec::new(),
    }
}

fn sounds_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "key", "password", "secret", "signature", "token"]
        .iter()
        .any(|word| name.contains(word))
}

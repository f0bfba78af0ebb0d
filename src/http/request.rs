//! Putting the key into a request: the only place that does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderValue, Request, header};
use zeroize::Zeroizing;

use super::credential::Credential;
use super::placement::Placement;
use super::target::{Target, TargetError, data_object};

/// The request with the key in its place.
///
/// The HTTP library copies what it sends and does not zero its copies.
///
/// # Errors
/// [`TargetError`], if the parts do not make a request; a checked target does not fail.
pub(super) fn dress(
    target: &Target,
    credential: &Credential,
) -> Result<Request<Option<Vec<u8>>>, TargetError> {
    let mut request =
        Request::builder().method(target.spec().method.as_str()).uri(address(target, credential).as_str());
    for (name, value) in &target.spec().headers {
        request = request.header(name, value);
    }
    if let Some(kind) = default_content_type(target) {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    if let (Some(name), Some(value)) = (target.spec().placement.header(), header_value(target, credential)) {
        let mut value = HeaderValue::from_str(&value).map_err(|_| TargetError::Header)?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    request.body(body(target, credential)?).map_err(|_| TargetError::Url)
}

fn address(target: &Target, credential: &Credential) -> Zeroizing<String> {
    let mut url = target.url().clone();
    if let Placement::Query(name) = &target.spec().placement {
        url.query_pairs_mut().append_pair(name, credential.expose());
    }
    Zeroizing::new(url.into())
}

fn header_value(target: &Target, credential: &Credential) -> Option<Zeroizing<String>> {
    let text = match &target.spec().placement {
        Placement::Bearer => format!("Bearer {}", credential.expose()),
        Placement::Basic => format!("Basic {}", STANDARD.encode(credential.basic_pair().as_bytes())),
        Placement::Header(_) => credential.expose().to_owned(),
        Placement::Query(_) | Placement::Body(_) => return None,
    };
    Some(Zeroizing::new(text))
}

fn body(target: &Target, credential: &Credential) -> Result<Option<Vec<u8>>, TargetError> {
    let Placement::Body(field) = &target.spec().placement else {
        return Ok(target.spec().data.clone());
    };
    let mut object = data_object(target.spec().data.as_deref())?;
    object.insert(field.clone(), credential.expose().into());
    Ok(Some(serde_json::Value::Object(object).to_string().into_bytes()))
}

/// What the data is called where the user did not say: JSON if it is JSON.
pub(super) fn default_content_type(target: &Target) -> Option<&'static str> {
    let spec = target.spec();
    if spec.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        return None;
    }
    match (&spec.placement, &spec.data) {
        (Placement::Body(_), _) => Some("application/json"),
        (_, None) => None,
        (_, Some(data)) if serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok() => {
            Some("application/json")
        }
        (_, Some(_)) => Some("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::TargetSpec;
    use super::*;

    fn dressed(placement: &str, data: Option<&str>) -> Request<Option<Vec<u8>>> {
        let spec = TargetSpec {
            placement: placement.parse().unwrap(),
            data: data.map(|data| data.as_bytes().to_vec()),
            ..TargetSpec::get("https://a.example/v1?x=1%2F")
        };
        dress(&Target::new(spec).unwrap(), &Credential::from_text("k&y+\"\\%").unwrap()).unwrap()
    }

    #[test]
    fn the_key_is_in_its_place_and_in_no_other() {
        let header = |request: &Request<_>, name: &str| {
            request.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let bearer = dressed("bearer", None);
        assert_eq!(header(&bearer, "authorization").unwrap(), "Bearer k&y+\"\\%");
        assert_eq!(header(&dressed("header", None), "x-api-key").unwrap(), "k&y+\"\\%");
        assert_eq!(header(&dressed("basic", None), "authorization").unwrap(), "Basic ayZ5KyJcJTo=");
        let query = dressed("query:k k", None);
        assert_eq!(query.uri().to_string(), "https://a.example/v1?x=1%2F&k+k=k%26y%2B%22%5C%25");
        assert!(query.headers().is_empty());
        let body = dressed("body", Some("{\"a\":1}"));
        assert_eq!(header(&body, "content-type").unwrap(), "application/json");
        assert_eq!(body.uri(), bearer.uri());
        let sent: serde_json::Value = serde_json::from_slice(&body.into_body().unwrap()).unwrap();
        assert_eq!(sent, serde_json::json!({"a": 1, "api_key": "k&y+\"\\%"}));
        assert_eq!(bearer.into_body(), None);
    }

    #[test]
    fn debug_of_a_request_does_not_show_a_key_in_a_header() {
        for placement in ["bearer", "basic", "header"] {
            let shown = format!("{:?}", dressed(placement, None));
            assert!(!shown.contains("k&y") && !shown.contains("ayZ5"), "{shown}");
        }
    }
}

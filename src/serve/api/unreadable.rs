//! Why a body cannot be read. Nothing of what stands in it is shown: it may be a secret.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::serve::answer;

/// What a question may have.
const OF_A_QUESTION: &str = "`secret`, `consumer_key`, `scope`, `scopes`, `ip`, `origin`, `env`, `cost`";
/// What a batch has.
const OF_A_BATCH: &str = "`questions`";

/// Of one question.
pub(super) fn question(error: &serde_json::Error) -> Response<Body> {
    refused(error, "the body is not the JSON object that is asked for")
}

/// Of a batch.
pub(super) fn batch(error: &serde_json::Error, body: &[u8]) -> Response<Body> {
    #[derive(Deserialize)]
    struct List {
        #[serde(rename = "questions")]
        _questions: Vec<IgnoredAny>,
    }
    let otherwise = match serde_json::from_slice::<List>(body) {
        Ok(_) => "one of `questions` is not the JSON object that is asked for",
        Err(_) => "the body is not a JSON object with a list of `questions`",
    };
    refused(error, otherwise)
}

fn refused(error: &serde_json::Error, otherwise: &str) -> Response<Body> {
    let why = known(&error.to_string()).unwrap_or_else(|| otherwise.to_owned());
    answer::bad_request(&format!("{why} (line {}, column {})", error.line(), error.column()))
}

/// What can be said in words of ours.
fn known(said: &str) -> Option<String> {
    if let Some(rest) = said.strip_prefix("missing field ") {
        let name = ["`secret`", "`questions`"].into_iter().find(|name| rest.starts_with(name))?;
        return Some(format!("the field {name} is missing"));
    }
    // The name of the field is the client's; what is expected stands behind it, at the end.
    let (_, expected) = said.strip_prefix("unknown field ")?.rsplit_once(", expected ")?;
    let known = if expected.starts_with("one of ") { OF_A_QUESTION } else { OF_A_BATCH };
    Some(format!("an unknown field; known are {known}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Question};
    use super::*;

    #[test]
    fn what_is_said_to_be_known_is_what_is_read() {
        fn expected<T: for<'de> Deserialize<'de>>() -> String {
            let error = serde_json::from_str::<T>("{\"x\":1}").err().unwrap().to_string();
            let (_, expected) = error.split_once(", expected ").unwrap();
            expected.trim_start_matches("one of ").split(" at line").next().unwrap().to_owned()
        }
        assert_eq!(expected::<Question>(), OF_A_QUESTION);
        assert_eq!(expected::<Batch>(), OF_A_BATCH);
    }
}

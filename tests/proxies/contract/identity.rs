//! What the API is told of the caller.

use super::{Proxy, and, bearer};
use crate::api::Seen;
use crate::stage::Stage;

const TOLD: [&str; 9] = [
    "x-apikey-id",
    "x-apikey-secret-id",
    "x-apikey-name",
    "x-apikey-owner",
    "x-apikey-project",
    "x-apikey-env",
    "x-apikey-kind",
    "x-apikey-scopes",
    "x-apikey-expires",
];

/// Everything that apikey says is there, once, and nothing else that looks like it.
fn is_told(seen: &Seen, name: &str) -> Result<(), String> {
    for field in TOLD {
        let values = seen.values(field);
        if values.len() != 1 || values[0].is_empty() || values[0].contains("forged") {
            return Err(format!("{field}: {values:?}"));
        }
    }
    // As CGI and its heirs read a name.
    let read = |field: &str| field.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let alike = |field: &str| TOLD.contains(&read(field).as_str());
    let likenesses: Vec<_> = seen.fields.iter().filter(|(field, _)| alike(field)).collect();
    if likenesses.len() != TOLD.len() {
        return Err(format!("{likenesses:?}"));
    }
    let told = (seen.values("x-apikey-name")[0], seen.values("x-apikey-scopes")[0]);
    if told != (name, "orders:read") {
        return Err(format!("{told:?}"));
    }
    // Another proxy behind this one would take away what is listed here.
    let connection = seen.values("connection").join(",").to_ascii_lowercase();
    if connection.contains("apikey") { Err(connection) } else { Ok(()) }
}

pub(super) fn the_api_is_told_by_apikey_alone(stage: &Stage, proxy: &Proxy) {
    let caller = bearer(&stage.create("caller", &["--scope", "orders:read"]));
    let passed = |fields: &[String]| {
        let answer = stage.ask("GET /orders/7", fields);
        let seen = answer.passed();
        is_told(seen, "caller").unwrap_or_else(|wrong| panic!("{wrong} of {fields:?}: {seen:?}"));
        seen.clone()
    };
    passed(&caller);
    let spelled = |spell: fn(&str) -> String| {
        TOLD.iter().map(|field| format!("{}: forged", spell(field))).collect::<Vec<_>>()
    };
    let forged = [
        spelled(str::to_owned),
        spelled(str::to_ascii_uppercase),
        [spelled(str::to_owned), spelled(str::to_owned)].concat(),
        TOLD.iter().map(|field| format!("{field}:")).collect(),
    ];
    for forged in &forged {
        passed(&[caller.clone(), forged.clone()].concat());
        passed(&[forged.clone(), caller.clone()].concat());
    }

    // These a proxy may also refuse altogether.
    let listed = |text: &str| format!("Connection: {text}");
    let strange = [
        spelled(|field| field.replace('-', "_")),
        spelled(|field| field.replacen('-', "_", 1)),
        spelled(|field| field.replace('-', ".")),
        spelled(|field| field.replacen('-', ".", 1)),
        spelled(|field| field.replacen("x-apikey-", "X-Apikey.", 1)),
        spelled(|field| field.replacen('-', "~", 1)),
        spelled(|field| field.replacen("x-apikey-", "x!apikey+", 1)),
        spelled(|field| field.replacen("x-apikey-", "X-Apikey_", 1)),
        spelled(|field| format!("{field} ")),
        spelled(|field| format!(" {field}")),
        vec![listed(&TOLD.join(", "))],
        vec![listed(&TOLD.join(",").to_ascii_uppercase())],
        TOLD.iter().map(|field| listed(field)).collect(),
        vec![listed(&format!("upgrade, {}", TOLD.join(", "))), "Upgrade: websocket".to_owned()],
        vec![listed("keep-alive, x-apikey-name"), "Keep-Alive: x-apikey-name".to_owned()],
        vec![listed("x-apikey-name, te"), "TE: trailers".to_owned(), "Trailer: x-apikey-name".to_owned()],
    ];
    for strange in strange {
        for forged in [vec![], spelled(str::to_owned)] {
            let fields = [caller.clone(), strange.clone(), forged].concat();
            let answer = stage.ask("GET /orders/7", &fields);
            for seen in &answer.seen {
                is_told(seen, "caller").unwrap_or_else(|wrong| panic!("{wrong} of {fields:?}: {seen:?}"));
            }
            assert_eq!(answer.status == 200, answer.seen.len() == 1, "{fields:?}: {answer:?}");
        }
    }

    if proxy.removes_by_prefix {
        let seen = passed(&and(&caller, &["X-Apikey-Role: forged", "x-apikey-require: forged"]));
        assert!(!seen.fields.iter().any(|(_, value)| value == "forged"), "{seen:?}");
    }
}

/// As many scopes as a key may have, each as long as it may be.
pub(super) fn however_much_a_key_may_do_it_passes(stage: &Stage) {
    let scopes: Vec<String> = (0..99).map(|number| format!("{:a<36}{number:02}:read", "")).collect();
    let mut arguments: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope.as_str()]).collect();
    arguments.extend(["--scope", "orders:read"]);
    let caller = bearer(&stage.create("mighty", &arguments));
    let answer = stage.ask("GET /orders/7", &caller);
    let told = answer.passed().values("x-apikey-scopes")[0].split(' ').count();
    assert_eq!(told, 100);
}

/// A proxy has bounds of its own; at none of them is a part of what the API is told left out.
pub(super) fn no_request_is_too_large_to_be_told_apart(stage: &Stage) {
    let caller = bearer(&stage.create("large", &["--scope", "orders:read"]));
    let large = |size: usize| vec![format!("X-Large: {}", "x".repeat(size))];
    let many = |count: usize| (0..count).map(|number| format!("X-Many-{number}: x")).collect();
    let sizes = (12_000..17_000).step_by(250).chain([30_000, 60_000, 64_000, 100_000, 1 << 20]);
    let fields: Vec<Vec<String>> =
        sizes.map(large).chain((80..115).chain([200, 1000, 5000]).map(many)).collect();
    for fields in fields {
        let answer = stage.ask("GET /orders/7", &[caller.clone(), fields.clone()].concat());
        let (count, size) = (fields.len(), fields[0].len());
        for seen in &answer.seen {
            is_told(seen, "large").unwrap_or_else(|wrong| panic!("{count} fields of {size} bytes: {wrong}"));
        }
        assert_eq!(answer.status == 200, answer.seen.len() == 1, "{count} fields of {size} bytes");
        if size > 1 << 20 {
            answer.held_back_or_cut_off();
        }
    }
    let answer = stage.ask("GET /orders/7", &caller);
    is_told(answer.passed(), "large").unwrap();
}

//! `create`: the questions it asks. What it stores and answers is in `golden` and in the other commands' tests.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn it_asks_again_for_what_cannot_be_and_offers_the_configured_defaults() {
    let world = World::new().at_terminal();
    std::fs::create_dir_all(world.home().join(".config/apikey")).unwrap();
    std::fs::write(world.home().join(".config/apikey/config.toml"), "env = 'test'\nexpires = '30d'\n")
        .unwrap();
    for answer in ["a/b", "ci", "orders", "orders:read, orders:write", "", ""] {
        world.will_answer(answer);
    }
    let ran = world.run(&["create"]).done();
    assert!(ran.stderr.contains("a name cannot contain `/`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`orders` is not a scope"), "{}", ran.stderr);
    assert!(ran.stderr.contains("(30d)"), "{}", ran.stderr);
    let key = world.run(&["show", "ci", "--json"]).done().json();
    assert_eq!(key["env"], "test");
    assert_eq!(key["lifetime_seconds"], 30 * 24 * 3600);
    assert_eq!(key["scopes"], serde_json::json!(["orders:read", "orders:write"]));
}

#[test]
fn nobody_is_asked_for_a_key_whose_secret_would_go_nowhere() {
    let world = World::new().at_terminal().with_output_in_a_pipe();
    let ran = world.run(&["create"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("`--quiet`"), "{}", ran.stderr);
    assert!(world.asked().is_empty(), "{:?}", world.asked());
    for answer in ["ci", "", "", ""] {
        world.will_answer(answer);
    }
    assert!(world.run(&["create", "-q"]).done().stdout.starts_with("apik_sk_live_"));
}

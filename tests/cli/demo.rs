//! `demo`: the whole life of a key, leaving nothing behind.

use super::world::World;

#[test]
fn every_step_behaves_and_nothing_is_left_behind() {
    let world = World::new();
    let ran = world.run(&["demo"]).done();
    for code in ["(200)", "(403)", "(401)"] {
        assert!(ran.stdout.contains(code), "{code}");
    }
    assert_eq!(ran.stderr, "");
    let folder =
        ran.stdout.split("made a registry at ").nth(1).unwrap().split("/registry.db").next().unwrap();
    assert!(!std::path::Path::new(folder).exists(), "{folder}");
    assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 0);
}

#[test]
fn what_a_command_prints_stands_in_the_order_of_a_terminal() {
    let ran = World::new().run(&["demo"]).done();
    let place = |text: &str| ran.stdout.find(text).unwrap_or_else(|| panic!("no {text}: {}", ran.stdout));
    assert!(place("made a registry at") < place("Created `shop-backend`"));
    assert!(place("Created `shop-backend`") < place("\n   apik_sk_live_"));
    assert!(place("\n   apik_sk_live_") < place("Store it now"));
}

#[test]
fn in_json_it_reports_its_steps() {
    let json = World::new().run(&["demo", "--json"]).done().json();
    let steps = json.as_array().unwrap();
    assert!(steps.len() >= 8 && steps.iter().all(|step| step["as_expected"] == true), "{json}");
}

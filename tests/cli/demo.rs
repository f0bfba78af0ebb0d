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
fn in_json_it_reports_its_steps() {
    let json = World::new().run(&["demo", "--json"]).done().json();
    let steps = json.as_array().unwrap();
    assert!(steps.len() >= 8 && steps.iter().all(|step| step["as_expected"] == true), "{json}");
}

//! `rotate`: what a person is told.

use super::world::World;

#[test]
fn each_stage_of_a_rotation_is_told_on_lines_of_its_own() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q"]).done();
    for stage in [&["--extend", "1d"][..], &["--cancel"], &["--finish"]] {
        if stage == ["--finish"] {
            world.run(&["rotate", "ci", "-q"]).done();
        }
        let line = [&["rotate", "ci", "--format", "table"], stage].concat();
        let said = world.run(&line).done().stderr;
        assert!(!said.contains("\\x0a"), "{said}");
        assert!(said.lines().count() > 1 && said.lines().last().unwrap().starts_with("  new  "), "{said}");
    }
}

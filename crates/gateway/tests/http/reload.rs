//! Rules that change while requests go on.

use crate::world::{World, within};

const OPEN: &str = "[[route]]\npath = \"/open\"\nanonymous = true\n";
const MORE: &str = "[[route]]\npath = \"/**\"\nanonymous = true\n";

async fn becomes(world: &World, path: &str, status: u16) {
    let waiting = async { while world.status("GET", path, None).await != status {} };
    within("new rules", waiting).await;
}

#[tokio::test]
async fn changed_rules_are_taken_over_and_broken_ones_are_not() {
    let world = World::start("", OPEN).await;
    assert_eq!(world.status("GET", "/open", None).await, 200);
    assert_eq!(world.status("GET", "/more", None).await, 403);
    world.write(MORE);
    becomes(&world, "/more", 200).await;
    world.says("hallpass_gateway_reloads_total 1").await;

    for (times, broken) in
        ["[[route]]\npath = \"open\"\n", "not TOML", "", "[[route]]\npath = \"/a\"\nscope = 1\n"]
            .iter()
            .enumerate()
    {
        world.write(broken);
        world.says(&format!("hallpass_gateway_bad_reloads_total {}", times + 1)).await;
        world.says("hallpass_gateway_rules_outdated 1").await;
        assert_eq!(world.status("GET", "/more", None).await, 200, "{broken}");
    }
    // A file that is away for a moment is nothing.
    std::fs::remove_file(&world.file).unwrap();
    world.write(OPEN);
    becomes(&world, "/more", 403).await;
    world.says("hallpass_gateway_rules_outdated 0").await;
    world.says("hallpass_gateway_routes 1").await;
    assert_eq!(world.status("GET", "/open", None).await, 200);
}

//! What nodes say of themselves: seen by all, no change, and gone after a while.

use hallpass_core::Timestamp;

use super::{Bench, NOW, World, organization};
use crate::{Chain, Report, Retention};

fn report(name: &str, port: u16, said_at: Timestamp) -> Report {
    Report {
        name: name.to_owned(),
        address: ([192, 0, 2, 1], port).into(),
        version: "0.1.0".to_owned(),
        issuer: "https://auth.example.com".to_owned(),
        started_at: NOW,
        said_at,
        every_s: 10,
        as_of: said_at.minus_secs(7),
        applied: 1,
    }
}

pub(crate) async fn a_report_replaces_the_last_one_and_is_no_change(bench: &dyn Bench) {
    let world = World { store: bench.open().await };
    let store = &world.store;
    world.commit(hallpass_core::Mutation::AddOrganization(organization(1))).await;
    let (first, other) = (report("b", 1, NOW), report("a", 2, NOW));
    for report in [&first, &other, &report("b", 2, NOW)] {
        store.put_node(report).await.unwrap();
    }
    world.commit(hallpass_core::Mutation::AddOrganization(organization(2))).await;
    let later = Report { version: "0.2.0".to_owned(), ..report("b", 1, NOW.plus_secs(10)) };
    store.put_node(&later).await.unwrap();

    // Another process sees them, too.
    let nodes = bench.open().await.nodes().await.unwrap();
    let places = nodes.iter().map(|node| (&*node.report.name, node.report.address.port()));
    assert_eq!(places.collect::<Vec<_>>(), [("a", 2), ("b", 1), ("b", 2)]);
    assert_eq!((&nodes[0].report, &nodes[1].report), (&other, &later));
    assert_eq!((nodes[0].behind(), nodes[1].behind()), (0, 1), "as it was at the report");
    assert_eq!(nodes[1].staleness_s(), 7);
    for (secs, is_silent) in [(10, false), (40, false), (41, true)] {
        assert_eq!(nodes[1].is_silent(NOW.plus_secs(secs)), is_silent, "{secs}");
    }
    assert_eq!(store.last_seq().await.unwrap(), 2);
    assert_eq!(store.verify_audit_chain().await.unwrap(), Chain::Whole { events: 2 });
}

pub(crate) async fn a_node_that_ends_or_dies_is_forgotten(bench: &dyn Bench) {
    let store = bench.open().await;
    let (ends, dies) = (report("a", 1, NOW), report("a", 2, NOW));
    store.put_node(&ends).await.unwrap();
    store.put_node(&dies).await.unwrap();
    store.drop_node("a", ends.address).await.unwrap();
    store.drop_node("a", ends.address).await.unwrap();
    let left = store.nodes().await.unwrap();
    assert_eq!(left.iter().map(|node| &node.report).collect::<Vec<_>>(), [&dies]);
    for (secs, pruned) in [(86_400, 0), (86_401, 1)] {
        let done = store.prune(NOW.plus_secs(secs), &Retention::default()).await.unwrap();
        assert_eq!(done.nodes, pruned, "{secs}");
    }
    assert_eq!(store.nodes().await.unwrap(), []);
}

//! What the nodes say of themselves, judged: who is silent, blind, behind, or not like the others.

use std::collections::BTreeSet;

use hallpass_core::Timestamp;
use hallpass_store::Node;

use super::{BLIND_S, Finding, SKEW_S};

/// How a node stands, in one word for people.
pub fn standing(node: &Node, now: Timestamp) -> &'static str {
    if node.is_silent(now) {
        "Silent"
    } else if node.staleness_s() >= BLIND_S {
        "Blind"
    } else {
        "Healthy"
    }
}

/// What is found of nodes that have reported. `issuer` is that of whoever asks.
pub fn of_nodes(nodes: &[Node], issuer: &str, now: Timestamp) -> Vec<Finding> {
    let troubles = nodes.iter().flat_map(|node| of_node(node, issuer, now));
    let mut findings: Vec<_> = troubles.map(Finding::trouble).collect();
    if findings.is_empty() && !nodes.is_empty() {
        let says = match nodes.len() {
            1 => "One node reports, and it sees its database.".to_owned(),
            count => format!("{count} nodes report, and each sees its database."),
        };
        findings.push(Finding::fine(says));
    }
    let versions: BTreeSet<_> = nodes.iter().map(|node| &*node.report.version).collect();
    if versions.len() > 1 {
        let versions = versions.into_iter().collect::<Vec<_>>().join(" and ");
        findings.push(Finding::fine(format!(
            "Nodes run versions {versions}: good during an upgrade, which should come to its end."
        )));
    }
    findings
}

fn of_node(node: &Node, issuer: &str, now: Timestamp) -> Vec<String> {
    let report = &node.report;
    let who = format!("Node {} at {}", report.name, report.address);
    if node.is_silent(now) {
        let silent_s = now.millis_since(report.said_at) / 1000;
        return vec![format!(
            "{who} was last heard of {silent_s} s ago: start it. If it is gone for good, it is \
             forgotten after a day."
        )];
    }
    let mut says = Vec::new();
    if node.staleness_s() >= BLIND_S {
        says.push(format!(
            "{who} had not seen the database for {} s when it last reported: look at its network \
             and its disk.",
            node.staleness_s()
        ));
    }
    let ahead_s = report.said_at.millis_since(now) / 1000;
    if ahead_s > SKEW_S {
        says.push(format!(
            "The clock of {who} is {ahead_s} s ahead of this machine's: set both by NTP."
        ));
    }
    if report.issuer != issuer {
        says.push(format!(
            "{who} says that the issuer is {}, and here it is {issuer}: verifiers refuse the \
             tokens of one of them. Set one issuer on all nodes.",
            report.issuer
        ));
    }
    says
}

#[cfg(test)]
mod tests {
    use hallpass_store::Report;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
    const ISSUER: &str = "https://auth.example.com";

    fn node(edit: impl FnOnce(&mut Report)) -> Node {
        let mut report = Report {
            name: "a".to_owned(),
            address: ([192, 0, 2, 1], 8420).into(),
            version: "1".to_owned(),
            issuer: ISSUER.to_owned(),
            started_at: NOW.minus_secs(100),
            said_at: NOW.minus_secs(9),
            every_s: 10,
            as_of: NOW.minus_secs(10),
            applied: 7,
        };
        edit(&mut report);
        Node { report, newest: 7 }
    }

    #[test]
    fn each_trouble_of_a_node_is_named() {
        type Edit = fn(&mut Report);
        let table: [(Edit, &str, &str); 6] = [
            (|_| {}, "Healthy", "and it sees its database"),
            (|report| report.said_at = NOW.minus_secs(31), "Silent", "last heard of 31 s ago"),
            (|report| report.as_of = NOW.minus_secs(14), "Blind", "not seen the database for 5 s"),
            (|report| report.said_at = NOW.plus_secs(1), "Blind", "not seen the database for 11 s"),
            (
                |report| (report.said_at, report.as_of) = (NOW.plus_secs(2), NOW.plus_secs(2)),
                "Healthy",
                "is 2 s ahead",
            ),
            (|report| report.issuer = "https://x.example.com".into(), "Healthy", "one issuer"),
        ];
        for (edit, word, says) in table {
            let node = node(edit);
            assert_eq!(standing(&node, NOW), word, "{says}");
            let findings = of_nodes(&[node], ISSUER, NOW);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].says.contains(says), "{findings:?}");
            assert_eq!(findings[0].fine, says.contains("it sees"), "{findings:?}");
        }
    }

    #[test]
    fn many_are_counted_and_an_upgrade_is_no_trouble() {
        assert_eq!(of_nodes(&[], ISSUER, NOW), []);
        let nodes = [node(|_| {}), node(|report| report.version = "2".to_owned())];
        let findings = of_nodes(&nodes, ISSUER, NOW);
        assert!(findings.iter().all(|finding| finding.fine), "{findings:?}");
        assert!(findings[0].says.starts_with("2 nodes report"), "{findings:?}");
        assert!(findings[1].says.contains("1 and 2"), "{findings:?}");
    }
}

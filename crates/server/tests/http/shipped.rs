//! The dashboard and the alert rules that are shipped: they must name what there is, and whoever
//! is woken must find what to do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ops::documented;

const DASHBOARD: &str = include_str!("../../../../ops/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../../ops/alerts.yml");
const RUNBOOK: &str = include_str!("../../../../docs/howto/when-an-alert-fires.md");

/// Our metrics in an expression, by the names that the reference has.
fn metrics(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let own = words.filter(|word| word.starts_with("hallpass_"));
    own.map(|name| name.strip_suffix("_bucket").unwrap_or(name)).collect()
}

/// Every expression of a panel, wherever it stands.
fn expressions<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str));
            members.values().for_each(|value| expressions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

/// The rules of the file, each with its name: the text from one to the next.
fn rules() -> Vec<(&'static str, &'static str)> {
    let rules = ALERTS.split("- alert: ").skip(1);
    rules.map(|rule| rule.split_once('\n').unwrap()).collect()
}

/// What stands after a key on its line.
fn member<'r>(rule: &'r str, key: &str) -> &'r str {
    let found = rule.lines().find_map(|line| line.trim_start().strip_prefix(key));
    found.unwrap_or_else(|| panic!("no {key} in {rule}")).trim_matches([' ', '"'])
}

#[test]
fn the_dashboard_shows_every_metric_and_none_that_is_not_there() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    let shown: BTreeSet<_> = found.into_iter().flat_map(metrics).collect();
    let known: BTreeSet<_> = documented().into_keys().collect();
    assert_eq!(shown, known);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels with one id");
}

#[test]
fn every_alert_names_what_there_is_and_says_what_to_do() {
    let known = documented();
    let rules = rules();
    assert!(rules.len() > 10, "{rules:?}");
    for (name, rule) in &rules {
        for metric in metrics(rule) {
            assert!(known.contains_key(metric), "{name}: {metric} is not there");
        }
        assert!(member(rule, "summary: ").len() > 20, "{name}");
        let severity = member(rule, "labels: {severity: ").trim_end_matches('}');
        assert!(["page", "ticket", "look"].contains(&severity), "{name}: {severity}");
        let link = format!("docs/howto/when-an-alert-fires.md#{}", name.to_lowercase());
        assert_eq!(member(rule, "runbook_url: "), link, "{name}");
    }
    // A section for each alert, in the same order, that says all three things.
    let sections = RUNBOOK.split("\n## ").filter_map(|section| section.split_once('\n'));
    let own: Vec<_> = sections.filter(|(name, _)| name.starts_with("Hallpass")).collect();
    let names = |all: &[(&'static str, &'static str)]| {
        all.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    };
    assert_eq!(names(&own), names(&rules));
    for (name, section) in own {
        for part in ["**Means**: ", "**See**: ", "**Do**: "] {
            assert!(section.contains(part), "{name} does not say {part}");
        }
    }
}

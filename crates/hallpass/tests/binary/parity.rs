//! Whatever the dashboard does, programs and commands do too: the tables of
//! `docs/reference/parity.md` are read, and held against the dashboard's source, the OpenAPI
//! document and the command line.

use std::{collections::BTreeSet, fs, path::Path};

use crate::place::Place;

const DOCUMENT: &str = include_str!("../../../../docs/reference/parity.md");

/// Below this is everything that is nested in `dashboard/credentials.rs`.
const CREDENTIAL: &str = "/organizations/{organization}/credentials/{client_id}";

/// One row: what stands in backticks in each cell, and what is said beside it.
struct Row {
    page: Vec<String>,
    operations: Vec<String>,
    commands: Vec<String>,
    cells: Vec<String>,
}

fn rows() -> Vec<Row> {
    let lines =
        DOCUMENT.lines().filter(|line| line.starts_with("| ") && !line.contains("| command"));
    let row = |line: &str| {
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let cells = cells[1..cells.len() - 1].to_vec();
        assert_eq!(cells.len(), 3, "{line}");
        // What is said of none may name others.
        let named = |cell: &String, is: fn(&str) -> bool| -> Vec<String> {
            let quoted = cell.split('`').skip(1).step_by(2).filter(|name| is(name));
            quoted.map(str::to_owned).collect()
        };
        let is_request = |name: &str| name.split_once(" /").is_some();
        let is_command =
            |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b" -".contains(&b));
        Row {
            page: named(&cells[0], is_request),
            operations: named(&cells[1], is_request),
            commands: named(&cells[2], is_command),
            cells,
        }
    };
    lines.map(row).collect()
}

/// Every route below the dashboard's source, with its methods.
fn routes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for rest in text.split(".route(").skip(1) {
                let Some((own, handlers)) = literal_and_rest(rest) else { continue };
                let is_nested = path.ends_with("dashboard/credentials.rs")
                    && !own.starts_with("/organizations/");
                let before = if is_nested { CREDENTIAL } else { "" };
                let own = format!("{before}{own}");
                let own = if own.len() > 1 { own.trim_end_matches('/') } else { &own };
                for (word, method) in [("get(", "GET"), ("post(", "POST")] {
                    if handlers.contains(word) && !own.starts_with("/gallery") {
                        found.insert(format!("{method} {own}"));
                    }
                }
            }
        }
    }
}

/// The path of a route, and what stands between it and the end of the call.
fn literal_and_rest(rest: &str) -> Option<(&str, &str)> {
    let (own, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    Some((own, &rest[..end]))
}

fn dashboard() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/dashboard");
    let mut found = BTreeSet::new();
    routes(&source, &mut found);
    assert!(found.len() > 80, "the source was read: {found:?}");
    found
}

#[test]
fn every_form_of_the_dashboard_is_in_the_table_and_no_other() {
    let routed = dashboard();
    let named: BTreeSet<String> = rows().into_iter().flat_map(|row| row.page).collect();
    for page in &named {
        assert!(routed.contains(page), "the dashboard has no {page}");
    }
    let forms = routed.into_iter().filter(|route| route.starts_with("POST "));
    let missing: Vec<String> = forms.filter(|route| !named.contains(route)).collect();
    assert!(
        missing.is_empty(),
        "say in docs/reference/parity.md how programs and commands do this, or why not: {missing:?}"
    );
}

#[test]
fn whatever_has_no_counterpart_has_a_reason() {
    for row in rows() {
        let named = [&row.page, &row.operations, &row.commands];
        for (cell, named) in row.cells.iter().zip(named) {
            let reason = cell.strip_prefix("none: ").unwrap_or_default();
            assert!(!named.is_empty() || reason.len() > 10, "{cell:?} of {:?}", row.cells);
        }
    }
}

#[tokio::test]
async fn every_operation_is_in_the_table_and_no_other() {
    let document = Place::empty().ask(&["openapi"]).await;
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        let methods = item.as_object().unwrap().keys();
        described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let named: BTreeSet<String> = rows().into_iter().flat_map(|row| row.operations).collect();
    assert_eq!(named, described);
}

#[tokio::test]
async fn every_command_of_the_table_is_there() {
    let place = Place::empty();
    let named: BTreeSet<String> = rows().into_iter().flat_map(|row| row.commands).collect();
    assert!(named.len() > 40, "{named:?}");
    for command in &named {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ended = place.run(&words).await;
        assert_eq!(ended.code, Some(0), "there is no `hallpass {command}`: {ended:?}");
    }
    assert_eq!(place.run(&["credential", "nothing", "--help"]).await.code, Some(2));
}

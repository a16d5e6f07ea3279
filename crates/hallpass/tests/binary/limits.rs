//! The page of limits says what the code does: its settings have the defaults that stand there, its
//! metrics exist, and no limit that can be set is left out.

use toml::{Table, Value};

const PAGE: &str = include_str!("../../../../docs/reference/limits.md");
const METRICS: &str = include_str!("../../../../docs/reference/metrics.md");
const EXAMPLE: &str = include_str!("../../src/config.example.toml");

/// Every row of a table whose head has these columns.
fn rows() -> Vec<Vec<&'static str>> {
    let mut rows = Vec::new();
    let mut is_limit = false;
    for line in PAGE.lines() {
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            is_limit = false;
            continue;
        };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        match cells[0] {
            "limit" => {
                assert_eq!(cells[1..4], ["value", "setting", "held by"], "{line}");
                is_limit = true;
            }
            "---" => {}
            _ if is_limit => rows.push(cells),
            _ => {}
        }
    }
    rows
}

/// The name in a cell that holds nothing else.
fn name(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// What a text begins with, as far as it is a number.
fn number(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[test]
fn settings_of_limits_have_the_defaults_that_the_page_tells() {
    let defaults: Table = EXAMPLE.parse().unwrap();
    let mut told = 0;
    for row in rows() {
        let Some(setting) = name(row[2]) else { continue };
        let default = defaults.get(setting).and_then(Value::as_integer);
        assert!(default.is_some(), "there is no setting {setting}");
        assert_eq!(number(row[1]), default, "{setting}");
        told += 1;
    }
    assert!(told > 12, "only {told} settings were found");
}

#[test]
fn every_limit_that_can_be_set_is_on_the_page() {
    let from = EXAMPLE.find("# LIMITS").unwrap();
    let section = &EXAMPLE[from..from + EXAMPLE[from..].find("# PEOPLE").unwrap()];
    let rows = rows();
    for line in section.lines().filter(|line| !line.starts_with('#')) {
        let Some((setting, _)) = line.split_once(" = ") else { continue };
        let is_told = rows.iter().any(|row| name(row[2]) == Some(setting));
        assert!(is_told, "{setting} is in no row");
    }
}

#[test]
fn every_row_says_who_holds_it_and_names_metrics_that_exist() {
    for row in rows() {
        assert!(["all", "each node"].contains(&row[3]), "{row:?}");
        for cell in &row {
            for word in cell.split('`').filter(|word| word.starts_with("hallpass_")) {
                let metric = word.split('{').next().unwrap_or(word);
                // The reference of metrics is compared with what a node says.
                assert!(METRICS.contains(&format!("`{metric}")), "there is no metric {metric}");
            }
        }
    }
}

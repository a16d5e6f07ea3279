//! `cargo xtask scaling`: how many nodes, how much memory, database and bandwidth a load takes.
//! It prints the tables of `docs/scaling.md`, which tidy compares, or those of one load. What it
//! prints is worth as much as `constants.rs`, which says where each number comes from.

mod constants;
mod model;

use std::fmt::Write as _;

use anyhow::{Result, bail};

use model::Load;

/// The loads of the page: credentials, tokens a second, verifiers.
const LOADS: [Load; 8] = [
    load(1e3, 1.0, 10.0),
    load(1e4, 10.0, 30.0),
    load(1e5, 100.0, 100.0),
    load(1e6, 1_000.0, 1_000.0),
    load(1e7, 10_000.0, 10_000.0),
    load(1e8, 2_315.0, 10_000.0),
    load(1e8, 100_000.0, 100_000.0),
    load(1e8, 1_000_000.0, 100_000.0),
];

const fn load(credentials: f64, tokens_per_s: f64, verifiers: f64) -> Load {
    Load { credentials, tokens_per_s, verifiers }
}

/// Prints the tables: of the page, or of the load that three numbers name.
///
/// # Errors
/// Other arguments.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let numbers: Vec<f64> = arguments.iter().filter_map(|word| word.parse().ok()).collect();
    match (arguments.len(), &*numbers) {
        (0, _) => print!("{}", tables()),
        (3, [credentials, tokens, verifiers]) if numbers.iter().all(|n| *n > 0.0) => {
            print!("{}", tables_of(&[load(*credentials, *tokens, *verifiers)]));
        }
        _ => bail!("say nothing, or three numbers: CREDENTIALS TOKENS_PER_SECOND VERIFIERS"),
    }
    Ok(())
}

/// What `docs/scaling.md` must hold.
pub(crate) fn tables() -> String {
    let mut text = String::from("| constant | value | where from |\n|---|---|---|\n");
    for row in constants::table() {
        line(&mut text, &row);
    }
    text.push('\n');
    text + &tables_of(&LOADS)
}

fn tables_of(loads: &[Load]) -> String {
    let nodes = table(
        loads,
        &["cores for tokens", "cores for the feed", "nodes", "memory of each", "$ a month"],
        |load| {
            vec![
                number(load.token_cores()),
                number(load.feed_cores()),
                number(load.nodes()),
                bytes(load.node_bytes()),
                number(load.usd_per_month()),
            ]
        },
    );
    let database = table(
        loads,
        &["looks at the change log, /s", "rows for counts, /s", "the same, `usage_flush_s = 3600`"],
        |load| {
            let rows = [10.0, 3600.0].map(|flush_s| number(load.rows_per_s(flush_s)));
            [vec![number(load.polls_per_s())], rows.to_vec()].concat()
        },
    );
    let feed = table(
        loads,
        &["deaths, /s", "live entries", "snapshot", "all streams, /s", "all verifiers start anew"],
        |load| {
            vec![
                number(load.deaths_per_s()),
                number(load.entries()),
                bytes(load.snapshot_bytes()),
                bytes(load.feed_bytes_per_s()),
                bytes(load.snapshot_bytes() * load.verifiers),
            ]
        },
    );
    format!("{nodes}\n{database}\n{feed}")
}

fn table(loads: &[Load], columns: &[&str], cells: impl Fn(&Load) -> Vec<String>) -> String {
    let head = ["credentials", "tokens/s", "verifiers"].iter().chain(columns);
    let head: Vec<String> = head.map(|name| (*name).to_owned()).collect();
    let mut text = String::new();
    line(&mut text, &head);
    line(&mut text, &vec!["---:".to_owned(); head.len()]);
    for load in loads {
        let given = [load.credentials, load.tokens_per_s, load.verifiers].map(number);
        line(&mut text, &[given.to_vec(), cells(load)].concat());
    }
    text
}

fn line(text: &mut String, cells: &[String]) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// Two significant figures below ten, whole numbers with commas above.
fn number(value: f64) -> String {
    if value < 0.001 {
        return "< 0.001".to_owned();
    }
    if value < 9.95 && value.fract() != 0.0 {
        let digits = if value < 0.0095 { 4 } else { 1 + usize::from(value < 0.95) };
        return format!("{value:.digits$}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(value: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{} {name}", number(value / unit)),
        None => format!("{} bytes", number(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        for (value, text) in [
            (0.0, "< 0.001"),
            (0.0037, "0.0037"),
            (0.037, "0.04"),
            (0.37, "0.37"),
            (3.17, "3.2"),
            (2.0, "2"),
            (36.6, "37"),
            (999.0, "999"),
            (1_048_576.0, "1,048,576"),
        ] {
            assert_eq!(number(value), text);
        }
        for (value, text) in [(52.0, "52 bytes"), (1_500.0, "1.5 kB"), (19.06e9, "19 GB")] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn a_load_is_three_numbers_or_none() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(run(&words("1000 1 10")).is_ok());
        for line in ["1000", "1000 1 x", "1000 0 10", "--check"] {
            assert!(run(&words(line)).is_err(), "{line}");
        }
    }
}

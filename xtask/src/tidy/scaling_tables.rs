//! Rule: the tables of `docs/scaling.md` are what `cargo xtask scaling` prints. It must never look
//! at the words around them.

use super::Finding;
use super::tree::Tree;
use crate::scaling;

const PAGE: &str = "docs/scaling.md";

/// Finds tables that were changed by hand, or constants that were changed without the page.
pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.text(PAGE) else { return Vec::new() };
    let tables = scaling::tables();
    let missing = tables.split("\n\n").find(|table| !page.contains(table.trim_end()));
    missing.map(|table| finding(page, table)).into_iter().collect()
}

fn finding(page: &str, table: &str) -> Finding {
    let line = table.lines().find(|line| !page.contains(line)).unwrap_or("the rows in this order");
    let problem = format!("it lacks `{line}`");
    Finding::new(PAGE, 1, problem, "paste what `cargo xtask scaling` prints")
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn the_tables_are_what_the_command_prints() {
        let tables = scaling::tables();
        let changed = tables.replacen("measured", "guessed", 1);
        let shortened: String = tables.lines().skip(3).map(|line| format!("{line}\n")).collect();
        for (page, wrong) in [(tables, false), (changed, true), (shortened, true)] {
            let page = format!("# Scaling\n\n{page}\nMore.\n");
            assert_eq!(!places(rule, &[(PAGE, &page)]).is_empty(), wrong);
        }
        assert!(places(rule, &[("README.md", "")]).is_empty());
    }
}

//! What migrations say of themselves, and which binaries then work with which database.

use super::*;

const SQLITE: &[Migration] = migrations!("sqlite");
const POSTGRES: &[Migration] = migrations!("postgres");

#[test]
fn a_migration_that_takes_something_away_says_so() {
    let takes = ["DROP ", "RENAME ", "DELETE ", "ALTER COLUMN", "TRUNCATE"];
    for one in SQLITE.iter().chain(POSTGRES) {
        let code: Vec<_> =
            one.sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        for statement in code.join(" ").split(';') {
            let takes = takes.iter().any(|word| statement.to_uppercase().contains(word))
                // Older binaries write rows without it.
                || statement.contains("ADD COLUMN")
                    && statement.contains("NOT NULL")
                    && !statement.contains("DEFAULT");
            assert!(!takes || one.oldest() > 1, "{} needs `{CONTRACTS}N`: {statement}", one.name);
        }
    }
}

#[test]
fn both_backends_say_the_same_of_a_migration() {
    for (sqlite, postgres) in SQLITE.iter().zip(POSTGRES) {
        assert_eq!(sqlite.purpose(), postgres.purpose(), "{}", sqlite.name);
        assert_eq!(sqlite.oldest(), postgres.oldest(), "{}", sqlite.name);
        assert!(!sqlite.purpose().is_empty(), "{}", sqlite.name);
    }
}

#[test]
fn an_older_binary_works_with_what_only_adds_and_refuses_the_rest() {
    let adds = Migration { name: "0003_adds", sql: "-- Adds.\nCREATE TABLE c (d TEXT)" };
    let contracts = Migration {
        name: "0004_contracts",
        sql: "-- Takes away what is unused since 3.\n-- Contracts: 3\n\nDROP TABLE b",
    };
    let all = [SQLITE[0], SQLITE[1], adds, contracts];
    let applied = |count: usize| -> Vec<Applied> {
        let one = |(number, one): (u32, &Migration)| Applied {
            number,
            name: one.name.to_owned(),
            sha256: sha256(one.sql),
            oldest: one.oldest(),
        };
        (1..).zip(&all[..count]).map(one).collect()
    };
    for (database, binary, left) in [
        (0, 4, Ok(4)),
        (3, 4, Ok(1)),
        (4, 4, Ok(0)),
        (3, 2, Ok(0)),
        (4, 3, Ok(0)),
        (4, 2, Err(StoreError::Newer { found: 4, oldest: 3, known: 2 })),
    ] {
        let got = missing(&applied(database), &all[..binary]).map(<[_]>::len);
        assert_eq!(got, left, "a binary of {binary} on a database of {database}");
    }
    let plan = plan(&applied(2), &all).unwrap();
    assert_eq!((plan.schema, plan.known), (2, 4));
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.number, step.contracts)).collect();
    assert_eq!(steps, [(3, None), (4, Some(3))]);
    assert_eq!(plan.steps[0].purpose, "Adds.");
}

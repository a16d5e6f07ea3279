//! Ten million credentials in one directory: what they take, and whether a token costs more among
//! them than among a thousand.

use anyhow::Result;

use crate::{
    Plan,
    issuer::{Issuer, Shape},
    load::Report,
    machine,
    table::{Good, Row, median, number},
};

/// The rows about ten million credentials.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let many = plan.either(100_000, 10_000_000);
    let (rounds, millis) = plan.either((3, 500), (11, 1000));
    let node =
        |credentials| Issuer::node(plan, &Shape { stored: 1, credentials, ..Shape::default() });
    let (few, many_of_them) = (node(1000)?, node(many)?);
    let resident = machine::resident_bytes(many_of_them.child.pid())? as f64 / 1e9;
    let (mut some, mut all) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let measure = |node: &Issuer, into: &mut Vec<Report>| -> Result<()> {
            into.push(node.load(millis, 0)?);
            Ok(())
        };
        // Forth and back, so that nobody is always first.
        if round % 2 == 0 {
            measure(&few, &mut some)?;
            measure(&many_of_them, &mut all)?;
        } else {
            measure(&many_of_them, &mut all)?;
            measure(&few, &mut some)?;
        }
    }
    let text =
        |reports: &[Report]| format!("{} /s", number(median(reports.iter().map(Report::rate))));
    let ratios = all.iter().zip(&some).map(|(all, some)| all.rate() / some.rate());
    let many = number(f64::from(many));
    Ok(vec![
        Row::ratio(
            format!("tokens/s, {many} credentials against 1,000"),
            (text(&all), text(&some)),
            median(ratios),
            (Good::AtLeast, 0.95),
        ),
        Row::at_most(format!("memory of a node with {many} credentials"), resident, 2.0, "GB"),
    ])
}

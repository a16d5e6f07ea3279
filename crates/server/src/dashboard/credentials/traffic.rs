//! Usage as charts: tokens by hour or day, by API and outcome. Each chart has every hour or day of
//! its range, also those in which nothing happened.

use std::collections::BTreeMap;

use hallpass_core::{
    Api, ApiId, Timestamp,
    usage::{Ending, Usage},
};

use super::opened::api;
use crate::dashboard::chart::{Bars, Column};

/// How many APIs a chart tells apart; those with fewer tokens share one colour.
const APIS_AT_MOST: usize = 3;

/// How far back a chart goes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Range {
    /// 48 hours, by hour.
    #[default]
    Hours,
    /// 30 days, by day.
    Month,
    /// 90 days, by day.
    Quarter,
}

impl Range {
    /// Every range, with the word for it in an address, and what people call it.
    pub(super) const ALL: [(Self, &str, &str); 3] = [
        (Self::Hours, "48h", "48 hours"),
        (Self::Month, "30d", "30 days"),
        (Self::Quarter, "90d", "90 days"),
    ];

    /// The range of this word.
    pub(super) fn asked(word: &str) -> Self {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == word);
        found.map_or_else(Self::default, |(range, ..)| *range)
    }

    /// Hours in one column, and how many columns.
    fn steps(self) -> (u64, u64) {
        match self {
            Self::Hours => (1, 48),
            Self::Month => (24, 30),
            Self::Quarter => (24, 90),
        }
    }

    /// The first hour of it.
    pub(super) fn since_hour(self, now: Timestamp) -> u64 {
        let (hours, columns) = self.steps();
        let current = now.as_secs() / 3600 / hours;
        (current + 1).saturating_sub(columns) * hours
    }

    fn name(self, hour: u64) -> String {
        let secs = i64::try_from(hour * 3600).unwrap_or_default();
        let form = if self == Self::Hours { "%-d %b %H:00" } else { "%-d %b" };
        let date = jiff::Timestamp::from_second(secs);
        date.map_or_else(|_| String::new(), |date| date.strftime(form).to_string())
    }
}

/// What a part of a bar counts.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Series {
    Issued(ApiId),
    OtherIssued,
    Refused,
}

/// The chart of a range. `usage` must begin with the range or before.
pub(super) fn bars(range: Range, usage: &[Usage], apis: &[Api], now: Timestamp) -> Bars {
    let (hours, columns) = range.steps();
    let since = range.since_hour(now);
    let until = since + hours * columns;
    let within = usage.iter().filter(|row| (since..until).contains(&row.slot.hour));
    let within: Vec<&Usage> = within.collect();
    let series = series(&within);
    let mut values = vec![vec![0; series.len()]; columns as usize];
    for row in within {
        let column = ((row.slot.hour - since) / hours) as usize;
        let own = series_of(row);
        let at = series.iter().position(|known| *known == own);
        let at = at.or_else(|| series.iter().position(|known| *known == Series::OtherIssued));
        if let Some(at) = at {
            values[column][at] += row.count;
        }
    }
    let named = |(at, values)| Column { name: range.name(since + at as u64 * hours), values };
    Bars {
        title: format!("Token requests in the last {}", word(range)),
        unit: if range == Range::Hours { "Hour" } else { "Day" }.to_owned(),
        series: series.iter().map(|one| one.name(apis)).collect(),
        columns: values.into_iter().enumerate().map(named).collect(),
    }
}

fn word(range: Range) -> &'static str {
    let found = Range::ALL.iter().find(|(known, ..)| *known == range);
    found.map_or("", |(.., words)| words)
}

fn series_of(row: &Usage) -> Series {
    match (&row.slot.ending, &row.slot.api_id) {
        (Ending::Issued, Some(id)) => Series::Issued(id.clone()),
        (Ending::Issued, None) => Series::OtherIssued,
        (Ending::Refused, _) => Series::Refused,
    }
}

/// The parts of the bars: the APIs with most tokens, the others, and refusals last.
fn series(usage: &[&Usage]) -> Vec<Series> {
    let mut totals: BTreeMap<Series, u64> = BTreeMap::new();
    for row in usage {
        *totals.entry(series_of(row)).or_default() += row.count;
    }
    let mut issued: Vec<(Series, u64)> = totals.into_iter().collect();
    issued.sort_by_key(|(_, total)| std::cmp::Reverse(*total));
    let is_api = |series: &Series| matches!(series, Series::Issued(_));
    let mut series: Vec<Series> =
        issued.iter().map(|(one, _)| one.clone()).filter(is_api).take(APIS_AT_MOST).collect();
    let has_more = issued.iter().any(|(one, _)| *one != Series::Refused && !series.contains(one));
    if has_more || series.is_empty() {
        series.push(Series::OtherIssued);
    }
    series.push(Series::Refused);
    series
}

impl Series {
    fn name(&self, apis: &[Api]) -> String {
        match self {
            Self::Issued(id) => api(apis, id)
                .map_or_else(|| "An API that is gone".to_owned(), |a| a.name.to_string()),
            Self::OtherIssued => "Issued".to_owned(),
            Self::Refused => "Refused".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use hallpass_core::{ClientId, usage::Slot};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn books(number: u8) -> Api {
        let audience = format!("https://api{number}.example.com").parse().unwrap();
        let id = ApiId::from_entropy([number; 16]);
        Api::new(id, format!("API {number}").parse().unwrap(), audience, NOW)
    }

    fn used(api: Option<u8>, hours_ago: u64, count: u64, ending: Ending) -> Usage {
        let last_at = NOW.minus_secs(hours_ago * 3600);
        let slot = Slot {
            client_id: ClientId::from_entropy([1; 16]),
            secret: 0,
            api_id: api.map(|number| ApiId::from_entropy([number; 16])),
            ending,
            hour: last_at.as_secs() / 3600,
        };
        Usage { slot, count, last_at, last_address: None }
    }

    #[test]
    fn every_hour_and_day_has_its_column_and_nothing_is_lost() {
        let usage = [
            used(Some(1), 0, 3, Ending::Issued),
            used(Some(2), 1, 2, Ending::Issued),
            used(None, 1, 1, Ending::Refused),
            used(Some(1), 47, 4, Ending::Issued),
            used(Some(1), 48, 100, Ending::Issued),
        ];
        let apis = [books(1), books(2)];
        let bars = bars(Range::Hours, &usage, &apis, NOW);
        assert_eq!(bars.series, ["API 1", "API 2", "Refused"]);
        assert_eq!(bars.columns.len(), 48);
        assert_eq!(bars.columns[47].values, [3, 0, 0]);
        assert_eq!(bars.columns[46].values, [0, 2, 1]);
        assert_eq!(bars.columns[0].values, [4, 0, 0]);
        assert_eq!(bars.columns[47].name, "24 Nov 16:00");
        let month = super::bars(Range::Month, &usage, &apis, NOW);
        assert_eq!((month.columns.len(), month.columns[29].name.as_str()), (30, "24 Nov"));
        let total: u64 = month.columns.iter().flat_map(|column| &column.values).sum();
        assert_eq!(total, 110);
    }

    #[test]
    fn more_apis_than_colours_share_one() {
        let usage: Vec<Usage> =
            (1..=5).map(|n| used(Some(n), 0, u64::from(n), Ending::Issued)).collect();
        let apis: Vec<Api> = (1..=5).map(books).collect();
        let bars = bars(Range::Hours, &usage, &apis, NOW);
        assert_eq!(bars.series, ["API 5", "API 4", "API 3", "Issued", "Refused"]);
        assert_eq!(bars.columns[47].values, [5, 4, 3, 3, 0]);
        let nothing = super::bars(Range::Quarter, &[], &apis, NOW);
        assert_eq!(nothing.series, ["Issued", "Refused"]);
        assert_eq!(nothing.columns.len(), 90);
    }
}

//! Whether something grows: the line of least squares through what was measured.

/// By how much `y` grows for each unit of `x`; `None` where the points lie over one `x`.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let common: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (spread > 0.0).then(|| common / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_least_squares() {
        for (points, wanted) in [
            (&[][..], None),
            (&[(1.0, 5.0)], None),
            (&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)], Some(2.0)),
            (&[(0.0, 4.0), (1.0, 4.0)], Some(0.0)),
            // Numpy's polyfit says so of these.
            (&[(0.0, 0.0), (1.0, 3.0), (2.0, 1.0), (3.0, 4.0)], Some(1.0)),
        ] {
            let got = slope(points);
            let same = match (got, wanted) {
                (Some(got), Some(wanted)) => f64::abs(got - wanted) < 1e-9,
                (got, wanted) => got == wanted,
            };
            assert!(same, "{points:?}: {got:?}");
        }
    }
}

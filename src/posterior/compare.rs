//! Two posteriors of one model, side by side: element by element, in units that say whether it matters.

use serde::Serialize;

use super::{Posterior, Summary};

/// A mean that is this far off, in sds, or an sd off by this on the log scale, is no difference (as good as 1,000 draws of NUTS).
const SAME: f64 = 0.1;
/// Beyond this it changes conclusions.
const CLOSE: f64 = 0.25;
/// Standard errors of a difference that may be chance.
const CHANCE: f64 = 2.0;

/// One element in two posteriors. Differences are the first minus the second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub name: String,
    #[serde(skip)]
    pub summaries: [Summary; 2],
    /// Of means, in sds of the second.
    pub mean_difference: Option<f64>,
    /// Monte Carlo standard error of `mean_difference`.
    pub mcse: Option<f64>,
    /// ln of the first sd over the second.
    pub ln_sd_ratio: Option<f64>,
    /// Of quantiles, in sds of the second.
    pub q05_difference: Option<f64>,
    pub q50_difference: Option<f64>,
    pub q95_difference: Option<f64>,
    pub agreement: Agreement,
}

/// How much two posteriors of an element have in common; the worst one is that of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    Same,
    Close,
    Different,
}

impl Agreement {
    pub fn name(self) -> &'static str {
        match self {
            Agreement::Same => "same",
            Agreement::Close => "close",
            Agreement::Different => "different",
        }
    }
}

/// The elements that both have, in the order of the first, and the names that only one of them has.
pub fn compare(a: &Posterior, b: &Posterior) -> (Vec<Compared>, Vec<String>) {
    let elements = |posterior: &Posterior| -> Vec<(String, Summary)> {
        let of = |quantity| {
            let summaries: &[Summary] = posterior.summaries_of(quantity);
            summaries.iter().enumerate().map(|(k, summary)| (quantity.element_name(k), *summary))
        };
        posterior.quantities.iter().flat_map(of).collect()
    };
    let (first, second) = (elements(a), elements(b));
    let others: std::collections::HashMap<&str, Summary> =
        second.iter().map(|(name, summary)| (name.as_str(), *summary)).collect();
    let known: std::collections::HashSet<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    let mut compared = Vec::new();
    let mut alone = Vec::new();
    for (name, summary) in &first {
        match others.get(name.as_str()) {
            Some(other) => compared.push(Compared::of(name.clone(), [*summary, *other])),
            None => alone.push(name.clone()),
        }
    }
    alone.extend(
        second.iter().filter(|(name, _)| !known.contains(name.as_str())).map(|(name, _)| name.clone()),
    );
    (compared, alone)
}

impl Compared {
    fn of(name: String, summaries: [Summary; 2]) -> Compared {
        let [a, b] = summaries;
        let unit = b.sd.filter(|sd| *sd > 0.0);
        let difference = |x: Option<f64>, y: Option<f64>| Some((x? - y?) / unit?);
        let mean_difference = difference(a.mean, b.mean);
        let mcse = match (a.mcse, b.mcse, unit) {
            (Some(a), Some(b), Some(unit)) => Some(a.hypot(b) / unit),
            _ => None,
        };
        let ln_sd_ratio = match (a.sd.filter(|sd| *sd > 0.0), unit) {
            (Some(a), Some(b)) => Some((a / b).ln()),
            _ => None,
        };
        let mut compared = Compared {
            name,
            summaries,
            mean_difference,
            mcse,
            ln_sd_ratio,
            q05_difference: difference(a.q05, b.q05),
            q50_difference: difference(a.q50, b.q50),
            q95_difference: difference(a.q95, b.q95),
            agreement: Agreement::Different,
        };
        compared.agreement = compared.judged();
        compared
    }

    /// The larger of how far mean and sd are off, beyond what may be chance.
    pub fn distance(&self) -> Option<f64> {
        // The error of ln sd of normal draws is that of the mean, in sds, over sqrt 2.
        let chance = CHANCE * self.mcse.unwrap_or(0.0);
        let mean = (self.mean_difference?.abs() - chance).max(0.0);
        let sd = (self.ln_sd_ratio?.abs() - chance / std::f64::consts::SQRT_2).max(0.0);
        Some(mean.max(sd))
    }

    fn judged(&self) -> Agreement {
        match self.distance() {
            Some(distance) if distance <= SAME => Agreement::Same,
            Some(distance) if distance <= CLOSE => Agreement::Close,
            Some(_) => Agreement::Different,
            // Without sds only equal values are the same.
            None => {
                let [a, b] = self.summaries;
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
                let equal = match (a.mean, b.mean) {
                    (Some(x), Some(y)) => near(x, y) && a.sd.unwrap_or(0.0) == b.sd.unwrap_or(0.0),
                    (None, None) => true,
                    _ => false,
                };
                if equal { Agreement::Same } else { Agreement::Different }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(mean: f64, sd: f64, mcse: f64) -> Summary {
        let quantile = |z: f64| Some(mean + z * sd);
        let (q05, q50, q95) = (quantile(-1.645), quantile(0.0), quantile(1.645));
        Summary { mean: Some(mean), sd: Some(sd), q05, q50, q95, mcse: Some(mcse) }
    }

    fn agreement(a: Summary, b: Summary) -> Agreement {
        Compared::of("x".to_string(), [a, b]).agreement
    }

    #[test]
    fn differences_count_in_sds_of_the_second() {
        let compared = Compared::of("x".to_string(), [summary(3.0, 4.0, 0.0), summary(2.0, 2.0, 0.0)]);
        assert_eq!(compared.mean_difference, Some(0.5));
        assert!((compared.ln_sd_ratio.unwrap() - 2f64.ln()).abs() < 1e-15);
        assert!((compared.q95_difference.unwrap() - (0.5 + 1.645)).abs() < 1e-12);
    }

    #[test]
    fn the_verdict_grows_with_the_difference() {
        let b = summary(0.0, 1.0, 0.0);
        assert_eq!(agreement(summary(0.09, 1.0, 0.0), b), Agreement::Same);
        assert_eq!(agreement(summary(-0.2, 1.0, 0.0), b), Agreement::Close);
        assert_eq!(agreement(summary(0.3, 1.0, 0.0), b), Agreement::Different);
        assert_eq!(agreement(summary(0.0, 0.8, 0.0), b), Agreement::Close);
        assert_eq!(agreement(summary(0.0, 1.5, 0.0), b), Agreement::Different);
        // What may be chance does not count.
        assert_eq!(agreement(summary(0.2, 1.0, 0.05), b), Agreement::Same);
    }

    #[test]
    fn values_without_uncertainty_are_the_same_or_not() {
        let point = |value| Summary::of_point(value);
        assert_eq!(agreement(point(2.0), point(2.0 + 1e-9)), Agreement::Same);
        assert_eq!(agreement(point(2.0), point(2.1)), Agreement::Different);
        assert_eq!(agreement(point(2.0), summary(2.0, 1.0, 0.0)), Agreement::Different);
        assert_eq!(agreement(Summary::default(), Summary::default()), Agreement::Same);
        assert_eq!(agreement(point(1.0), Summary::default()), Agreement::Different);
    }
}

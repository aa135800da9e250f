//! Long NUTS runs as references, and how far a posterior may be from them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use vippl::posterior::{Posterior, Summary};

/// Means may be so far from the reference, in its sds, and so far logs of sds; quantiles so far, in sds. Each beyond twice the
/// reference's own Monte Carlo error.
const MEAN: f64 = 0.1;
const LN_SD: f64 = 0.1;
const QUANTILE: f64 = 0.15;

#[derive(Deserialize)]
pub struct Reference {
    pub parameters: BTreeMap<String, Marginal>,
}

/// A marginal posterior, with Monte Carlo errors.
#[derive(Clone, Deserialize)]
pub struct Marginal {
    pub mean: f64,
    pub sd: f64,
    pub q05: f64,
    pub q50: f64,
    pub q95: f64,
    pub mcse: f64,
    pub mcse_ln_sd: f64,
    pub mcse_q05: f64,
    pub mcse_q50: f64,
    pub mcse_q95: f64,
}

impl Reference {
    /// `reference.json` of a case.
    pub fn of(folder: &Path) -> Reference {
        let text = std::fs::read_to_string(folder.join("reference.json")).expect("a reference");
        serde_json::from_str(&text).expect("a reference")
    }

    /// What is wrong with a posterior, a line each.
    pub fn errors(&self, posterior: &Posterior) -> Vec<String> {
        let found = super::elements(posterior);
        let of = |(name, marginal): (&String, &Marginal)| match found.get(name) {
            Some(summary) => marginal.errors(name, summary),
            None => vec![format!("no parameter {name}")],
        };
        self.parameters.iter().flat_map(of).collect()
    }
}

impl Marginal {
    fn errors(&self, name: &str, found: &Summary) -> Vec<String> {
        let distance = |x: Option<f64>, own: f64| x.map_or(f64::INFINITY, |x| (x - own).abs() / self.sd);
        let ln_sd = found.sd.map_or(f64::INFINITY, |sd| (sd / self.sd).ln().abs());
        let within = |bar: f64, mcse: f64| bar + 2.0 * mcse / self.sd;
        [
            ("mean", distance(found.mean, self.mean), within(MEAN, self.mcse)),
            ("ln sd", ln_sd, LN_SD + 2.0 * self.mcse_ln_sd),
            ("5% quantile", distance(found.q05, self.q05), within(QUANTILE, self.mcse_q05)),
            ("median", distance(found.q50, self.q50), within(QUANTILE, self.mcse_q50)),
            ("95% quantile", distance(found.q95, self.q95), within(QUANTILE, self.mcse_q95)),
        ]
        .into_iter()
        .filter(|(_, error, bar)| error.is_nan() || error > bar)
        .map(|(what, error, bar)| format!("{what} of {name} is off by {error:.3}, more than {bar:.3}"))
        .collect()
    }
}

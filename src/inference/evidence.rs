//! log p(x), what bounds it from below, and how far q is from the posterior: all of them from weights of draws.

use serde::{Deserialize, Serialize};

use super::coordinates::Coordinates;
use super::draws::{Task, fill_normal, rng};
use super::evaluate::Elbo;
use super::fit::Fit;
use super::importance::Weighted;
use super::psis;
use crate::density::LogDensity;
use crate::family;

/// K of the importance-weighted bounds: draws whose weights are averaged before the logarithm. Each is a multiple of the one
/// before it.
pub const GROUP_SIZES: [usize; 4] = [1, 10, 100, 1000];

/// A number with its Monte Carlo standard error, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub se: f64,
}

/// log p(x), given the point estimates, and the gap that the ELBO leaves. Where densities are not normalised log p(x) has no
/// meaning, while the gap has: both of its sides lack the same constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub log_evidence: Estimate,
    /// KL(q || p(z | x)) = log p(x) - ELBO; `None` where q reaches beyond the support, or nothing is known of it.
    pub kl: Option<Estimate>,
    /// Weights are too uneven: log p(x) and KL are at least so much.
    pub is_bound: bool,
    /// By increasing K; empty unless they were asked for.
    pub bounds: Vec<Bound>,
    /// If it was asked for.
    pub prior: Option<PriorEvidence>,
}

/// E[log (w_1 + ... + w_K) / K] for weights w = p(x, z) / q(z) of K draws of q: at most log p(x), and the ELBO if K is 1
/// (Burda, Grosse and Salakhutdinov 2016).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    pub k: usize,
    pub value: f64,
    pub se: f64,
}

/// log p(x) as the log of the mean likelihood of draws from the prior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorEvidence {
    pub value: f64,
    pub se: f64,
    #[serde(rename = "draws")]
    pub n_draws: usize,
    /// Shape of the tail of the likelihoods: above 0.7 the standard error may be too small. `None` where too few draws have
    /// any likelihood to tell.
    pub k_hat: Option<f64>,
}

/// What the weights of a fit say of log p(x): PSIS where they are sound, otherwise the best bound that is at hand.
/// `None` where there is none.
pub fn evidence(elbo: Option<&Elbo>, reach: Reach, weighted: Option<&Weighted>) -> Option<Evidence> {
    let of_elbo =
        elbo.filter(|_| reach != Reach::Beyond).map(|elbo| Estimate { value: elbo.value, se: elbo.se });
    let (log_evidence, is_bound) = match weighted {
        None if reach == Reach::NoLatents => (of_elbo?, false),
        Some(weighted) if weighted.is_sound() => (by_weights(weighted), false),
        _ => {
            let by_groups = weighted.and_then(|weighted| group_mean(&weighted.log_ratios, GROUP));
            let larger = |a: Estimate, b: Estimate| if b.value > a.value { b } else { a };
            (of_elbo.into_iter().chain(by_groups).reduce(larger)?, true)
        }
    };
    let gap = |of_elbo: Estimate| Estimate {
        value: (log_evidence.value - of_elbo.value).max(0.0),
        se: if reach == Reach::NoLatents { 0.0 } else { log_evidence.se.hypot(of_elbo.se) },
    };
    let kl = of_elbo.map(gap).filter(|gap| !is_bound || gap.value > 0.0);
    let is_finite = log_evidence.value.is_finite() && log_evidence.se.is_finite();
    is_finite.then_some(Evidence { log_evidence, kl, is_bound, bounds: Vec::new(), prior: None })
}

impl Evidence {
    /// With bounds: where log p(x) is no more than one itself, the greatest of all takes its place.
    pub fn add_bounds(&mut self, bounds: Vec<Bound>, elbo: Option<&Elbo>) {
        let greatest = bounds.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        if let Some(Bound { value, se, .. }) = greatest.copied()
            && self.is_bound
            && value > self.log_evidence.value
        {
            // An ELBO that leaves draws out is no bound, and no side of a gap.
            let elbo = elbo.filter(|elbo| self.kl.is_some() || elbo.value == self.log_evidence.value);
            self.kl = elbo.map(|elbo| Estimate { value: value - elbo.value, se: se.hypot(elbo.se) });
            self.log_evidence = Estimate { value, se };
        }
        self.bounds = bounds;
    }
}

/// Where q puts its draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Where p(x, z) is positive.
    Within,
    /// Also where it is not: there KL(q || p(z | x)) is infinite, and the ELBO leaves these draws out.
    Beyond,
    /// Nowhere: the ELBO is log p(x).
    NoLatents,
}

/// K of the bound that stands in for log p(x) where weights are not sound: enough groups for a standard error in the
/// fewest draws that are weighed.
const GROUP: usize = 100;

/// log of the mean weight, the largest of which are smoothed if the shape of their tail can be relied on; where weights hardly
/// differ they are not. The standard error is that of the mean over the mean; the log of a mean is too small by half the square of
/// that.
fn by_weights(weighted: &Weighted) -> Estimate {
    let Weighted { n, log_ratios, smoothed, .. } = weighted;
    let smooth = smoothed.log_mean(log_ratios).filter(|_| smoothed.k_hat < psis::threshold(*n));
    let (value, se) = smooth.unwrap_or_else(|| log_mean(log_ratios));
    Estimate { value, se }
}

/// log of the mean of numbers with these logs, and its standard error: that of the mean over the mean.
fn log_mean(log_numbers: &[f64]) -> (f64, f64) {
    let n = log_numbers.len() as f64;
    let largest = log_numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return (largest, f64::NAN);
    }
    let numbers = log_numbers.iter().map(|x| (x - largest).exp());
    let (sum, squares) = numbers.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let relative_variance = (n * squares / (sum * sum) - 1.0).max(0.0);
    (largest + (sum / n).ln(), (relative_variance / (n - 1.0)).sqrt())
}

/// Mean of log mean exp over groups of `k` neighbours; `None` of fewer than two groups, or where it is not finite.
fn group_mean(log_ratios: &[f64], k: usize) -> Option<Estimate> {
    let log_k = (k as f64).ln();
    let groups: Vec<f64> = log_ratios.chunks_exact(k).map(|group| psis::log_sum_exp(group) - log_k).collect();
    let n = groups.len() as f64;
    let value = groups.iter().sum::<f64>() / n;
    let square: f64 = groups.iter().map(|group| (group - value).powi(2)).sum();
    let se = (square / (n - 1.0) / n).sqrt();
    (groups.len() > 1 && value.is_finite() && se.is_finite()).then_some(Estimate { value, se })
}

/// The fewest groups that a bound is the mean of.
const LEAST_GROUPS: usize = 8;

/// The bounds that so many log weights of draws of q are enough for. Groups are nested, so that bounds rise with K on any
/// draws: the log of a mean is at least the mean of logs.
pub fn bounds_of(log_ratios: &[f64]) -> Vec<Bound> {
    let n = log_ratios.len();
    let sizes = || GROUP_SIZES.into_iter().filter(|k| n / k >= LEAST_GROUPS);
    let used = sizes().next_back().map_or(0, |largest| n - n % largest);
    let bound = |k| group_mean(&log_ratios[..used], k).map(|Estimate { value, se }| Bound { k, value, se });
    sizes().filter_map(bound).collect()
}

/// Draws of q for its bounds, at most and at least.
const DRAWS: [usize; 2] = [1_000, 64_000];
/// Sums and products of their log densities.
const MAX_WORK: f64 = 1e10;

/// The importance-weighted bounds of a fit's q itself, not of the proposal with heavier tails that its weights come from: so
/// the first is its ELBO. Those that are -infinity, because q reaches beyond the support, are left out.
pub fn bounds(density: &dyn LogDensity, fit: &Fit) -> Vec<Bound> {
    let Some(family) = family::by_name(&fit.family).filter(|_| !fit.latent.is_empty()) else {
        return Vec::new();
    };
    let coordinates = Coordinates::new(density, fit.centring.as_ref());
    let target = coordinates.target();
    let (n_latent, n_base) = (target.n_latent(), family.n_base(target.n_latent()));
    let affordable = (MAX_WORK / (target.density.work() + (n_latent * n_latent) as f64)) as usize;
    let n = affordable.clamp(DRAWS[0], DRAWS[1]) / DRAWS[0] * DRAWS[0];
    let log_ratios = target.in_blocks(n, |range| {
        let lanes = range.len();
        let mut base = vec![0.0; n_base * lanes];
        fill_normal(&mut rng(fit.seed, Task::Bounds((range.start / target.lanes()) as u32)), &mut base);
        let mut latent = vec![0.0; n_latent * lanes];
        family.transform(&fit.lambda, lanes, &base, &mut latent);
        let mut log_q = vec![0.0; lanes];
        family.log_q(n_latent, &fit.lambda, lanes, &base, &mut log_q);
        let mut log_ratios = vec![0.0; lanes];
        target.density.value(lanes, &target.scatter(lanes, &latent, &fit.theta), &mut log_ratios);
        log_ratios.iter_mut().zip(&log_q).for_each(|(p, q)| *p = psis::log_weight(*p - q));
        log_ratios
    });
    bounds_of(&log_ratios.concat())
}

/// log p(x) from log likelihoods of draws from the prior; `None` where none is finite.
pub fn by_prior(log_likelihoods: &[f64]) -> Option<PriorEvidence> {
    let log_likelihoods: Vec<f64> = log_likelihoods.iter().map(|x| psis::log_weight(*x)).collect();
    let n_draws = log_likelihoods.len();
    let (value, se) = log_mean(&log_likelihoods);
    let k_hat = Some(psis::smooth(&log_likelihoods, 1.0).k_hat).filter(|k_hat| k_hat.is_finite());
    value.is_finite().then_some(PriorEvidence { value, se, n_draws, k_hat })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 1.7).sin() * 2.0 - 300.0).collect()
    }

    #[test]
    fn bounds_rise_and_the_first_is_the_mean() {
        let x = waves(9_500);
        let bounds = bounds_of(&x);
        assert_eq!(bounds.iter().map(|bound| bound.k).collect::<Vec<_>>(), GROUP_SIZES);
        assert!(bounds.windows(2).all(|pair| pair[0].value < pair[1].value), "{bounds:?}");
        let mean = x[..9_000].iter().sum::<f64>() / 9_000.0;
        let sd = (x[..9_000].iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 8_999.0).sqrt();
        assert!((bounds[0].value - mean).abs() < 1e-9 && (bounds[0].se - sd / 9_000f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_bound_needs_groups() {
        let sizes = |n| bounds_of(&waves(n)).iter().map(|bound| bound.k).collect::<Vec<_>>();
        assert_eq!(sizes(7_999), [1, 10, 100]);
        assert_eq!(sizes(79), [1]);
        assert_eq!(sizes(0), [0usize; 0]);
    }

    /// A weight of 0 in one group of 10 of 100: no bound for K = 1, but for all others.
    #[test]
    fn weights_of_0_leave_the_groups_with_others() {
        let mut x = vec![2.0; 1_000];
        (0..10).for_each(|group| x[100 * group] = f64::NEG_INFINITY);
        let bounds = bounds_of(&x);
        assert_eq!(bounds.iter().map(|bound| bound.k).collect::<Vec<_>>(), [10, 100]);
        assert!((bounds[0].value - (2.0 + 0.1 * 0.9f64.ln())).abs() < 1e-12, "{bounds:?}");
        assert!((bounds[1].value - (2.0 + 0.99f64.ln())).abs() < 1e-12, "{bounds:?}");
    }

    /// Likelihoods 1, 2, 3, 4 over and over: mean 2.5, variance 5/4.
    #[test]
    fn the_prior_gives_log_of_the_mean() {
        let x: Vec<f64> = (0..4_000).map(|i| f64::from(i % 4 + 1).ln() - 1_000.0).collect();
        let prior = by_prior(&x).unwrap();
        assert!((prior.value - (2.5f64.ln() - 1_000.0)).abs() < 1e-12);
        assert!((prior.se - (1.25f64 / 3_999.0).sqrt() / 2.5).abs() < 1e-12, "{}", prior.se);
        assert_eq!(by_prior(&[f64::NAN, f64::NEG_INFINITY]), None);
        let rare: Vec<f64> = (0..1_000).map(|i| if i == 7 { 0.0 } else { f64::NEG_INFINITY }).collect();
        let rare = by_prior(&rare).unwrap();
        assert_eq!(rare.k_hat, None);
        assert!((rare.se - 1.0).abs() < 1e-12, "{}", rare.se);
    }

    fn weighted(log_ratios: Vec<f64>) -> Weighted {
        let smoothed = psis::smooth(&log_ratios, 1.0);
        Weighted { z: Vec::new(), n: log_ratios.len(), log_ratios, smoothed }
    }

    fn elbo(value: f64) -> Elbo {
        Elbo { value, se: 0.03, log_likelihood: value + 1.0, kl: 1.0 }
    }

    #[test]
    fn even_weights_give_the_evidence() {
        let even = weighted((0..4_000).map(|i| (f64::from(i) * 0.7).sin() * 0.1 - 20.0).collect());
        let found = evidence(Some(&elbo(-20.5)), Reach::Within, Some(&even)).unwrap();
        assert!(!found.is_bound && (found.log_evidence.value + 20.0).abs() < 0.01, "{found:?}");
        assert!((found.log_evidence.se - 0.1 * 0.5f64.sqrt() / 4_000f64.sqrt()).abs() < 1e-4, "{found:?}");
        let kl = found.kl.unwrap();
        assert!((kl.value - 0.5).abs() < 0.01 && (kl.se - 0.03).abs() < 1e-3, "{kl:?}");
        // An ELBO above log p(x) is one within its error: no KL is negative.
        let above = evidence(Some(&elbo(-19.9)), Reach::Within, Some(&even)).unwrap();
        assert_eq!(above.kl.unwrap().value, 0.0);
        let beyond = evidence(Some(&elbo(-20.5)), Reach::Beyond, Some(&even)).unwrap();
        assert_eq!((beyond.kl, beyond.log_evidence), (None, found.log_evidence));
    }

    /// Weights with a Pareto tail of shape 2 have no mean.
    #[test]
    fn uneven_weights_give_a_bound() {
        let n = 4_000;
        let uneven: Vec<f64> =
            (0..n).map(|i| -2.0 * (((i * 1_531) % n) as f64 / f64::from(n) + 1e-4).ln()).collect();
        let uneven = weighted(uneven);
        let low = evidence(Some(&elbo(1.0)), Reach::Within, Some(&uneven)).unwrap();
        let of_groups = group_mean(&uneven.log_ratios, GROUP).unwrap();
        assert!(low.is_bound && low.log_evidence == of_groups, "{low:?}");
        assert!((low.kl.unwrap().value - (of_groups.value - 1.0)).abs() < 1e-12, "{low:?}");
        let high = evidence(Some(&elbo(100.0)), Reach::Within, Some(&uneven)).unwrap();
        assert!(high.is_bound && high.log_evidence.value == 100.0 && high.kl.is_none(), "{high:?}");
        let unweighed = evidence(Some(&elbo(7.0)), Reach::Within, None).unwrap();
        assert!(unweighed.is_bound && unweighed.log_evidence.value == 7.0, "{unweighed:?}");
        assert_eq!(evidence(Some(&elbo(7.0)), Reach::Beyond, None), None);
    }

    #[test]
    fn the_greatest_bound_stands_for_the_evidence() {
        let bound = |k, value| Bound { k, value, se: 0.04 };
        let bounds = vec![bound(1, 6.9), bound(10, 7.5), bound(100, 7.8)];
        let unweighed = evidence(Some(&elbo(7.0)), Reach::Within, None).unwrap();
        let mut raised = unweighed.clone();
        raised.add_bounds(bounds.clone(), Some(&elbo(7.0)));
        assert_eq!((raised.log_evidence, raised.is_bound), (Estimate { value: 7.8, se: 0.04 }, true));
        let kl = raised.kl.unwrap();
        assert!((kl.value - 0.8).abs() < 1e-12 && (kl.se - 0.05).abs() < 1e-12, "{kl:?}");
        let mut lower = unweighed.clone();
        lower.add_bounds(bounds[..1].to_vec(), Some(&elbo(7.0)));
        assert_eq!((lower.log_evidence, lower.kl), (unweighed.log_evidence, None));
        // q beyond the support: an ELBO that is no bound.
        let mut beyond = Evidence { log_evidence: Estimate { value: 6.0, se: 0.1 }, ..unweighed };
        beyond.add_bounds(bounds.clone(), Some(&elbo(7.0)));
        assert_eq!((beyond.log_evidence.value, beyond.kl), (7.8, None));
        let even = weighted((0..4_000).map(|i| (f64::from(i) * 0.7).sin() * 0.1 - 20.0).collect());
        let mut known = evidence(Some(&elbo(-20.5)), Reach::Within, Some(&even)).unwrap();
        let before = known.log_evidence;
        known.add_bounds(bounds, Some(&elbo(-20.5)));
        assert_eq!(known.log_evidence, before);
    }

    #[test]
    fn without_latents_the_elbo_is_exact() {
        let found = evidence(Some(&elbo(-3.0)), Reach::NoLatents, None).unwrap();
        assert!(!found.is_bound && found.log_evidence.value == -3.0, "{found:?}");
        assert_eq!(found.kl, Some(Estimate { value: 0.0, se: 0.0 }));
        assert_eq!(evidence(None, Reach::NoLatents, None), None);
    }
}

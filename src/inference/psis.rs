//! Pareto smoothed importance sampling: weights p/q whose largest are replaced by what a tail fitted to them predicts,
//! and k-hat, how heavy that tail is (Vehtari, Simpson, Gelman, Yao and Gabry 2024).

/// Smoothed, normalised weights and the shape of their tail.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// Logs of weights that sum to 1, in the order of the draws.
    pub log_weights: Vec<f64>,
    /// Shape of the generalized Pareto distribution of the largest weights: moments up to 1 / k-hat exist. Infinite if
    /// there are too few distinct large weights to tell.
    pub k_hat: f64,
    /// The largest weights, where a tail was fitted to them.
    pub tail: Option<Tail>,
}

/// Weights above a cutoff, and the distribution that was fitted to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    pub n: usize,
    /// log of the largest weight of all: the unit of the others.
    log_unit: f64,
    /// log of the largest weight that is not in it, in this unit.
    log_cutoff: f64,
    excess: GeneralizedPareto,
}

impl Smoothed {
    /// log of the mean of the weights that were smoothed and its standard error; `None` where no tail was fitted, or one without a
    /// mean. The tail counts with the mean of its distribution: that of the smoothed weights is too small, since none of
    /// them is larger than the largest draw.
    pub fn log_mean(&self, log_weights: &[f64]) -> Option<(f64, f64)> {
        let Tail { n, log_unit, log_cutoff, excess } = self.tail.filter(|tail| tail.excess.shape < 1.0)?;
        let all = log_weights.len() as f64;
        let (share, body_share) = (n as f64 / all, 1.0 - n as f64 / all);
        let body = log_weights.iter().map(|x| x - log_unit).filter(|x| *x <= log_cutoff).map(f64::exp);
        let (sum, squares) = body.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let n_body = (all - n as f64).max(1.0);
        let body_mean = sum / n_body;
        let body_variance = (squares / n_body - body_mean * body_mean).max(0.0);
        let (excess_mean, excess_error) = excess.mean_with_error(n as f64);
        let tail_mean = log_cutoff.exp() + excess_mean;
        let mean = body_share * body_mean + share * tail_mean;
        // within the body, between body and tail, and within the tail
        let variance = body_share * body_variance / all
            + share * body_share * (tail_mean - body_mean).powi(2) / all
            + (share * excess_error).powi(2);
        Some((log_unit + mean.ln(), variance.sqrt() / mean))
    }
}

/// The fewest weights that a tail is fitted to.
const MIN_TAIL: usize = 5;

/// Smooths `log_weights`, up to a constant, of draws of which `relative_efficiency` times as many are worth independent
/// ones. A weight that is NaN counts as 0.
pub fn smooth(log_weights: &[f64], relative_efficiency: f64) -> Smoothed {
    let n = log_weights.len();
    let as_weight = |x: &f64| if x.is_nan() { f64::NEG_INFINITY } else { *x };
    let largest = log_weights.iter().map(as_weight).fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return Smoothed { log_weights: vec![f64::NEG_INFINITY; n], k_hat: f64::INFINITY, tail: None };
    }
    let mut x: Vec<f64> = log_weights.iter().map(|x| as_weight(x) - largest).collect();
    let n_tail = tail_length(n, relative_efficiency);
    // the largest weight that is not in the tail
    let cutoff = n
        .checked_sub(n_tail + 1)
        .map_or(f64::NEG_INFINITY, |last| *x.clone().select_nth_unstable_by(last, f64::total_cmp).1);
    let cutoff = cutoff.max(f64::MIN_POSITIVE.ln());
    let mut tail: Vec<usize> = (0..n).filter(|&i| x[i] > cutoff).collect();
    tail.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let (mut k_hat, mut fitted) = (f64::INFINITY, None);
    if tail.len() >= MIN_TAIL {
        let excess: Vec<f64> = tail.iter().map(|&i| x[i].exp() - cutoff.exp()).collect();
        let pareto = GeneralizedPareto::fit(&excess);
        if pareto.shape.is_finite() {
            k_hat = pareto.shape;
            fitted = Some(Tail { n: tail.len(), log_cutoff: cutoff, log_unit: largest, excess: pareto });
            for (r, &i) in tail.iter().enumerate() {
                let quantile = pareto.quantile((r as f64 + 0.5) / tail.len() as f64);
                x[i] = (quantile + cutoff.exp()).ln().min(0.0);
            }
        }
    }
    let total = log_sum_exp(&x);
    x.iter_mut().for_each(|x| *x -= total);
    Smoothed { log_weights: x, k_hat, tail: fitted }
}

/// The log of a weight, which is 0 where it is not finite.
pub fn log_weight(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NEG_INFINITY }
}

/// k-hat up to which smoothed weights of `n` draws can be relied on.
pub fn threshold(n: usize) -> f64 {
    (1.0 - 1.0 / (n as f64).log10()).min(0.7)
}

/// How many draws from p the weights are worth, for means: 1 / Σ w².
pub fn effective_draws(log_weights: &[f64]) -> f64 {
    1.0 / log_weights.iter().map(|w| (2.0 * w).exp()).sum::<f64>()
}

/// Shape of the tail of positive numbers, as of weights: moments up to 1 / k exist. -inf where nothing varies. Reorders them.
pub fn tail_shape(values: &mut [f64]) -> f64 {
    let n_tail = tail_length(values.len(), 1.0);
    let Some(last) = values.len().checked_sub(n_tail + 1) else { return f64::INFINITY };
    let (_, &mut cutoff, tail) = values.select_nth_unstable_by(last, f64::total_cmp);
    tail.sort_unstable_by(f64::total_cmp);
    shape_above(cutoff, tail)
}

/// The same of the tail of numbers with weights that sum to 1: `descending` are the largest first, and all of them together are
/// worth so many.
pub fn weighted_tail_shape(descending: impl Iterator<Item = (f64, f64)>, worth: f64) -> f64 {
    let n_tail = tail_length(worth as usize, 1.0);
    let (mut above, mut tail) = (0.0, Vec::with_capacity(n_tail + 1));
    for (x, w) in descending {
        above += w;
        while tail.len() <= n_tail && (tail.len() as f64 + 0.5) / worth < above {
            tail.push(x);
        }
        if tail.len() > n_tail {
            break;
        }
    }
    let Some(cutoff) = tail.pop().filter(|_| tail.len() == n_tail) else { return f64::INFINITY };
    tail.reverse();
    shape_above(cutoff, &tail)
}

/// Of numbers that ascend, all of them beyond a threshold.
fn shape_above(cutoff: f64, tail: &[f64]) -> f64 {
    let excess: Vec<f64> = tail.iter().map(|x| x - cutoff).filter(|x| *x > 0.0).collect();
    match excess.len() {
        0 => f64::NEG_INFINITY,
        n if n < MIN_TAIL => f64::INFINITY,
        _ => GeneralizedPareto::fit(&excess).shape,
    }
}

/// Weights that count as the tail.
fn tail_length(n: usize, relative_efficiency: f64) -> usize {
    let n = n as f64;
    (n / 5.0).min(3.0 * (n / relative_efficiency).sqrt()).ceil() as usize
}

/// log Σ exp(x)
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

/// Factors of a product of which one logarithm is taken.
const AT_ONCE: usize = 16;

/// Σ ln(1 + b x): one logarithm of the product, where that stays within range.
fn sum_ln_1p(b: f64, x: &[f64]) -> f64 {
    const RANGE: std::ops::Range<f64> = 1e-280..1e280;
    let product: f64 = x.iter().map(|x| 1.0 + b * x).product();
    if RANGE.contains(&product) { product.ln() } else { x.iter().map(|x| (b * x).ln_1p()).sum() }
}

/// The distribution of excesses over a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
struct GeneralizedPareto {
    shape: f64,
    scale: f64,
}

impl GeneralizedPareto {
    /// The estimator of Zhang and Stephens (2009), its shape drawn towards 0.5 as by ten more observations.
    /// `excess` ascends.
    fn fit(excess: &[f64]) -> GeneralizedPareto {
        const PRIOR_SCALE: f64 = 3.0;
        const PRIOR_WEIGHT: f64 = 10.0;
        const PRIOR_SHAPE: f64 = 0.5;
        let n = excess.len() as f64;
        let n_grid = 30 + n.sqrt() as usize;
        let quartile = excess[(n / 4.0 + 0.5) as usize - 1];
        let largest = excess[excess.len() - 1];
        let mean_log = |b: f64| excess.chunks(AT_ONCE).map(|x| sum_ln_1p(-b, x)).sum::<f64>() / n;
        let grid: Vec<f64> = (1..=n_grid)
            .map(|i| {
                let spread = 1.0 - (n_grid as f64 / (i as f64 - 0.5)).sqrt();
                1.0 / largest + spread / (PRIOR_SCALE * quartile)
            })
            .collect();
        let profile: Vec<f64> = grid
            .iter()
            .map(|&b| {
                let k = mean_log(b);
                n * ((-b / k).ln() - k - 1.0)
            })
            .collect();
        let weight = |i: usize| 1.0 / profile.iter().map(|other| (other - profile[i]).exp()).sum::<f64>();
        let weighted: Vec<(f64, f64)> =
            (0..n_grid).map(|i| (weight(i), grid[i])).filter(|(w, _)| *w >= 10.0 * f64::EPSILON).collect();
        let total: f64 = weighted.iter().map(|(w, _)| w).sum();
        let b = weighted.iter().map(|(w, b)| w * b).sum::<f64>() / total;
        let k = mean_log(b);
        GeneralizedPareto { shape: (n * k + PRIOR_WEIGHT * PRIOR_SHAPE) / (n + PRIOR_WEIGHT), scale: -k / b }
    }

    /// The mean, if the shape k is below 1, and its standard error where scale and shape were estimated from `n` numbers: by the
    /// covariance of maximum likelihood estimates, (1 + k) [2 scale², -scale; -scale, 1 + k] / n (Smith 1987); of a tail that ends
    /// (k < 0) by the variance of the distribution.
    fn mean_with_error(&self, n: f64) -> (f64, f64) {
        let (k, mean) = (self.shape, self.scale / (1.0 - self.shape));
        let of_shape = (1.0 + k) / (1.0 - k);
        let variance = match k {
            k if k < 0.0 => 1.0 / (1.0 - 2.0 * k),
            k => 2.0 * (1.0 + k) + of_shape * of_shape - 2.0 * of_shape,
        };
        (mean, mean * (variance / n).sqrt())
    }

    fn quantile(&self, p: f64) -> f64 {
        let exponential = -(-p).ln_1p();
        let standard = if self.shape.abs() < f64::EPSILON {
            exponential
        } else {
            (self.shape * exponential).exp_m1() / self.shape
        };
        standard * self.scale
    }
}

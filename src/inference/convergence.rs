//! What draws of Markov chains are worth: split R-hat on ranks, effective sample sizes, Monte Carlo standard errors, E-BFMI
//! (Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Analysis 16, 667-718).

use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// Fewest draws of a chain of which anything can be said.
pub const MIN_LENGTH: usize = 4;
/// Probabilities of the quantiles whose effective sample sizes are that of the tails.
const TAILS: [f64; 2] = [0.05, 0.95];
/// Probabilities one standard error to either side of the centre of a normal.
const ONE_SD: [f64; 2] = [0.158_655_3, 0.841_344_7];

/// Draws of one quantity, chain after chain. All that is said of them is NaN where a draw is NaN, or where chains have fewer
/// than four draws.
#[derive(Clone, Copy, Debug)]
pub struct ChainDraws<'a> {
    draws: &'a [f64],
    n_chains: usize,
}

impl<'a> ChainDraws<'a> {
    /// `draws[n_chains][length]`
    ///
    /// # Panics
    /// If the draws are not those of `n_chains` chains of one length.
    pub fn new(draws: &'a [f64], n_chains: usize) -> ChainDraws<'a> {
        assert!(n_chains > 0 && draws.len().is_multiple_of(n_chains));
        ChainDraws { draws, n_chains }
    }

    /// The draws of all chains.
    pub fn all(&self) -> &'a [f64] {
        self.draws
    }

    /// The larger of the split R-hats of the normalised ranks and of those of distances from the median: 1 where all halves of
    /// chains look alike. NaN where nothing varies, infinite where nothing varies within any of them.
    pub fn r_hat(&self) -> f64 {
        if !self.is_valid() {
            return f64::NAN;
        }
        let halves = self.halves(self.draws);
        let median = quantile_of_sorted(&sorted(&halves), 0.5);
        let folded: Vec<f64> = halves.iter().map(|x| (x - median).abs()).collect();
        let [bulk, tail] = [halves, folded].map(|x| self.plain_r_hat(&normal_scores(&x)));
        if tail.is_nan() || bulk > tail { bulk } else { tail }
    }

    /// For means: of the normalised ranks of halves of chains.
    pub fn ess_bulk(&self) -> f64 {
        self.ess(|halves| normal_scores(&halves))
    }

    /// For 5% and 95% quantiles: the smaller of both.
    pub fn ess_tail(&self) -> f64 {
        let [low, high] = TAILS.map(|p| self.ess_quantile(p));
        low.min(high)
    }

    /// For the mean, on the scale of the quantity.
    pub fn ess_mean(&self) -> f64 {
        self.ess(|halves| halves)
    }

    /// For the p-quantile.
    pub fn ess_quantile(&self, p: f64) -> f64 {
        if !self.is_valid() {
            return f64::NAN;
        }
        let quantile = quantile_of_sorted(&sorted(self.draws), p);
        self.ess_of(&self.draws.iter().map(|x| f64::from(*x <= quantile)).collect::<Vec<f64>>())
    }

    /// Monte Carlo standard error of the mean.
    pub fn mcse_mean(&self) -> f64 {
        let (mean, n) = (mean(self.draws), self.draws.len() as f64);
        let variance = self.draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (variance / self.ess_mean()).sqrt()
    }

    /// Monte Carlo standard error of the standard deviation, by the delta method.
    pub fn mcse_sd(&self) -> f64 {
        let (squares, variance) = self.squares();
        if variance == 0.0 {
            return 0.0;
        }
        let fourth = mean(&squares.iter().map(|s| s * s).collect::<Vec<f64>>());
        let ess = self.ess_of(&squares);
        ((fourth - variance * variance).max(0.0) / ess / variance / 4.0).sqrt()
    }

    /// Monte Carlo standard error of the p-quantile: half of what lies between the order statistics one standard error of
    /// its probability to either side.
    pub fn mcse_quantile(&self, p: f64) -> f64 {
        let ess = self.ess_quantile(p);
        let Ok(beta) = Beta::new(ess * p + 1.0, ess * (1.0 - p) + 1.0) else { return f64::NAN };
        let order = sorted(self.draws);
        let last = (order.len() - 1) as f64;
        let [low, high] = ONE_SD.map(|q| beta.inverse_cdf(q) * order.len() as f64 - 1.0);
        let at = |position: f64| order[position.clamp(0.0, last) as usize];
        (at(high.ceil()) - at(low.floor())) / 2.0
    }

    /// What the means of chains say; `None` where nothing varies, or not all is finite.
    pub fn spread(&self) -> Option<Spread> {
        let (mean, variance) = mean_and_variance(self.draws);
        if !(variance > 0.0 && variance.is_finite()) {
            return None;
        }
        let n = self.length();
        let halves = |chain: &[f64]| -> [[f64; 2]; 2] {
            let (first, second) = chain.split_at(n / 2);
            [first, second].map(|half| {
                half.iter()
                    .fold([0.0, 0.0], |[sum, squares], x| [sum + (x - mean), squares + (x - mean).powi(2)])
            })
        };
        let (mut means, mut squares, mut moves) = (Vec::new(), Vec::new(), Vec::new());
        for chain in self.draws.chunks_exact(n) {
            let [first, second] = halves(chain);
            means.push((first[0] + second[0]) / n as f64);
            squares.push((first[1] + second[1]) / n as f64);
            moves.push(second[0] / (n - n / 2) as f64 - first[0] / (n / 2) as f64);
        }
        let n_chains = self.n_chains as f64;
        let (_, between) = mean_and_variance(&means);
        let within = squares.iter().zip(&means).map(|(s, m)| s - m * m).sum::<f64>() / n_chains;
        let (moved, of_moves) = mean_and_variance(&moves);
        let (_, of_squares) = mean_and_variance(&squares);
        Some(Spread {
            r_hat: (1.0 - 1.0 / n as f64 + between / within).sqrt(),
            mean_error: (between / n_chains / variance).sqrt(),
            ln_sd_error: 0.5 * (of_squares / n_chains).sqrt() / variance,
            drift: moved / (of_moves / n_chains).sqrt(),
        })
    }

    /// Squared deviations from the mean of all draws, and their mean.
    fn squares(&self) -> (Vec<f64>, f64) {
        let centre = mean(self.draws);
        let squares: Vec<f64> = self.draws.iter().map(|x| (x - centre).powi(2)).collect();
        let variance = mean(&squares);
        (squares, variance)
    }

    fn length(&self) -> usize {
        self.draws.len() / self.n_chains
    }

    fn is_valid(&self) -> bool {
        self.length() >= MIN_LENGTH && !self.draws.iter().any(|x| x.is_nan())
    }

    /// The first and the last half of each chain: of an odd number of draws, the one in the middle is left out.
    fn halves(&self, draws: &[f64]) -> Vec<f64> {
        let (length, half) = (self.length(), self.length() / 2);
        draws
            .chunks_exact(length)
            .flat_map(|chain| [&chain[..half], &chain[length - half..]].concat())
            .collect()
    }

    /// sqrt of the variance of all draws over that within chains, of `[2 n_chains][half]`.
    fn plain_r_hat(&self, halves: &[f64]) -> f64 {
        let n = halves.len() / (2 * self.n_chains);
        let (means, variances): (Vec<f64>, Vec<f64>) = halves.chunks_exact(n).map(mean_and_variance).unzip();
        let (_, between) = mean_and_variance(&means);
        let within = mean(&variances);
        let n = n as f64;
        ((n * between / within + n - 1.0) / n).sqrt()
    }

    fn ess(&self, transform: impl FnOnce(Vec<f64>) -> Vec<f64>) -> f64 {
        if !self.is_valid() {
            return f64::NAN;
        }
        effective(&transform(self.halves(self.draws)), 2 * self.n_chains)
    }

    /// Of something that is taken of each draw.
    fn ess_of(&self, values: &[f64]) -> f64 {
        if !self.is_valid() {
            return f64::NAN;
        }
        effective(&self.halves(values), 2 * self.n_chains)
    }
}

/// What the means of chains say of one quantity. Each mean is an observation of its own, so that nothing need be known of how
/// draws depend on those before them: for many chains, however short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Of whole chains and plain values: [`ChainDraws::r_hat`] is stricter, and slower.
    pub r_hat: f64,
    /// Standard error of the mean, in sds.
    pub mean_error: f64,
    /// Standard error of ln sd.
    pub ln_sd_error: f64,
    /// From the first half of chains to the second: the change of the mean, in its standard errors.
    pub drift: f64,
}

/// Estimated Bayesian fraction of missing information of one chain: how far apart the energies of neighbours are, compared to
/// all of them (Betancourt 2016). Low values: momenta that are drawn anew do not reach the tails.
pub fn e_bfmi(energies: &[f64]) -> f64 {
    let steps = energies.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>();
    let (_, variance) = mean_and_variance(energies);
    steps / (energies.len() - 1) as f64 / variance
}

/// Effective sample size of `values[n_chains][n]`: autocorrelations are summed in pairs, up to the first that is
/// negative, and made to descend (Geyer 1992).
fn effective(values: &[f64], n_chains: usize) -> f64 {
    let n = values.len() / n_chains;
    let total = values.len() as f64;
    let (least, largest) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    if largest == least {
        return total;
    }
    let means: Vec<f64> = values.chunks_exact(n).map(mean).collect();
    let centred: Vec<f64> = values
        .chunks_exact(n)
        .zip(&means)
        .flat_map(|(chain, mean)| chain.iter().map(move |x| x - mean))
        .collect();
    let covariance = |lag: usize| {
        let one = |chain: &[f64]| chain[lag..].iter().zip(chain).map(|(a, b)| a * b).sum::<f64>();
        centred.chunks_exact(n).map(one).sum::<f64>() / total
    };
    let variance = covariance(0);
    let unbiased = variance * n as f64 / (n as f64 - 1.0);
    let (_, between) = if n_chains > 1 { mean_and_variance(&means) } else { (0.0, 0.0) };
    let all = variance + between;
    let correlation = |lag: usize| 1.0 - (unbiased - covariance(lag)) / all;

    let mut pair = (1.0, correlation(1));
    let mut rho = vec![pair.0, pair.1];
    let mut t = 1;
    while t + 3 < n && pair.0 + pair.1 > 0.0 {
        pair = (correlation(t + 1), correlation(t + 2));
        let kept = pair.0 + pair.1 >= 0.0;
        rho.extend(if kept { [pair.0, pair.1] } else { [0.0, 0.0] });
        t += 2;
    }
    // The last pair counts by its first half alone, which is where the sum is cut.
    let end = t.saturating_sub(1);
    if pair.0 > 0.0 {
        rho[end] = pair.0;
    }
    let mut t = 1;
    while t + 3 <= end {
        let before = rho[t - 1] + rho[t];
        if rho[t + 1] + rho[t + 2] > before {
            rho[t + 1] = before / 2.0;
            rho[t + 2] = before / 2.0;
        }
        t += 2;
    }
    let time = -1.0 + 2.0 * rho[..end].iter().sum::<f64>() + rho[end];
    // No more than total log10 total: what antithetic chains are worth is not known better.
    total / time.max(1.0 / total.log10())
}

/// Normal quantiles of the ranks of `values`, the same one for equal values.
fn normal_scores(values: &[f64]) -> Vec<f64> {
    /// Blom's offset of a rank.
    const OFFSET: f64 = 3.0 / 8.0;
    let normal = Normal::standard();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut scores = vec![0.0; values.len()];
    let size = values.len() as f64;
    let mut first = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // Ranks count from 1.
        let rank = first as f64 + (ties.len() as f64 + 1.0) / 2.0;
        let score = normal.inverse_cdf((rank - OFFSET) / (size - 2.0 * OFFSET + 1.0));
        ties.iter().for_each(|&i| scores[i] = score);
        first += ties.len();
    }
    scores
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// By linear interpolation of order statistics.
fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let position = p * (sorted.len() - 1) as f64;
    let (low, weight) = (sorted[position as usize], position.fract());
    match sorted.get(position as usize + 1) {
        Some(high) if weight > 0.0 => low + weight * (high - low),
        _ => low,
    }
}

/// As deviations from the first, so that it is exact where nothing varies.
fn mean(x: &[f64]) -> f64 {
    let origin = x.first().copied().unwrap_or(f64::NAN);
    origin + x.iter().map(|x| x - origin).sum::<f64>() / x.len() as f64
}

/// With n - 1.
fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let mean = mean(x);
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0))
}

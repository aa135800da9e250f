//! Simultaneous bands around the distribution function of ranks: how unlikely it is that uniform ranks leave the band that these touch.
//!
//! Säilynoja, Bürkner & Vehtari 2022 (Statistics and Computing 32, 32): at each of K points the number of ranks below is binomial; the
//! band is where none of these counts is in a tail of probability gamma / 2. The chance that uniform ranks stay within it is
//! computed exactly, from point to point.

/// Points at which the distribution functions are compared, at most.
const MAX_POINTS: usize = 100;
/// A probability below this is not computed: that some count is so far out, one by one, bounds it.
const NEXT_TO_NOTHING: f64 = 1e-4;
/// Tails that are this close are the same.
const ROUNDING: f64 = 1e-9;

/// The probability that as many uniform ranks have a count somewhere that is as far out as the farthest of these: between 0
/// and 1. `ranks` are between 0 and 1, in any order.
pub fn band_p_value(ranks: &[f64]) -> f64 {
    let n = ranks.len();
    let n_points = n.min(MAX_POINTS);
    if n_points < 2 {
        return 1.0;
    }
    let ln_factorial = ln_factorials(n);
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let tails: Vec<Tails> =
        (1..n_points).map(|i| Tails::new(n, i as f64 / n_points as f64, &ln_factorial)).collect();
    let count_below = |i: usize| sorted.partition_point(|rank| *rank <= i as f64 / n_points as f64);
    let farthest = tails
        .iter()
        .enumerate()
        .map(|(i, tails)| tails.least(count_below(i + 1)))
        .fold(f64::INFINITY, f64::min);
    let bound = 2.0 * tails.len() as f64 * farthest;
    if bound < NEXT_TO_NOTHING {
        return bound;
    }
    // Counts that are less far out, point by point; from one to the next, ranks that are above it fall below it one by one.
    let mut inside: Vec<f64> = vec![1.0];
    let mut first = 0;
    for (i, tails) in tails.iter().enumerate() {
        let Some((low, high)) = tails.nearer(farthest * (1.0 + ROUNDING)) else { return 1.0 };
        let step = 1.0 / (n_points - i) as f64;
        let (ln_in, ln_out) = (step.ln(), (-step).ln_1p());
        let mut next = vec![0.0; high + 1 - low];
        for (from, weight) in inside.iter().enumerate().map(|(k, weight)| (first + k, weight)) {
            let above = n - from;
            for to in low.max(from)..=high {
                let fall = to - from;
                let ln_choose = ln_factorial[above] - ln_factorial[fall] - ln_factorial[above - fall];
                let ln_p = ln_choose + fall as f64 * ln_in + (above - fall) as f64 * ln_out;
                next[to - low] += weight * ln_p.exp();
            }
        }
        (inside, first) = (next, low);
    }
    (1.0 - inside.iter().sum::<f64>()).clamp(0.0, 1.0)
}

/// Tail probabilities of a binomial count.
struct Tails {
    /// P(count <= m), P(count >= m), by m from 0 to n.
    below: Vec<f64>,
    above: Vec<f64>,
}

impl Tails {
    fn new(n: usize, p: f64, ln_factorial: &[f64]) -> Tails {
        let (ln_p, ln_q) = (p.ln(), (-p).ln_1p());
        let mass = |m: usize| {
            let ln_choose = ln_factorial[n] - ln_factorial[m] - ln_factorial[n - m];
            (ln_choose + m as f64 * ln_p + (n - m) as f64 * ln_q).exp()
        };
        let masses: Vec<f64> = (0..=n).map(mass).collect();
        let mut sum = 0.0;
        let below = masses.iter().map(|mass| {
            sum += mass;
            sum
        });
        let below: Vec<f64> = below.collect();
        let mut sum = 0.0;
        let mut above: Vec<f64> = masses
            .iter()
            .rev()
            .map(|mass| {
                sum += mass;
                sum
            })
            .collect();
        above.reverse();
        Tails { below, above }
    }

    fn least(&self, count: usize) -> f64 {
        self.below[count].min(self.above[count])
    }

    /// The least and the largest count that is less far out than `tail`, if there is one.
    fn nearer(&self, tail: f64) -> Option<(usize, usize)> {
        let low = self.below.partition_point(|p| *p <= tail);
        let high = self.above.partition_point(|p| *p > tail).checked_sub(1)?;
        (low <= high).then_some((low, high))
    }
}

/// ln k! for k from 0 to n.
fn ln_factorials(n: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let rest = (1..=n).map(|k| {
        sum += (k as f64).ln();
        sum
    });
    std::iter::once(0.0).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand_chacha::ChaCha12Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// The p-values of uniform ranks are themselves uniform, but for being discrete.
    #[test]
    fn p_values_of_uniform_ranks_are_uniform() {
        const N_SETS: usize = 1000;
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        for n in [20, 120] {
            let mut p_values: Vec<f64> = (0..N_SETS)
                .map(|_| {
                    let ranks: Vec<f64> = (0..n).map(|_| rng.random::<f64>()).collect();
                    band_p_value(&ranks)
                })
                .collect();
            p_values.sort_unstable_by(f64::total_cmp);
            for level in [0.01, 0.05, 0.2, 0.5, 0.9] {
                let share = p_values.partition_point(|p| *p <= level) as f64 / N_SETS as f64;
                let error = (level * (1.0 - level) / N_SETS as f64).sqrt();
                assert!((share - level).abs() < 4.0 * error + 0.01, "{n}: {share} at {level}");
            }
        }
    }

    #[test]
    fn two_ranks_by_hand() {
        // One point, 1/2: no rank below it, or both, in one of two cases; one of each cannot be nearer.
        assert!((band_p_value(&[0.1, 0.2]) - 0.5).abs() < 1e-12);
        assert!((band_p_value(&[0.1, 0.9]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ranks_in_a_corner_are_impossible() {
        assert!(band_p_value(&[1e-3; 200]) < 1e-12);
        let even: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
        assert!(band_p_value(&even) > 0.999);
    }
}

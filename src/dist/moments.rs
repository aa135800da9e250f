//! Means and standard deviations where there is no formula: integrals over the quantiles, sums over a finite support.

use crate::tape::{Graph, Node};
use crate::types::{ElementType, broadcast_dims};

use super::Instance;

impl Instance {
    /// The mean and standard deviation of a distribution of numbers, by summation over its support where that is finite and
    /// constant, else by quadrature over its quantiles, which must vary smoothly: one mode. Where the density has a kink the
    /// error is up to 1e-6. `None` for discrete distributions without end and where the quantiles are not known. Both are
    /// assumed to be finite.
    pub(super) fn summed_moments(&self, g: &mut Graph) -> Option<[Node; 2]> {
        let batch = self.batch_rank(g)?;
        let column = |n: usize| [vec![n], vec![1; batch]].concat();
        let (weights, values) = if self.element() == ElementType::Real {
            let (weights, log_tails) = rule();
            let n = log_tails.len();
            let [log_tails, weights] = [log_tails, weights].map(|numbers| {
                let numbers = g.vector(&numbers);
                g.reshape(numbers, &column(n))
            });
            let log_rest = g.log1m_exp(log_tails);
            let lower = self.quantile_of_logs(g, [log_tails, log_rest])?;
            let upper = self.quantile_of_logs(g, [log_rest, log_tails])?;
            let weights = g.concat(&[weights, weights], 0);
            (weights, g.concat(&[lower, upper], 0))
        } else {
            let support = self.support_values(g)?;
            let values = g.vector(&support);
            let values = g.reshape(values, &column(support.len()));
            let log_probabilities = self.log_density(g, values);
            (g.exp(log_probabilities), values)
        };
        let average = |g: &mut Graph, values: Node| {
            let terms = g.mul(weights, values);
            g.sum(terms, &[0])
        };
        let mean = average(g, values);
        let distances = g.sub(values, mean);
        let squares = g.square(distances);
        let variance = average(g, squares);
        Some([mean, g.sqrt(variance)])
    }

    /// The same of a discrete distribution given that it is at least `lower`, a constant near the lower end of its support;
    /// `log_mass` is the probability of that. What is above is summed where it ends soon, else what is below is taken from
    /// the moments; NaN where that leaves too few digits.
    pub(super) fn moments_from(&self, g: &mut Graph, lower: Node, log_mass: Node) -> Option<[Node; 2]> {
        let end = self.support(g).bounds()[0]?;
        let [end, first] = [end, lower].map(|bound| {
            let value = g.value(bound)?;
            let first = *value.iter().next()?;
            value.iter().all(|&v| v == first).then_some(first)
        });
        let (end, first) = (end?, first?);
        if first - end > N_SUMMED as f64 {
            return None;
        }
        let batch = self.batch_rank(g)?;
        let (mean, sd) = (self.mean(g)?, self.sd(g)?);
        let sums = |g: &mut Graph, from: f64, n: usize, centre: Node| {
            let values: Vec<f64> = (0..n).map(|k| from + k as f64).collect();
            let values = g.vector(&values);
            let values = g.reshape(values, &[vec![n], vec![1; batch]].concat());
            let log_density = self.log_density(g, values);
            let log_share = g.sub(log_density, log_mass);
            let share = g.exp(log_share);
            let distances = g.sub(values, centre);
            let squares = g.square(distances);
            [distances, squares].map(|part| {
                let terms = g.mul(share, part);
                g.sum(terms, &[0])
            })
        };
        // What is above is summed where the sum leaves nothing out; the moments serve where they keep enough digits.
        let last = g.scalar(first + (N_SUMMED - 1) as f64);
        let beyond = self.log_ccdf(g, last)?;
        let left_out = g.sub(beyond, log_mass);
        let (zero, nothing, unknown) = (g.scalar(0.0), g.scalar(NOTHING), g.scalar(f64::NAN));
        let summed = g.less(left_out, nothing);
        let n_below = (first - end) as usize;
        let moments = |g: &mut Graph, centre: Node| {
            let below = sums(g, end, n_below, centre);
            let above = sums(g, first, N_SUMMED, centre);
            // of the whole, about the centre
            let shift = g.sub(mean, centre);
            let (variance, square) = (g.square(sd), g.square(shift));
            let second = g.add(variance, square);
            let against = g.neg(log_mass);
            let inverse = g.exp(against);
            let whole = [shift, second].map(|moment| g.mul(moment, inverse));
            [0, 1].map(|k| {
                let rest = g.sub(whole[k], below[k]);
                let (size, all) = (g.abs(rest), g.abs(whole[k]));
                let least = g.mul_scalar(all, LEAST_REST);
                let lost = g.less(size, least);
                let otherwise = g.select(lost, unknown, rest);
                g.select(summed, above[k], otherwise)
            })
        };
        let [mean, _] = moments(g, zero);
        let [_, variance] = moments(g, mean);
        Some([mean, g.sqrt(variance)])
    }

    /// How many batch dimensions the arguments have.
    fn batch_rank(&self, g: &mut Graph) -> Option<usize> {
        let [lower, upper] = self.support(g).bounds();
        let zero = g.scalar(0.0);
        let density = self.log_density(g, zero);
        let nodes = [lower, upper, Some(density)];
        let shape = nodes
            .into_iter()
            .flatten()
            .try_fold(Vec::new(), |shape, node| broadcast_dims(&shape, g.shape(node)))?;
        Some(shape.len())
    }
}

/// Whole numbers that are summed one by one.
const N_SUMMED: usize = 1_000;

/// log(1e-17): a share of the mass that the moments do not show.
const NOTHING: f64 = -39.1;

/// What is left of a moment of the whole keeps ten digits down to this share.
const LEAST_REST: f64 = 1e-5;

/// Ends of the panels in -log(2 tail): ever wider, since a quantile varies ever more slowly with the logarithm of its tail.
/// Beyond the last there is less than 1e-304 of the mass.
const PANELS: [f64; 12] = [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5, 127.5, 255.5, 511.5, 699.0];

/// Weights of quantiles, and the logarithms of their tails, for one side: Gauss-Legendre panels.
fn rule() -> (Vec<f64>, Vec<f64>) {
    let mut rule = (Vec::new(), Vec::new());
    for pair in PANELS.windows(2) {
        let (centre, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in super::quadrature::NODES {
            for node in [-node, node] {
                let log_tail = -(centre + half * node) - std::f64::consts::LN_2;
                rule.0.push(half * weight * log_tail.exp());
                rule.1.push(log_tail);
            }
        }
    }
    rule
}

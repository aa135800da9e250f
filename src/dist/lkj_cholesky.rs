//! LKJ distribution of correlations, as Cholesky factors.

use rand::Rng;
use rand_distr::Beta;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{draw, inside, non_negative, sum_last};
use super::matrices::{block, column, known_length, log_rising, positions};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Lower Cholesky factors L of K x K correlation matrices L L', whose density is proportional to det(L L')^(eta - 1).
/// Lewandowski, Kurowicka & Joe (2009), "Generating random correlation matrices based on vines and extended onion method".
pub struct LkjCholesky;

pub(super) const FORMS: &[&[Param]] = &[&[
    Param::scalar("K", Range::Ordinal, "number of rows"),
    Param::scalar(
        "eta",
        Range::Positive,
        "shape: 1 is uniform over correlation matrices, more is closer to no correlation",
    ),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.0], &[1.7]], points: &[1.0, 0.0, 0.6, 0.8] },
    Trial {
        form: 0,
        args: &[&[3.0], &[0.8]],
        points: &[
            1.0, 0.0, 0.0, -0.6, 0.8, 0.0, 0.48, 0.6, 0.64, 1.0, 0.0, 0.0, 0.28, 0.96, 0.0, 0.0, 0.8, 0.6,
        ],
    },
];

impl Distribution for LkjCholesky {
    fn name(&self) -> &'static str {
        "LkjCholesky"
    }

    fn summary(&self) -> &'static str {
        "LKJ distribution of Cholesky factors of correlation matrices"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Value(0), Extent::Value(0)]
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::CholeskyCorr, bounds: vec![] }
    }

    /// Relative to Lebesgue measure on the elements below the diagonal: (K - k + 2 eta - 2) log L_kk, summed from k = 2 on.
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let k = super::matrices::order(g, x);
        let diagonal = g.diagonal(x);
        let twice = g.mul_scalar(args[1], 2.0);
        let twice = column(g, twice);
        // The first element is 1: nothing to it.
        let rest: Vec<f64> = (0..k).map(|i| (k - i) as f64 - 3.0).collect();
        let rest = g.vector(&rest);
        let power = g.add(rest, twice);
        let terms = g.xlogy(power, diagonal);
        let valid = non_negative(g, diagonal);
        let terms = inside(g, valid, terms);
        let counted: Vec<f64> = (0..k).map(|i| f64::from(i > 0)).collect();
        let (counted, zero) = (g.vector(&counted), g.scalar(0.0));
        let terms = g.select(counted, terms, zero);
        let sum = sum_last(g, terms);
        let constant = log_normalizer(g, k, args[1]);
        g.add(sum, constant)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let k = known_length(g, args[0])?;
        let mean = diagonal_mean(g, k, args[1]);
        Some(g.diagonal_matrix(mean))
    }

    /// Row k is a point on a sphere whose last element squared is Beta(eta + (K - k) / 2, (k - 1) / 2); the others share the
    /// rest evenly.
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let k = known_length(g, args[0])?;
        let (a, b) = shapes(g, k, args[1]);
        let total = g.add(a, b);
        let second = g.div(a, total);
        let mean = diagonal_mean(g, k, args[1]);
        let square = g.square(mean);
        let variance = g.sub(second, square);
        let zero = g.scalar(0.0);
        let variance = g.max(variance, zero);
        let on = g.sqrt(variance);
        let on = g.diagonal_matrix(on);
        let below = off_diagonal_sd(g, k, args[1]);
        let below = block(g, below);
        let mask: Vec<f64> = (0..k * k).map(|at| f64::from(at % k < at / k)).collect();
        let mask = g.vector(&mask);
        let mask = g.reshape(mask, &[k, k]);
        let below = g.mul(mask, below);
        Some(g.add(on, below))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        sample_factor(args[1][0], rng, out);
    }

    fn formula(&self) -> &'static str {
        "sum((K - k + 2 eta - 2) log(L[k, k]), k from 2 to K) + sum(lgamma(eta + (K - 1) / 2) - lgamma(eta + (K - 1 - k) / 2) - k log(pi) / 2, k from 1 to K - 1), over the elements below the diagonal"
    }

    fn example(&self) -> &'static str {
        "L ~ LkjCholesky(3, 2)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("lkj_corr_cholesky(eta)"),
            pymc: Some("LKJCholeskyCov(eta, n, sd_dist)"),
            r: None,
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Logarithm of the constant that makes det(R)^(eta - 1) a density of K x K correlation matrices; of the shape of eta.
pub(super) fn log_normalizer(g: &mut Graph, k: usize, eta: Node) -> Node {
    let eta = column(g, eta);
    let rise: Vec<f64> = (1..k).map(|i| 0.5 * i as f64).collect();
    let from: Vec<f64> = (1..k).map(|i| 0.5 * (k - 1 - i) as f64).collect();
    let (rise, from) = (g.vector(&rise), g.vector(&from));
    let from = g.add(eta, from);
    let gammas = log_rising(g, from, rise);
    let log_pi = g.mul_scalar(rise, std::f64::consts::PI.ln());
    let terms = g.sub(gammas, log_pi);
    sum_last(g, terms)
}

/// Canonical partial correlations, each 2 Beta - 1, row by row: a C-vine.
pub(super) fn sample_factor(eta: f64, rng: &mut dyn Rng, out: &mut [f64]) {
    let k = out.len().isqrt();
    out.fill(0.0);
    for i in 0..k {
        let mut left: f64 = 1.0;
        for j in 0..i {
            let shape = eta + 0.5 * (k as f64 - 2.0 - j as f64);
            let share = draw(Beta::new(shape, shape), rng);
            // 1 - z^2 of z = 2 share - 1
            out[i * k + j] = (2.0 * share - 1.0) * left;
            left *= 2.0 * (share * (1.0 - share)).sqrt();
        }
        out[i * k + i] = left;
    }
}

/// sd of a single correlation, and of the elements below the diagonal of its factor.
pub(super) fn off_diagonal_sd(g: &mut Graph, k: usize, eta: Node) -> Node {
    let twice = g.mul_scalar(eta, 2.0);
    let precision = g.add_scalar(twice, k as f64 - 1.0);
    let variance = g.recip(precision);
    g.sqrt(variance)
}

/// Of the Beta distributions of squared diagonal elements; the second of the first one is 0: it is 1.
fn shapes(g: &mut Graph, k: usize, eta: Node) -> (Node, Node) {
    let half = positions(g, k);
    let half = g.mul_scalar(half, 0.5);
    let eta = column(g, eta);
    let most = g.add_scalar(eta, 0.5 * (k as f64 - 1.0));
    (g.sub(most, half), half)
}

/// E sqrt(Beta(a, b)) = Gamma(a + 1/2) Gamma(a + b) / (Gamma(a) Gamma(a + b + 1/2))
fn diagonal_mean(g: &mut Graph, k: usize, eta: Node) -> Node {
    let (a, b) = shapes(g, k, eta);
    let (total, half) = (g.add(a, b), g.scalar(0.5));
    let (up, down) = (log_rising(g, a, half), log_rising(g, total, half));
    let log_mean = g.sub(up, down);
    g.exp(log_mean)
}

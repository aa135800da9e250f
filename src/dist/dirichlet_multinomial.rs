//! Dirichlet-multinomial distribution: counts of categories whose probabilities vary.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::beta_binomial::log_choices;
use super::dirichlet::{Dirichlet, log_less_remainder, one_category};
use super::formula::{column, inside, like, sum_last};
use super::multinomial::{counts_of, draw_counts};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Multinomial whose probabilities have a Dirichlet(concentration) distribution.
pub struct DirichletMultinomial;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("n", Range::Count, "number of draws: the sum of the counts"),
    Param::vector("concentration", Range::Positive, "one for each category"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[6.0], &[0.7, 2.0, 3.5]], points: &[0.0, 2.0, 4.0, 3.0, 3.0, 0.0] },
    Trial { form: 0, args: &[&[3.0], &[40.0, 25.0]], points: &[1.0, 2.0] },
];

impl Distribution for DirichletMultinomial {
    fn name(&self) -> &'static str {
        "DirichletMultinomial"
    }

    fn summary(&self) -> &'static str {
        "Dirichlet-multinomial distribution on vectors of counts that sum to n"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Last(1)]
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn event_mismatch(&self, _form: usize, args: &[&[usize]]) -> Option<String> {
        one_category(self.name(), args[1])
    }

    fn support(&self, _g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        Support::Counts { total: args[0] }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        // A concentration of length 1 serves every category.
        let concentration = like(g, args[1], x);
        let (support, x) = counts_of(g, args[0], x);
        let prior = sum_last(g, concentration);
        let (n_column, prior_column) = (column(g, args[0]), column(g, prior));
        let cells = log_cell(g, x, concentration, n_column, prior_column);
        let cells = sum_last(g, cells);
        let value = log_choices(g, args[0], prior);
        let value = g.add(value, cells);
        inside(g, support, value)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let share = Dirichlet.mean(g, 0, &args[1..])?;
        let n = column(g, args[0]);
        Some(g.mul(n, share))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let prior = sum_last(g, args[1]);
        let prior = column(g, prior);
        let n = column(g, args[0]);
        let rest = g.sub(prior, args[1]);
        let (p, q) = (g.div(args[1], prior), g.div(rest, prior));
        let (all, next) = (g.add(prior, n), g.add_scalar(prior, 1.0));
        let spread = g.div(all, next);
        let binomial = g.mul(p, q);
        let binomial = g.mul(n, binomial);
        let variance = g.mul(binomial, spread);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let mut p = vec![0.0; out.len()];
        Dirichlet.sample(0, &args[1..], rng, &mut p);
        draw_counts(args[0][0], &p, rng, out);
    }

    fn formula(&self) -> &'static str {
        "lgamma(n + 1) - sum(lgamma(x + 1)) + lgamma(A) - lgamma(n + A) + sum(lgamma(x + a) - lgamma(a)), a = concentration, A = sum(a)"
    }

    fn example(&self) -> &'static str {
        "counts ~ DirichletMultinomial(n, phi * theta)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("dirichlet_multinomial(alpha)"),
            pymc: Some("DirichletMultinomial(n, a)"),
            r: Some("extraDistr::ddirmnom(size, alpha)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The share of one category, count x and concentration a, in the log density; n and `prior` are their totals.
///
/// lgamma(x + a) - lgamma(x + 1) - lgamma(a) in terms that do not cancel: remainders of Stirling's formula, and the
/// deviances of x and a from what the pooled share (x + a) / (n + prior) makes of the totals.
pub(super) fn log_cell(g: &mut Graph, x: Node, a: Node, n: Node, prior: Node) -> Node {
    let (both, all) = (g.add(x, a), g.add(n, prior));
    let pooled = g.div(both, all);
    let (expected, expected_prior) = (g.mul(n, pooled), g.mul(prior, pooled));
    let (distance, distance_prior) = (deviance(g, x, expected), deviance(g, a, expected_prior));
    let distances = g.add(distance, distance_prior);
    let remainder = stirling_remainder(g, x);
    let (with, without) = (log_less_remainder(g, both), log_less_remainder(g, a));
    let constant = g.sub(without, with);
    let lost = g.add(distances, remainder);
    g.sub(constant, lost)
}

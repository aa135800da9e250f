//! Beta-binomial distribution: successes in n trials whose probability varies.

use rand::Rng;
use rand_distr::Distribution as _;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::dirichlet::log_less_remainder;
use super::dirichlet_multinomial::log_cell;
use super::finite::{Tail, log_tail};
use super::formula::{draw, inside, whole, within};
use super::special::stirling_remainder;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Binomial whose probability of a success has a Beta(a, b) distribution.
pub struct BetaBinomial;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("n", Range::Count, "number of trials"),
    Param::scalar("a", Range::Positive, "first shape of the beta: it pulls towards successes"),
    Param::scalar("b", Range::Positive, "second shape of the beta: it pulls towards failures"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[12.0], &[0.7], &[2.5]], points: &[0.0, 4.0, 12.0] },
    Trial { form: 0, args: &[&[5.0], &[30.0], &[20.0]], points: &[0.0, 3.0] },
];

impl Distribution for BetaBinomial {
    fn name(&self) -> &'static str {
        "BetaBinomial"
    }

    fn summary(&self) -> &'static str {
        "beta-binomial distribution on 0, ..., n"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        Support::Integers { lower: Some(g.scalar(0.0)), upper: Some(args[0]) }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (n, a, b) = (args[0], args[1], args[2]);
        let zero = g.scalar(0.0);
        let (range, whole) = (within(g, x, zero, n), whole(g, x));
        let support = g.and(range, whole);
        let x = g.select(support, x, zero);
        let rest = g.sub(n, x);
        let prior = g.add(a, b);
        let (success, failure) = (log_cell(g, x, a, n, prior), log_cell(g, rest, b, n, prior));
        let cells = g.add(success, failure);
        let value = log_choices(g, n, prior);
        let value = g.add(value, cells);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        log_tail(g, args, args[0], x, Tail::Below, |g, args, k| self.log_density(g, form, args, k))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        log_tail(g, args, args[0], x, Tail::Above, |g, args, k| self.log_density(g, form, args, k))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let prior = g.add(args[1], args[2]);
        let share = g.div(args[1], prior);
        Some(g.mul(args[0], share))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (n, a, b) = (args[0], args[1], args[2]);
        let prior = g.add(a, b);
        let (p, q) = (g.div(a, prior), g.div(b, prior));
        let (all, next) = (g.add(prior, n), g.add_scalar(prior, 1.0));
        let spread = g.div(all, next);
        let binomial = g.mul(n, p);
        let binomial = g.mul(binomial, q);
        let variance = g.mul(binomial, spread);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let p = draw(rand_distr::Beta::new(args[1][0], args[2][0]), rng);
        let draw = rand_distr::Binomial::new(args[0][0] as u64, p);
        out[0] = draw.map_or(f64::NAN, |d| d.sample(rng) as f64);
    }

    fn formula(&self) -> &'static str {
        "log choose(n, x) + lbeta(x + a, n - x + b) - lbeta(a, b), x = 0, ..., n"
    }

    fn example(&self) -> &'static str {
        "deaths ~ BetaBinomial(n, mu * phi, (1 - mu) * phi)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("beta_binomial(N, alpha, beta)"),
            pymc: Some("BetaBinomial(alpha, beta, n)"),
            r: Some("VGAM::dbetabinom.ab(size, shape1, shape2)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// What the cells of a Dirichlet-multinomial with this total of counts and of concentrations leave out.
pub(super) fn log_choices(g: &mut Graph, n: Node, prior: Node) -> Node {
    let remainder = stirling_remainder(g, n);
    let all = g.add(n, prior);
    let (with, without) = (log_less_remainder(g, all), log_less_remainder(g, prior));
    let value = g.sub(with, without);
    g.add(value, remainder)
}

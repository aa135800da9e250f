//! Multinomial distribution: counts of K categories in n draws.

use rand::Rng;
use rand_distr::Distribution as _;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::formula::{column, count, inside, like, one_minus, probabilities, sum_last};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// How often each category comes up in n independent draws.
pub struct Multinomial;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("n", Range::Count, "number of draws: the sum of the counts"),
    Param::vector("p", Range::Simplex, "probabilities of the categories"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[6.0], &[0.2, 0.5, 0.3]], points: &[0.0, 2.0, 4.0, 1.0, 4.0, 1.0] },
    Trial { form: 0, args: &[&[40.0], &[0.9, 0.1]], points: &[35.0, 5.0] },
];

impl Distribution for Multinomial {
    fn name(&self) -> &'static str {
        "Multinomial"
    }

    fn summary(&self) -> &'static str {
        "multinomial distribution on vectors of counts that sum to n"
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

    fn support(&self, _g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        Support::Counts { total: args[0] }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let p = probabilities(g, args[1]);
        let (support, x) = counts_of(g, args[0], x);
        let n = column(g, args[0]);
        let expected = g.mul(n, p);
        let (distance, remainder) = (deviance(g, x, expected), stirling_remainder(g, x));
        let lost = g.add(distance, remainder);
        let lost = sum_last(g, lost);
        let of_total = stirling_remainder(g, args[0]);
        let value = g.sub(of_total, lost);
        inside(g, support, value)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let n = column(g, args[0]);
        Some(g.mul(n, args[1]))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (n, q) = (column(g, args[0]), one_minus(g, args[1]));
        let share = g.mul(args[1], q);
        let variance = g.mul(n, share);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        draw_counts(args[0][0], args[1], rng, out);
    }

    fn formula(&self) -> &'static str {
        "lgamma(n + 1) - sum(lgamma(x + 1)) + sum(x log(p)) for counts x that sum to n"
    }

    fn example(&self) -> &'static str {
        "votes ~ Multinomial(n, theta)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("multinomial(theta)"),
            pymc: Some("Multinomial(n, p)"),
            r: Some("dmultinom(size, prob)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Whether the last axis of x holds counts that sum to n, of the batch shape; and x, harmless where it is no count.
pub(super) fn counts_of(g: &mut Graph, n: Node, x: Node) -> (Node, Node) {
    let zero = g.scalar(0.0);
    let count = count(g, x);
    let x = g.select(count, x, zero);
    let axis = g.shape(x).len() - 1;
    let counts = g.min_axis(count, axis);
    let total = sum_last(g, x);
    let complete = g.equal(total, n);
    let support = g.and(counts, complete);
    (like(g, support, n), x)
}

/// Draws the counts one by one, each binomial given those before it.
pub(super) fn draw_counts(n: f64, p: &[f64], rng: &mut dyn Rng, out: &mut [f64]) {
    let mut left = n as u64;
    let mut mass: f64 = p.iter().sum();
    let last = p.iter().rposition(|&p| p > 0.0).unwrap_or(0);
    for (k, x) in out.iter_mut().enumerate() {
        let share = (p[k] / mass).clamp(0.0, 1.0);
        let count = match k {
            _ if left == 0 || p[k] == 0.0 => 0,
            _ if k == last => left,
            _ => rand_distr::Binomial::new(left, share).map_or(0, |d| d.sample(rng)),
        };
        mass -= p[k];
        left -= count;
        *x = count as f64;
    }
}

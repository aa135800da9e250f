//! Poisson distribution: counts of independent events.

use rand::Rng;

use crate::tape::{Graph, Node, exponent};
use crate::types::ElementType;

use super::formula::{count, counts, draw, inside};
use super::incomplete::{log_gamma_p, log_gamma_p_of_log, log_gamma_q, log_gamma_q_of_log};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Rate, or its logarithm.
pub struct Poisson;

const FORMS: &[&[Param]] = &[
    &[Param::scalar("rate", Range::NonNegative, "mean")],
    &[Param::scalar("log", Range::Extended, "log of the mean")],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[3.5]], points: &[0.0, 4.0, 15.0] },
    Trial { form: 1, args: &[&[1.2]], points: &[0.0, 4.0, 15.0] },
];

impl Distribution for Poisson {
    fn name(&self) -> &'static str {
        "Poisson"
    }

    fn summary(&self) -> &'static str {
        "Poisson distribution on 0, 1, 2, ..."
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        counts(g)
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let support = count(g, x);
        let zero = g.scalar(0.0);
        let x = g.select(support, x, zero);
        let remainder = stirling_remainder(g, x);
        // A rate that is an exponential has a logarithm at hand, from which less is to be computed.
        let log_rate = if form == 0 { exponent(g, args[0]) } else { Some(args[0]) };
        let Some(log_rate) = log_rate else {
            let distance = deviance(g, x, args[0]);
            let total = g.add(distance, remainder);
            let value = g.neg(total);
            return inside(g, support, value);
        };
        // x d - x (exp(d) - 1), d = log rate - log x, is flat where its terms are large. At x = 0: -exp(log rate).
        let one = g.scalar(1.0);
        let at_least_one = g.max(x, one);
        let log_x = g.log(at_least_one);
        let d = g.sub(log_rate, log_x);
        let (linear, growth) = (g.mul(x, d), g.expm1(d));
        let growth = g.mul(at_least_one, growth);
        let relative = g.sub(linear, growth);
        let excess = g.sub(x, at_least_one);
        let of_data = g.sub(excess, remainder);
        let value = g.add(relative, of_data);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let next = g.add_scalar(x, 1.0);
        Some(if form == 0 { log_gamma_q(g, next, args[0]) } else { log_gamma_q_of_log(g, next, args[0]) })
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let next = g.add_scalar(x, 1.0);
        Some(if form == 0 { log_gamma_p(g, next, args[0]) } else { log_gamma_p_of_log(g, next, args[0]) })
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        Some(rate(g, form, args[0]))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let rate = rate(g, form, args[0]);
        Some(g.sqrt(rate))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let rate = if form == 0 { args[0][0] } else { args[0][0].exp() };
        out[0] = if rate == 0.0 { 0.0 } else { draw(rand_distr::Poisson::new(rate), rng) };
    }

    fn formula(&self) -> &'static str {
        "x log(rate) - rate - lgamma(x + 1), x = 0, 1, 2, ..."
    }

    fn example(&self) -> &'static str {
        "y ~ Poisson(log = alpha + beta * x)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("poisson; poisson_log(log)"), pymc: Some("Poisson"), r: Some("dpois") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn rate(g: &mut Graph, form: usize, arg: Node) -> Node {
    if form == 0 { arg } else { g.exp(arg) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::{Program, reverse};

    #[test]
    fn the_rate_of_a_link_is_its_logarithm() {
        let build = |form: usize| {
            let mut g = Graph::new();
            let eta = g.input(&[4]);
            let x = g.vector(&[0.0, 1.0, 4.0, 30.0]);
            let arg = if form == 0 { g.exp(eta) } else { eta };
            let y = Poisson.log_density(&mut g, form, &[arg], x);
            let total = g.sum_all(y);
            let gradient = reverse(&mut g, total, &[eta])[0];
            let program = Program::new(&g, &[eta], &[y, gradient]);
            let mut ws = program.workspace(1);
            program.run(&mut ws, &[&[-3.0, 0.2, 1.4, 800.0]]);
            let values = [0, 1].map(|k| program.output(&ws, k).data.to_vec());
            (values, program.dump())
        };
        let ([of_rate, rate_slope], text) = build(0);
        let ([of_log, log_slope], _) = build(1);
        assert!(!text.contains("deviance"), "{text}");
        assert_eq!((of_rate, rate_slope), (of_log, log_slope));
    }
}

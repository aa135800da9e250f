//! Dirichlet distribution on the simplex.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{at_edge, draw, inside, one_minus, sum_last};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Probabilities of K categories.
pub struct Dirichlet;

const FORMS: &[&[Param]] = &[&[Param::vector("concentration", Range::Positive, "one for each category")]];

/// Words where a concentration has no length, or one: probabilities of a single category are 1.
pub(super) fn one_category(who: &str, concentration: &[usize]) -> Option<String> {
    let one = concentration.last().is_none_or(|&n| n == 1);
    one.then(|| {
        format!(
            "concentration of {who} has an element for each category, at least two: of three, `rep(1, 3)`"
        )
    })
}

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.7, 2.0, 3.5]], points: &[0.1, 0.3, 0.6] }];

impl Distribution for Dirichlet {
    fn name(&self) -> &'static str {
        "Dirichlet"
    }

    fn summary(&self) -> &'static str {
        "Dirichlet distribution on the simplex"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Last(0)]
    }

    fn event_mismatch(&self, _form: usize, args: &[&[usize]]) -> Option<String> {
        one_category(self.name(), args[0])
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::Simplex, bounds: vec![] }
    }

    /// Relative to Lebesgue measure on the first K - 1 elements.
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        // A concentration of length 1 serves every element.
        let a = super::formula::like(g, args[0], x);
        let total = sum_last(g, a);
        let mut column = g.shape(total).to_vec();
        column.push(1);
        let n = g.reshape(total, &column);
        let (ok, x) = at_edge(g, x, a);
        let expected = g.mul(n, x);
        let distance = deviance(g, a, expected);
        let log_x = g.log(x);
        let varying = g.add(log_x, distance);
        let constant = log_less_remainder(g, a);
        let terms = g.sub(constant, varying);
        let terms = inside(g, ok, terms);
        let sum = sum_last(g, terms);
        let of_total = log_less_remainder(g, total);
        g.sub(sum, of_total)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let total = sum_last(g, args[0]);
        let mut column = g.shape(total).to_vec();
        column.push(1);
        let total = g.reshape(total, &column);
        Some(g.div(args[0], total))
    }

    /// sqrt(mean (1 - mean) / (total + 1))
    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = self.mean(g, form, args)?;
        let rest = one_minus(g, mean);
        let total = sum_last(g, args[0]);
        let next = g.add_scalar(total, 1.0);
        let mut column = g.shape(next).to_vec();
        column.push(1);
        let next = g.reshape(next, &column);
        let product = g.mul(mean, rest);
        let variance = g.div(product, next);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        // log Gamma(a) = log Gamma(a + 1) + log(u) / a: small concentrations do not underflow
        for (k, x) in out.iter_mut().enumerate() {
            let a = if args[0].len() == 1 { args[0][0] } else { args[0][k] };
            let gamma = draw(rand_distr::Gamma::new(a + 1.0, 1.0), rng);
            *x = gamma.ln() + super::formula::open_unit(rng).ln() / a;
        }
        let largest = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().for_each(|x| *x = (*x - largest).exp());
        let total: f64 = out.iter().sum();
        out.iter_mut().for_each(|x| *x /= total);
    }

    fn formula(&self) -> &'static str {
        "lgamma(sum(concentration)) - sum(lgamma(concentration)) + sum((concentration - 1) log(x)) on the simplex"
    }

    fn example(&self) -> &'static str {
        "theta ~ Dirichlet([1, 1, 1])"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("dirichlet"), pymc: Some("Dirichlet"), r: Some("extraDistr::ddirichlet") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// log(a) - (lgamma(a + 1) - (a log(a) - a))
pub(super) fn log_less_remainder(g: &mut Graph, a: Node) -> Node {
    let (log, remainder) = (g.log(a), stirling_remainder(g, a));
    g.sub(log, remainder)
}
